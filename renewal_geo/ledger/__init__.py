"""How much of what lies in what? Area books that close to the square metre."""

from renewal_geo.ledger.books import Ledger, published, tally

__all__ = ["Ledger", "published", "tally"]
