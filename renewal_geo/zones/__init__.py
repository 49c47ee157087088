"""Contiguous reform zones 连片改造区: delineated, explained, certified, verified."""

from renewal_geo.zones.delineation import Delineation, delineate
from renewal_geo.zones.verification import Verification, verify

__all__ = ["Delineation", "Verification", "delineate", "verify"]
