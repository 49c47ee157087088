"""A delineation drawn by hand: what maps and workbooks are tried on.

row 4   a b c | d e f          | = river (x = 300..320)
row 3   . . . | . . .          squares of 100 m = 1 ha, EPSG:4547
row 2   . . . | . . .          zone Z01 = the 9 western squares of rows 0-2
row 1   . . . | . . .          zone Z02 = the 4 eastern squares of rows 0-1, columns d-e
row 0   . . . | . . .
"""

from types import SimpleNamespace

import geopandas as gpd
import pandas as pd
import shapely
from shapely.geometry import box

from renewal_geo.foundation.provenance import Provenance, Source

EAST, NORTH, CRS = 500_000.0, 2_510_000.0, "EPSG:4547"
HIDDEN = "owner-name-that-must-not-leave"
PAYLOADS = (
    "<img src=x onerror=window.__x=1>",
    "</script><script>window.__x=1</script>",
    "${window.__x=1}",
    "`${window.__x=1}`",
    "javascript:window.__x=1",
    '"><svg onload=window.__x=1>',
    "<!--<script>",
    "=cmd|'/c calc'!A1",
)


def square(column, row):
    x = EAST + 100 * column + (20 if column >= 3 else 0)
    return box(x, NORTH + 100 * row, x + 100, NORTH + 100 * row + 100)


def delineation(*, names=("西片", "东片"), lang="zh", hostile=False):
    """Return the drawn district; `hostile` puts scripts into every text of the data."""
    cells = [(c, r) for r in range(5) for c in range(6)]
    ids = [f"440307-{c}{r}" for c, r in cells]
    zone = [
        "Z01" if c < 3 and r < 3 else "Z02" if c in (3, 4) and r < 2 else None for c, r in cells
    ]
    reason = []
    for (c, r), z in zip(cells, zone, strict=True):
        other = {(0, 3): "budget", (1, 3): "low_value", (2, 3): "share", (5, 0): "cut_off",
                 (5, 1): "isolated", (5, 4): "invalid", (0, 4): "excluded", (1, 4): "locked_out",
                 (2, 4): "ground", (3, 4): "undecided"}  # fmt: skip
        reason.append("chosen" if z else other.get((c, r), "not_in_pool"))
    geometry = [square(c, r) for c, r in cells]
    geometry[ids.index("440307-54")] = None
    geometry[ids.index("440307-53")] = square(5, 3).difference(square(5, 3).buffer(-30))
    area = [10_000.0 if g is not None else 0.0 for g in geometry]
    text = list(PAYLOADS) if hostile else ["价值 0.5，预算价 0.6"]
    index = pd.Index([f"{i}{text[n % len(text)]}" if hostile else i for n, i in enumerate(ids)],
                     name="parcel_id")  # fmt: skip
    street = ["平湖" if c < 3 else "坂田" for c, _ in cells]
    parcels = gpd.GeoDataFrame(
        {
            "land_use": [text[n % len(text)] if hostile else "M1" for n in range(30)],
            "sub_district": [s + (text[1] if hostile else "") for s in street],
            "owner": HIDDEN,
            "owner_kind": HIDDEN,
            "share_legal": [0.5 + 0.01 * c for c, _ in cells],
            "in_pool": [r != "not_in_pool" for r in reason],
            "is_filler": [i == "440307-22" for i in ids],
            "area_m2": area,
            "value": [1.0 + 0.1 * r for _, r in cells],
            "value_total": [a / 1e4 * (1.0 + 0.1 * r) for a, (_, r) in zip(area, cells, strict=True)],
            "zone_id": zone,
            "reason": reason,
            "reason_text": [text[n % len(text)] for n in range(30)],
        },
        index=index, geometry=gpd.GeoSeries(geometry, index=index), crs=CRS,
    )  # fmt: skip
    membership = pd.Series(zone, index=index, name="zone_id", dtype=object)
    rows = []
    for number, name in enumerate(names):
        z = f"Z0{number + 1}"
        members = parcels[membership.to_numpy() == z]
        rows.append({
            "zone_id": z, "zone_name": name, "sub_districts": "平湖、坂田",
            "area_m2": members["area_m2"].sum(), "area_ellipsoidal_m2": members["area_m2"].sum() * 1.0001,
            "gross_area_m2": members["area_m2"].sum() + 33.333, "parcel_count": len(members),
            "value": members["value_total"].sum(), "net_value": members["value_total"].sum() - 0.25,
            "outline_m": 1200.0 - 400 * number, "share_legal": 0.61, "share_legal_gross": 0.6,
            "perimeter_m": 1200.0 - 400 * number, "compactness": 0.785,
            "geometry": members.geometry.union_all(),
        })  # fmt: skip
    zones = gpd.GeoDataFrame(rows, geometry="geometry", crs=CRS).set_index("zone_id")
    envelopes = zones[["gross_area_m2", "perimeter_m", "compactness", "geometry"]]
    steps = ["gross", "excluded", "contiguous", "sized", "shares", "chosen"]
    counts = [22, 20, 18, 15, 14, 12]
    funnel = pd.DataFrame({
        "step": [*steps, "filler"], "count": [*counts, 1],
        "area_m2": [c * 10_000.0 for c in [*counts, 1]],
        "lost_count": [0, 2, 2, 3, 1, 2, 0],
        "lost_area_m2": [0.0, 2e4, 2e4, 3e4, 1e4, 2e4, 0.0],
    })  # fmt: skip
    river = shapely.LineString([(EAST + 310, NORTH - 50), (EAST + 310, NORTH + 550)]).buffer(9)
    barriers = gpd.GeoDataFrame({"kind": ["river"]}, geometry=[river], crs=CRS)
    return SimpleNamespace(
        zones=zones,
        membership=membership,
        reasons=parcels[["reason", "reason_text"]].assign(figure=0.5, limit=0.6),
        parcels=parcels,
        links=pd.DataFrame(columns=["focal", "neighbour", "kind", "frontage_m", "gap_m"]),
        envelopes=envelopes,
        funnel=funnel,
        status="feasible",
        stopped_by="gap",
        objective=14.5,
        bound=14.6,
        gap=0.1 / 14.5,
        conflict=None,
        certificate={},
        provenance=Provenance(inputs=(Source("parcels", "parcels.shp", "", "ab" * 32, 30, CRS),)),
        barriers=barriers,
        lang=lang,
        crs=parcels.crs,
    )


def without_answer():
    """Return the same district with no zone at all."""
    d = delineation()
    d.zones, d.envelopes = d.zones.iloc[:0], d.envelopes.iloc[:0]
    d.membership = pd.Series(None, index=d.parcels.index, name="zone_id", dtype=object)
    d.parcels = d.parcels.assign(zone_id=None, reason="isolated")
    d.status, d.stopped_by, d.objective, d.bound, d.gap = "infeasible", None, None, None, None
    d.conflict = [{"limit": "min_area_ha", "because": "no component reaches it", "short_ha": 3.5}]
    return d
