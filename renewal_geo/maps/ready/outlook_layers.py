"""What the map draws of the outlook: phases, crossings, robust zones, and more lines in the popups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry import MultiLineString
from shapely.ops import substring

from renewal_geo.foundation.crs import require_same
from renewal_geo.foundation.labels import has_label, label
from renewal_geo.maps import palettes
from renewal_geo.maps.spec import Edition, LayerSpec, MapClass, MapColumn, Text, both, same

if TYPE_CHECKING:
    from renewal_geo.zones import Delineation, Outlook, Robustness

CHANGE_ZH, CHANGE_EN = "outlook_change", "outlook_change_en"
FREQUENCY = "outlook_frequency"
CROSSING_COLUMNS = (
    ("gain_found", "number", 2), ("gain_at_most", "number", 2), ("frontage_m", "number", 1),
    ("gap_m", "number", 1),
)  # fmt: skip
ROBUST_LINE, ROBUST_WIDTH = "#c8102e", 3.0
DASHES_ACROSS = 80  # a map; of each, so much is drawn
DRAWN_SHARE = 0.6
CROSSING_IDS = (("focal", "text", 0), ("neighbour", "text", 0))


def parcel_extras(
    outlook: Outlook | None, parcel_ids: pd.Index[Any]
) -> tuple[pd.DataFrame, tuple[MapColumn, ...]]:
    """Return what a parcel's popup says besides its reason, rows in the order of `parcel_ids`."""
    made = pd.DataFrame(index=parcel_ids)
    shown: list[MapColumn] = []
    if outlook is None:
        return made, ()
    if outlook.changes is not None and len(outlook.changes.table):
        table = _by_id(outlook.changes.table, parcel_ids)
        # most parcels lie beside no zone: one sentence for all of them keeps the page small
        apart = ((table["would"] == "-") & (table["limit"] == "")).to_numpy(dtype=bool)
        beside = both("outlook.beside_none")
        for name, source, plain in (
            (CHANGE_ZH, "sentence_zh", beside.zh),
            (CHANGE_EN, "sentence_en", beside.en),
        ):
            made[name] = np.where(apart, plain, table[source].to_numpy(dtype=object))
        shown.append(MapColumn(CHANGE_ZH, both("column.would_change"), english=CHANGE_EN))
    if outlook.robustness is not None and len(outlook.robustness.table):
        held = _by_id(outlook.robustness.table, parcel_ids)["frequency"]
        made[FREQUENCY] = held.to_numpy(dtype=float, na_value=np.nan)
        title = both(drawn_key(outlook.robustness, "frequency"))
        shown.append(MapColumn(FREQUENCY, title, "share", 0))
    return made, tuple(shown)


def zone_extras(
    outlook: Outlook | None, zone_ids: pd.Index[Any]
) -> tuple[pd.DataFrame, tuple[MapColumn, ...]]:
    """Return what a zone's popup says besides its figures, rows in the order of `zone_ids`."""
    made = pd.DataFrame(index=zone_ids)
    shown: list[MapColumn] = []
    if outlook is None:
        return made, ()
    if outlook.phases is not None and len(outlook.phases.zones):
        phase = outlook.phases.zones.reindex(zone_ids)
        made["outlook_phase"] = phase.to_numpy(dtype=float, na_value=np.nan)
        shown.append(MapColumn("outlook_phase", both("column.phase"), "number", 0))
    if outlook.robustness is not None and len(outlook.robustness.zones):
        table = outlook.robustness.zones.reindex(zone_ids)
        for name in ("mean_frequency", "least_frequency"):
            made[f"outlook_{name}"] = table[name].to_numpy(dtype=float, na_value=np.nan)
            title = both(drawn_key(outlook.robustness, name))
            shown.append(MapColumn(f"outlook_{name}", title, "share", 0))
    return made, tuple(shown)


def drawn_key(robustness: Robustness, name: str, group: str = "column") -> str:
    """Return the key of a text that depends on what was drawn: errors of values, or weightings."""
    key = f"contrast.{name}"
    return key if robustness.law == "weightings" and has_label(key) else f"{group}.{name}"


def phase_layer(delineation: Delineation, outlook: Outlook | None) -> LayerSpec | None:
    """Return the zones coloured by phase, off at first; None where nothing was phased."""
    found = outlook.phases if outlook is not None else None
    outlines = delineation.envelopes.geometry
    if found is None or not len(found.zones) or not len(outlines):
        return None
    phase = found.zones.reindex(outlines.index).astype("Int64")
    numbers = sorted(int(one) for one in phase.dropna().unique())
    inks = palettes.PHASES
    area = delineation.zones["area_m2"].reindex(outlines.index)
    classes = []
    for place, number in enumerate(numbers):
        ink = inks[min(place, len(inks) - 1)]
        mine = (phase == number).fillna(value=False).to_numpy(dtype=bool)
        title = both("outlook.phase", number=number)
        classes.append(
            MapClass(
                str(number), title, ink.fill, hatch=ink.hatch, count=int(mine.sum()),
                area_m2=float(area[mine].sum()),
            )
        )  # fmt: skip
    place_of = {number: place for place, number in enumerate(numbers)}
    return LayerSpec(
        name="phases",
        title=both("map.phases"),
        kind="polygon",
        geometry=outlines,
        classes=tuple(classes),
        class_of=phase.map(place_of).fillna(-1).to_numpy().astype(np.int32),
        columns=(),
        values=pd.DataFrame(index=range(len(outlines))),
        visible=False,
        popup=False,  # the zone's own popup names its phase
    )


