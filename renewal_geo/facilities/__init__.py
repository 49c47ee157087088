"""Who is within reach of public facilities, and where the next ones should go."""

from renewal_geo.facilities.cover import cover
from renewal_geo.facilities.cover_ways import ground_of, ways
from renewal_geo.facilities.coverage import Coverage
from renewal_geo.facilities.locate import locate
from renewal_geo.facilities.location import Location

__all__ = ["Coverage", "Location", "cover", "ground_of", "locate", "ways"]
