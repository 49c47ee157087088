"""Which units may be listed: units by verdict, their ranges, and where they are in conflict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from renewal_geo.foundation.labels import LANGUAGES, has_label, label
from renewal_geo.maps import palettes
from renewal_geo.maps.page.folium_page import Page
from renewal_geo.maps.ready.publications import (
    Look,
    counted,
    hectare_bars,
    hectares,
    in_crs,
    published,
    require_look,
)
from renewal_geo.maps.ready.ready_tables import Code, by_kind, coded, column, values_of
from renewal_geo.maps.spec import (
    Item,
    LayerSpec,
    MapClass,
    MapColumn,
    MapSpec,
    Panel,
    Section,
    Text,
    both,
    same,
)
from renewal_geo.rules import WORST_FIRST

if TYPE_CHECKING:
    from renewal_geo.eligibility.screening import Screening

LINE = "#2b3640"
VERDICT_INKS = {
    "pass": palettes.Ink("#009e73", "", LINE, 0.8),
    "advisory": palettes.Ink("#f0e442", "horizontal", LINE, 0.8),
    "not_evaluable": palettes.Ink("#d7d3c8", "dots", LINE, 0.8),
    "fail": palettes.Ink("#e69f00", "backward", LINE, 0.8),
}
VERDICTS = tuple(
    Code(name, both(f"eligibility.status_{name}"), ink) for name, ink in VERDICT_INKS.items()
)
SIGNS = {"pass": "✓", "fail": "✗", "not_evaluable": "?"}
ADVISORY_SIGNS = {True: "◇", False: "◆"}
OFFENCE_FILL, OFFENCE_LINE = "#d2483e", "#7d1a14"
RANGE_LINE, RANGE_WIDTH = "#b3261e", 1.6  # planning drawings bound units in red
DEVELOPMENT_LINE, DEVELOPMENT_WIDTH = "#12304a", 1.2
PUBLIC_INK = palettes.Ink("#56b4e9", "dots", "#1d5f86", 0.8)
# Default-deny: only these leave the tables; holders and what single parcels say of them never do.
WILLINGNESS = "willingness"
HEAD_COLUMNS = ("unit_id", "name", "sub_district", "renewal_type", "verdict")
AREA_COLUMNS = ("unit_range_m2", "demolition_m2", "development_m2", "ground_m2")
PUBLIC_COLUMNS = ("unit_id", "name", "sub_district", "renewal_type", "demolition_m2")


def unit_map(
    screening: Screening,
    units: gpd.GeoDataFrame | None = None,
    development: gpd.GeoDataFrame | None = None,
    sites: gpd.GeoDataFrame | None = None,
    *,
    both_days: pd.DataFrame | None = None,
    other_day: str = "",
    **look: Unpack[Look],
) -> Page:
    """Draw which units may be listed: each by its verdict, with every finding in its popup.

    Parameters
    ----------
    screening
        What :func:`renewal_geo.eligibility.screen` returned.
    units, development, sites
        Unit ranges, development land and public land, drawn beside the screened ground where given.
    both_days, other_day
        What :func:`renewal_geo.eligibility.side_by_side` says of the screening and of one by the rules
        of another day: the drawer then lists what changed.
    **look
        As in :class:`renewal_geo.maps.ready.publications.Look`.

    Returns
    -------
    Page
        A :class:`folium.Map` with ``.save(path)`` and ``.html()``; shows itself in a notebook. Who
        holds what and which parcel does not consent is in no map.
    """
    return Page(
        unit_spec(
            screening, units, development, sites, both_days=both_days, other_day=other_day, **look
        )
    )


def unit_spec(
    screening: Screening,
    units: gpd.GeoDataFrame | None = None,
    development: gpd.GeoDataFrame | None = None,
    sites: gpd.GeoDataFrame | None = None,
    *,
    both_days: pd.DataFrame | None = None,
    other_day: str = "",
    **look: Unpack[Look],
) -> MapSpec:
    """Return what a map of `screening` says; parameters as in :func:`unit_map`."""
    require_look(look)
    crs = screening.units.crs
    public_edition = look.get("edition", "internal") == "public"
    ground = _units(
        screening, _told_verdicts(screening) if public_edition else screening.units["verdict"]
    )
    layers = by_kind(ground)
    if units is not None:
        layers.append(_outlines("unit_ranges", in_crs(units, crs), RANGE_LINE, RANGE_WIDTH))
    if sites is not None:
        public = _public_land(in_crs(sites, crs), screening)
        layers += by_kind(public) if len(public.geometry) else []
    if development is not None:
        layers.append(
            _outlines("development", in_crs(development, crs), DEVELOPMENT_LINE, DEVELOPMENT_WIDTH)
        )
    if len(screening.offences):
        layers += by_kind(_offences(screening))
    look.setdefault("rules", screening.as_of.isoformat())
    totals = [
        counted("units", both("screening.unit_count"), "units"),
        hectares("ground", both("screening.demolition_ha"), "units", "ground_m2"),
    ]
    notes = [both("screening.map_note")]
    if public_edition:
        notes.append(both("screening.public_note"))
    return published(
        both("screening.map_title"),
        layers,
        look,
        crs,
        notes=notes,
        totals=tuple(totals),
        bars=(hectare_bars("sub_district", both("screening.bars_street"), "units", "sub_district", "ground_m2"),),
        panel=None if public_edition else _panel(screening, both_days, other_day),
    )  # fmt: skip


def _told_verdicts(screening: Screening) -> pd.Series:
    """Return the verdicts without willingness: two owners who refuse can be told from a unit that fails."""
    findings = screening.findings[screening.findings["criterion"] != WILLINGNESS]
    place = findings["status"].map({one: n for n, one in enumerate(WORST_FIRST)})
    worst = place.groupby(findings["unit_id"]).min()
    told = worst.map(dict(enumerate(WORST_FIRST)))
    return told.reindex(screening.units.index).fillna("not_evaluable")


def _units(screening: Screening, verdicts: pd.Series) -> LayerSpec:
    """Return the screened ground by verdict; the popup lists the figures and every finding."""
    table = pd.DataFrame(screening.units.drop(columns=screening.units.geometry.name)).reset_index()
    for name in ("unit_id", "name", "sub_district", "renewal_type"):
        table[name] = table[name].astype(object).where(table[name].notna(), "").map(str)
    shapes = gpd.GeoSeries(screening.units.geometry.reset_index(drop=True))
    area = np.nan_to_num(shapely.area(shapes.to_numpy()))
    table["ground_m2"] = area
    verdict = coded(pd.Series(verdicts.to_numpy(), index=table.index), VERDICTS, area)
    table["verdict"], table["verdict_en"] = verdict.zh, verdict.en
    columns = [_column(table, name) for name in HEAD_COLUMNS]
    for name in dict.fromkeys(screening.findings["criterion"]):
        said = _said(screening, name)
        for lang in LANGUAGES:
            table[f"{name}{_side(lang)}"] = table["unit_id"].map(said[lang]).fillna("—")
        columns.append(MapColumn(name, both(f"eligibility.criterion_{name}"), english=f"{name}_en"))
    shown = (*columns, *(_column(table, name) for name in AREA_COLUMNS))
    return LayerSpec(
        name="units",
        title=both("screening.units"),
        kind="polygon",
        geometry=shapes,
        classes=verdict.classes,
        class_of=verdict.class_of,
        columns=shown,
        values=values_of(table, shown),
        captions=tuple(table["name"].where(table["name"] != "", table["unit_id"])),
        marks=tuple(table["unit_id"]),
        scheme=both("screening.by_verdict"),
        area="ground_m2",
        search=("unit_id", "name"),
        filters=("verdict", "renewal_type", "sub_district", "ground_m2"),
        public_columns=PUBLIC_COLUMNS,
    )


def _side(lang: str) -> str:
    return "" if lang == "zh" else f"_{lang}"


def _said(screening: Screening, criterion: str) -> dict[str, dict[str, str]]:
    """Return unit -> sign and sentence of one criterion, by language."""
    rows = screening.findings[screening.findings["criterion"] == criterion]
    signs = [
        SIGNS.get(status) or ADVISORY_SIGNS.get(meets, "?")
        for status, meets in zip(rows["status"], rows["meets"], strict=True)
    ]
    return {
        lang: {
            unit: f"{sign} {text}"
            for unit, sign, text in zip(rows["unit_id"], signs, rows[f"text_{lang}"], strict=True)
        }
        for lang in LANGUAGES
    }


def _column(table: pd.DataFrame, name: str) -> MapColumn:
    title = both("screening.demolition_ha" if name == "ground_m2" else f"screening.{name}")
    if name == "ground_m2":
        title = Text(f"{title.zh}（m²）", f"{title.en} (m²)")
    english = f"{name}_en" if f"{name}_en" in table.columns else ""
    return column(table, name, title, decimals=1, english=english)


def _outlines(name: str, table: gpd.GeoDataFrame, line: str, width: float) -> LayerSpec:
    one = MapClass(name, both(f"screening.{name}"), line=line, width=width, count=len(table))
    return LayerSpec(
        name=name,
        title=one.title,
        kind="polygon",
        geometry=gpd.GeoSeries(table.geometry.reset_index(drop=True)),
        classes=(one,),
        class_of=np.zeros(len(table), dtype=np.int32),
        columns=(),
        values=pd.DataFrame(index=range(len(table))),
        popup=False,
    )


def _public_land(sites: gpd.GeoDataFrame, screening: Screening) -> LayerSpec:
    """Return the public land that lies in the screened units."""
    own = sites
    if "unit_id" in sites.columns:
        own = sites[sites["unit_id"].isin(screening.units.index)]
    else:
        near, _ = screening.units.sindex.query(sites.geometry.representative_point(), "within")
        own = sites.iloc[np.unique(near)]
    table = pd.DataFrame({"site_id": own.index.astype(str)})
    for name in ("name", "use"):
        if name in own.columns:
            table[name] = own[name].astype(object).where(own[name].notna(), "").map(str).to_numpy()
    table["area_m2"] = shapely.area(own.geometry.to_numpy())
    titles = {
        "site_id": "handover.site_id",
        "name": "ready.name",
        "use": "ready.use",
        "area_m2": "ready.area_m2",
    }
    shown = tuple(column(table, name, both(titles[name]), decimals=1) for name in table.columns)
    ink = PUBLIC_INK
    one = MapClass(
        "public_land", both("screening.public_land"), ink.fill, ink.line, ink.width, ink.hatch, (), len(own),
        float(table["area_m2"].sum()),
    )  # fmt: skip
    return LayerSpec(
        name="public_land",
        title=one.title,
        kind="polygon",
        geometry=gpd.GeoSeries(own.geometry.reset_index(drop=True)),
        classes=(one,),
        class_of=np.zeros(len(own), dtype=np.int32),
        columns=shown,
        values=values_of(table, shown),
        area="area_m2",
        public_columns=tuple(one.name for one in shown),
    )


def _offences(screening: Screening) -> LayerSpec:
    """Return where criteria are not met on the ground, red."""
    offences = screening.offences
    table = pd.DataFrame(offences.drop(columns=offences.geometry.name)).reset_index(drop=True)
    area = table["area_m2"].to_numpy(dtype=float)
    ids = list(dict.fromkeys(table["criterion"]))
    classes = tuple(
        MapClass(
            one, both(f"eligibility.criterion_{one}"), OFFENCE_FILL, OFFENCE_LINE, 1.0,
            palettes.HATCHES[1 + place % (len(palettes.HATCHES) - 1)], (),
            int((table["criterion"] == one).sum()), float(area[table["criterion"] == one].sum()),
        )
        for place, one in enumerate(ids)
    )  # fmt: skip
    table["name"] = table["unit_id"].map(screening.units["name"]).astype(object).fillna("").map(str)
    kinds = {one: offence_kind(one) for one in table["kind"].unique()}
    class_of = table["criterion"].map(ids.index).to_numpy().astype(np.int32)
    for lang in LANGUAGES:
        table[f"what{_side(lang)}"] = [getattr(kinds[one], lang) for one in table["kind"]]
        titles = {one: label(f"eligibility.criterion_{one}", lang) for one in ids}
        table[f"asked{_side(lang)}"] = table["criterion"].map(titles)
    shown = (
        MapColumn("unit_id", both("screening.unit_id")),
        MapColumn("name", both("screening.name")),
        MapColumn("asked", both("screening.criterion"), english="asked_en"),
        MapColumn("what", both("screening.kind"), english="what_en"),
        MapColumn("area_m2", both("screening.area_m2"), "number", 1),
    )
    return LayerSpec(
        name="offences",
        title=both("screening.offences"),
        kind="polygon",
        geometry=gpd.GeoSeries(offences.geometry.reset_index(drop=True)),
        classes=classes,
        class_of=class_of,
        columns=shown,
        values=values_of(table, shown),
        area="area_m2",
        scheme=both("screening.criterion"),
        filters=("asked",),
        public="drop",
    )


def offence_kind(kind: str) -> Text:
    """Return what people read for the kind of an offence: ours, that of a control line, or its own text."""
    named = (f"screening.offence_{kind}", f"kind.{kind}")
    return next((both(one) for one in named if has_label(one)), same(kind))


def _panel(screening: Screening, both_days: pd.DataFrame | None, other_day: str) -> Panel:
    """Return the drawer: one sentence per unit, what another day changes, the rules."""
    table = screening.units
    counts = table["verdict"].value_counts()
    told = {
        lang: ", ".join(
            f"{label(f'eligibility.status_{one}', lang)} {counts[one]}"
            for one in VERDICT_INKS
            if one in counts
        )
        for lang in LANGUAGES
    }
    day = screening.as_of.isoformat()
    lead = Text(
        *(label("screening.drawer_lead", lang, day=day, counts=told[lang]) for lang in LANGUAGES)
    )
    sentences = tuple(
        Item(_heading(unit, row), Text(str(row.sentence_zh), str(row.sentence_en)), feature=place)
        for place, (unit, row) in enumerate(zip(table.index, table.itertuples(), strict=True))
    )
    sections = [
        Section(
            "units",
            both("screening.drawer"),
            both("screening.drawer_hint"),
            items=sentences,
            layer="units",
        )
    ]
    if both_days is not None:
        sections.append(_changes(both_days, other_day))
    sections.append(_rules(screening))
    return Panel(both("screening.drawer"), lead, tuple(sections))


def _heading(unit: object, row: Any) -> Text:
    """Return a unit with the sign of its verdict, such as ``✗ XG05 不通过``."""
    sign = SIGNS.get(row.verdict, ADVISORY_SIGNS[True])
    return Text(
        *(f"{sign} {unit} {label(f'eligibility.status_{row.verdict}', lang)}" for lang in LANGUAGES)
    )


def _changes(both_days: pd.DataFrame, other_day: str) -> Section:
    changed = both_days[both_days["changed"].astype(bool)]
    items = tuple(
        Item(Text(*(
            f"{row.unit_id} {label(f'eligibility.criterion_{row.criterion}', lang)}: "
            f"{_state(row.status_a, row.meets_a, lang)} → {_state(row.status_b, row.meets_b, lang)}"
            for lang in LANGUAGES
        )), Text(str(row.why_zh), str(row.why_en)))
        for row in changed.itertuples()
    )  # fmt: skip
    title = both("screening.drawer_both", day=other_day)
    return Section(
        "both",
        title,
        both("screening.drawer_both_hint"),
        items=items or (Item(both("screening.no_change")),),
    )


def _state(status: object, meets: object, lang: str) -> str:
    if not isinstance(status, str):
        return label("screening.not_applicable", lang)
    if status == "advisory" and isinstance(meets, bool):
        return label(f"screening.advisory_{'met' if meets else 'missed'}", lang)
    return label(f"eligibility.status_{status}", lang)


def _rules(screening: Screening) -> Section:
    heads = tuple(both(f"screening.{one}") for one in ("title", "value", "verified", "decides"))
    rows = tuple(
        (
            Text(one.title_zh or one.rule_id, one.title or one.rule_id),
            same(_value(one.operator, one.value, one.unit)),
            both("screening.set_by_study")
            if one.set_by
            else both(f"eligibility.verified_{one.verified}"),
            both("screening.yes" if one.decides else "screening.no"),
        )
        for one in screening.rules.values()
    )
    return Section(
        "rules", both("screening.drawer_rules"), both("screening.drawer_rules_hint"), heads=heads, rows=rows,
        folded=True,
    )  # fmt: skip


def _value(operator: str, value: object, unit: str) -> str:
    if value is None:
        return "—"
    if isinstance(value, (list, tuple)):
        return "、".join(str(one) for one in value)
    sign = {">=": "≥", "<=": "≤", "==": "="}.get(operator, operator)
    if isinstance(value, (int, float)) and unit == "1":
        return f"{sign} {value * 100:g} %".strip()
    shown = f"{value:,}" if isinstance(value, (int, float)) else str(value)
    return f"{sign} {shown} {'m²' if unit == 'm2' else unit}".strip()