def robust_layer(delineation: Delineation, robust: gpd.GeoDataFrame | None) -> LayerSpec | None:
    """Return the outlines of the robust zones, dashed, off at first; None where there are none.

    It stays in the house: where it leaves the published zones, it shows single parcels.
    """
    if robust is None or not len(robust):
        return None
    require_same(delineation.parcels, robust, ("parcels", "robust zones"))
    left, bottom, right, top = delineation.parcels.total_bounds
    step = max(right - left, top - bottom) / DASHES_ACROSS
    area = float(robust.get("area_m2", robust.geometry.area).sum())
    one = MapClass(
        "robust", both("contrast.map_class"), line=ROBUST_LINE, width=ROBUST_WIDTH, count=len(robust),
        area_m2=area,
    )  # fmt: skip
    return LayerSpec(
        name="robust",
        title=both("contrast.map_layer"),
        kind="line",
        geometry=gpd.GeoSeries([_dashed(one, step) for one in robust.geometry], crs=robust.crs),
        classes=(one,),
        class_of=np.zeros(len(robust), dtype=np.int32),
        columns=(),
        values=pd.DataFrame(index=range(len(robust))),
        visible=False,
        popup=False,
        group=both("zone_map.zones"),
        public="drop",
    )


def _dashed(shape: Any, step: float) -> MultiLineString:
    """Return the outline of a polygon as dashes, of which about one begins every `step` metres."""
    dashes: list[Any] = []
    for ring in shapely.get_parts(shapely.boundary(shape)):
        count = max(2, round(ring.length / step))
        each = ring.length / count
        dashes += [substring(ring, n * each, (n + DRAWN_SHARE) * each) for n in range(count)]
    return MultiLineString(dashes)


def crossing_layer(outlook: Outlook | None, edition: Edition) -> LayerSpec | None:
    """Return the crossings that were priced, numbered; in public as points without parcels."""
    found = outlook.prices if outlook is not None else None
    if found is None or not len(found.barriers):
        return None
    rows, public = found.barriers, edition == "public"
    table = pd.DataFrame(
        {
            "barrier": [label(f"kind.{one}", "zh") for one in rows["kind"]],
            "barrier_en": [label(f"kind.{one}", "en") for one in rows["kind"]],
        }
    )
    columns = [MapColumn("barrier", both("column.barrier"), english="barrier_en")]
    if not public:
        said = found.table.reindex(rows.index)
        table["sentence"] = said["sentence_zh"].to_numpy(dtype=object)
        table["sentence_en"] = said["sentence_en"].to_numpy(dtype=object)
        columns.append(MapColumn("sentence", both("outlook.sentence"), english="sentence_en"))
    for name, form, decimals in CROSSING_COLUMNS if public else CROSSING_COLUMNS + CROSSING_IDS:
        table[name] = rows[name].to_numpy()
        columns.append(MapColumn(name, both(f"column.{name}"), form, decimals))  # type: ignore[arg-type]
    gains = (rows["gain_found"].to_numpy(dtype=float, na_value=np.nan) > 0).astype(np.int32)
    kinds = (("none", palettes.CROSSING_NONE), ("gain", palettes.CROSSING_GAIN))
    classes = tuple(
        MapClass(
            value, both(f"outlook.crossing_{value}"), ink.fill, ink.line, ink.width,
            count=int((gains == number).sum()),
        )
        for number, (value, ink) in enumerate(kinds)
    )  # fmt: skip
    shapes = rows.geometry.centroid if public else rows.geometry
    numbers = tuple(str(number) for number in range(1, len(rows) + 1))
    return LayerSpec(
        name="crossings",
        title=both("map.crossings"),
        kind="point" if public else "line",
        geometry=gpd.GeoSeries(shapes.to_numpy(), crs=rows.crs),
        classes=classes,
        class_of=gains,
        columns=tuple(columns),
        values=table,
        captions=numbers,
        dots=True,
    )


def zone_name(delineation: Delineation, zone: str) -> Text:
    """Return the name of a zone, which is the same in both languages."""
    zones = delineation.zones
    if "zone_name" not in zones or zone not in zones.index:
        return same(zone)
    return same(_short(zone, str(zones["zone_name"].loc[zone])))


def _short(zone: str, name: str) -> str:
    if not name or name == zone:
        return zone
    return name if zone in name else f"{zone} {name}"


def _by_id(table: pd.DataFrame, parcel_ids: pd.Index[Any]) -> pd.DataFrame:
    plain = table.set_axis(table.index.astype(str), axis=0)
    return plain.reindex(parcel_ids.astype(str))
