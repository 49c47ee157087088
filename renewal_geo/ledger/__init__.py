"""How much of what lies in what? Area books that close to the square metre."""

from renewal_geo.foundation.area_changes import (
    AREA_TOLERANCE,
    AreaChanges,
    compare_areas,
    reason_list,
)
from renewal_geo.ledger.balance import land_balance, published, unit_m2, wide_areas
from renewal_geo.ledger.books import Ledger, tally
from renewal_geo.ledger.changes import MIN_SHARE, Changes, compare
from renewal_geo.ledger.cross_tables import Cross, cross, margin
from renewal_geo.ledger.dimensions import (
    Books,
    Dimension,
    overlap_m2,
    split_kinds,
    tally_all,
    whole,
)
from renewal_geo.ledger.executors import Executor, in_processes, on_cluster, serial
from renewal_geo.ledger.floor_area import FloorArea, apportion
from renewal_geo.ledger.levelling import Levelled, level_table
from renewal_geo.ledger.losses import Losses, draw_losses
from renewal_geo.ledger.overlays import Overlay, overlay
from renewal_geo.ledger.tile_books import TiledLedger
from renewal_geo.ledger.tiles import tally_tiles
from renewal_geo.ledger.zone_statistics import Zonal, zonal

__all__ = [
    "AREA_TOLERANCE",
    "MIN_SHARE",
    "AreaChanges",
    "Books",
    "Changes",
    "Cross",
    "Dimension",
    "Executor",
    "FloorArea",
    "Ledger",
    "Levelled",
    "Losses",
    "Overlay",
    "TiledLedger",
    "Zonal",
    "apportion",
    "compare",
    "compare_areas",
    "cross",
    "draw_losses",
    "in_processes",
    "land_balance",
    "level_table",
    "margin",
    "on_cluster",
    "overlap_m2",
    "overlay",
    "published",
    "reason_list",
    "serial",
    "split_kinds",
    "tally",
    "tally_all",
    "tally_tiles",
    "unit_m2",
    "whole",
    "wide_areas",
    "zonal",
]
