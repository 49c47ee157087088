"""The sheets of a delineation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
from openpyxl.cell import Cell
from openpyxl.styles import Alignment
from openpyxl.utils import get_column_letter

from renewal_geo.foundation.errors import InputError
from renewal_geo.foundation.labels import described, label, own_title
from renewal_geo.foundation.quantities import M2_PER_HA, level
from renewal_geo.report.levelling import DECIMALS, level_within
from renewal_geo.report.sheets import FIRST_ROW, FORMATS, Book, Heading, add_sheet

if TYPE_CHECKING:
    from renewal_geo.zones import Delineation

NET_AREA_ROW = 1
SAME_M2 = 1.0
PARCEL_HEADS = (
    ("parcel_id", "text", ""), ("zone_id", "text", ""), ("reason", "text", ""),
    ("reason_text", "text", ""), ("sub_district", "text", ""), ("in_pool", "text", ""),
    ("is_filler", "text", ""), ("area_m2", "m2", "sum"), ("value", "number", ""),
    ("value_total", "value", ""), ("share_legal", "share", ""),
    ("share_industrial", "share", ""),
)  # fmt: skip
ZONE_TEXTS = ("zone_name", "sub_districts")
ZONE_HEADS = {
    "parcel_count": ("count", "sum"),
    "gross_area_m2": ("m2", "sum"),
    "area_ellipsoidal_m2": ("m2", "sum"),
    "value": ("value", "sum"),
    "net_value": ("value", "sum"),
    "outline_m": ("m", ""),
    "perimeter_m": ("m", ""),
    "compactness": ("score", ""),
    "mean_built_year": ("year", ""),
}


def published_parcels(delineation: Delineation) -> pd.DataFrame:
    """Return the parcels sorted by zone and id, with areas that add to those of the zones.

    ``area_m2`` is levelled within every zone, and by reason within what lies in none, so that
    parcels add to the published area of the zone and of the reason, and these to the total.
    """
    parcels = delineation.parcels
    table = pd.DataFrame(parcels.drop(columns=parcels.geometry.name)).reset_index(drop=True)
    table["parcel_id"] = parcels.index.astype(str)
    zone = table["zone_id"].astype(object)
    table["zone_id"] = zone.where(zone.notna(), "").astype(str)
    table["is_chosen"] = table["reason"].astype(str) == "chosen"
    for name in ("in_pool", "is_filler"):
        held = table[name] if name in table else pd.Series(data=False, index=table.index)
        table[name] = held.astype(object).map(lambda v: v is not None and v == True)  # noqa: E712
    groups = (
        table["zone_id"] + "|" + table["reason"].astype(str) + "|" + table["in_pool"].astype(str)
    )
    table["area_m2"] = level_within(table["area_m2"], groups)
    outside = table["zone_id"] == ""
    order = np.lexsort((table["parcel_id"], table["zone_id"], outside))
    return table.iloc[order].reset_index(drop=True)


def add_summary(
    book: Book, delineation: Delineation, study_name: str, notes: Sequence[str]
) -> Cell:
    """Write status, figures, inputs and parameters; return the cell for the total area."""
    lang, d = book.lang, delineation
    rows: list[tuple[str, Any]] = [
        (label("map.status", lang), label(f"status.{d.status}", lang)),
        (label("map.net_area", lang), None),
        (label("map.zone_count", lang), f"{len(d.zones):,}"),
        (label("map.chosen_parcels", lang), f"{int(d.membership.notna().sum()):,}"),
    ]
    if d.stopped_by:
        rows.append((label("map.stopped_by", lang), label(f"status.{d.stopped_by}", lang)))
    for name in ("objective", "bound", "gap"):
        value = getattr(d, name)
        shown = "—" if value is None else f"{value:.4%}" if name == "gap" else f"{value:,.6f}"
        rows.append((label(f"map.{name}", lang), shown))
    if d.conflict:
        entries = d.conflict if isinstance(d.conflict, (list, tuple)) else [d.conflict]
        rows += [(label("map.conflict", lang), described(entry, lang)) for entry in entries]
    crs = d.parcels.crs
    rows.append((label("map.crs", lang), crs.name if crs is not None else "—"))
    provenance = d.provenance
    for source in getattr(provenance, "inputs", ()):
        text = f"{source.path} · {source.rows:,} · {source.crs} · sha256 {source.sha256}"
        rows.append((f"{label('map.source', lang)}: {source.role}", text))
    for name, value in sorted(getattr(provenance, "parameters", {}).items()):
        rows.append((str(name), _plain(value)))
    rows += [("", label("sheet.areas_note", lang))]
    rows += [("", note) for note in notes]
    table = pd.DataFrame(rows, columns=["item", "content"])
    heads = [Heading(n, label(f"sheet.{n}", lang)) for n in ("item", "content")]
    sheet = add_sheet(
        book, label("sheet.summary", lang), table, heads, note=str(d) if lang == "en" and _speaks(d) else "",
        caption=study_name or label("map.zones_title", lang),
    )  # fmt: skip
    sheet.column_dimensions["B"].width = 90
    sheet.auto_filter.ref = None
    return cast("Cell", sheet.cell(FIRST_ROW + NET_AREA_ROW, 2))


def fill_total(book: Book, cell: Cell, total: tuple[str, float]) -> None:
    """Put the zones' total area into the summary, as a formula on their sheet."""
    formula, value = total
    cell.value = f"={formula}"
    cell.number_format = FORMATS["ha"]
    cell.alignment = Alignment(horizontal="left")
    book.cached[cell.parent.title][cell.coordinate] = value


def add_zones(
    book: Book,
    delineation: Delineation,
    parcels: pd.DataFrame,
    phase: pd.Series[Any] | None = None,
) -> tuple[str, float]:
    """Write one row per zone; areas are those of its published parcels, `phase` by zone_id.

    Returns the formula of the total in hectares for other sheets, and what it gives.
    """
    lang = book.lang
    zones = delineation.zones
    table = pd.DataFrame(zones.drop(columns=zones.geometry.name))
    table.insert(0, "zone_id", zones.index.astype(str))
    members = parcels[parcels["zone_id"] != ""].groupby("zone_id")["area_m2"].sum()
    net = members.reindex(table["zone_id"]).fillna(0.0).to_numpy().round(DECIMALS)
    table["area_m2"] = net
    table["area_ha"] = level(net / M2_PER_HA, DECIMALS)
    heads = [Heading("zone_id", label("column.zone_id", lang))]
    heads += [Heading(n, label(f"column.{n}", lang)) for n in ZONE_TEXTS if n in table]
    if phase is not None:
        table["phase"] = phase.reindex(zones.index).to_numpy(dtype=float, na_value=np.nan)
        heads.append(Heading("phase", label("column.phase", lang), "count"))
    heads.append(Heading("area_ha", label("column.area_ha", lang), "ha", "sum"))
    heads.append(Heading("area_m2", label("column.area_m2", lang), "m2", "sum"))
    for name in table.columns:
        known = ZONE_HEADS.get(str(name))
        if str(name) in {"zone_id", "area_ha", "area_m2", "phase", *ZONE_TEXTS} or (
            known is None and not pd.api.types.is_numeric_dtype(table[name])
        ):
            continue
        heads.append(_zone_heading(str(name), known, table, lang))
    sheet = add_sheet(
        book, label("sheet.zones", lang), table, heads, note=label("sheet.areas_note", lang)
    )
    if not len(table):
        return "0", 0.0
    letter = get_column_letter([h.name for h in heads].index("area_ha") + 1)
    where = f"SUM('{sheet.title}'!{letter}{FIRST_ROW}:{letter}{FIRST_ROW + len(table) - 1})"
    return where, float(table["area_ha"].sum())


def _zone_heading(
    name: str, known: tuple[str, str] | None, table: pd.DataFrame, lang: str
) -> Heading:
    title = label("column.value_total" if name == "value" else f"column.{name}", lang)
    if known is not None:
        return Heading(name, title, *known, levelled=known[0] == "m2")
    if name.startswith("share_"):
        weights = "gross_area_m2" if name.endswith("_gross") else "area_m2"
        cells = f"{{{weights}}}{{first}}:{{{weights}}}{{last}}"
        mean = f"SUMPRODUCT({cells},{{{name}}}{{first}}:{{{name}}}{{last}})/SUM({cells})"
        held = table[[name, weights]].astype(float) if weights in table else None
        value = None
        if held is not None and held[weights].sum() > 0 and held.notna().all(axis=None):
            value = float(np.average(held[name], weights=held[weights]))
        return Heading(name, title, "share", mean if held is not None else "", total_value=value)
    if name.endswith("_m2"):
        return Heading(name, title, "m2", "sum", levelled=True)
    return Heading(name, title, "number")


def add_sub_districts(book: Book, parcels: pd.DataFrame) -> None:
    """Write pool, chosen and filler land per sub-district, counted from the published parcels."""
    lang = book.lang
    held = parcels["sub_district"] if "sub_district" in parcels else pd.Series(index=parcels.index)
    name = held.astype(object).where(held.notna(), "").astype(str)
    name = name.where(name != "", label("sheet.unnamed", lang))
    pool, chosen = parcels["in_pool"].astype(bool), parcels["is_chosen"]
    area = parcels["area_m2"]
    parts = pd.DataFrame({"name": name})
    for key, mask in (("pool", pool), ("pool_chosen", pool & chosen), ("filler", chosen & ~pool)):
        parts[f"{key}_count"] = mask.astype(int)
        parts[f"{key}_area"] = np.where(mask, area, 0.0)
    table = parts.groupby("name", sort=True).sum().reset_index()
    ratio = table["pool_chosen_area"] / table["pool_area"].where(table["pool_area"] > 0)
    table["chosen_share"] = ratio.fillna(0.0)
    table["chosen_count"] = table["pool_chosen_count"] + table["filler_count"]
    table["chosen_area"] = table["pool_chosen_area"] + table["filler_area"]
    share = "IF({pool_area}{n}=0,0,{pool_chosen_area}{n}/{pool_area}{n})"
    heads = [Heading("name", label("column.sub_district", lang))]
    for key, form in (
        ("pool_count", "count"), ("pool_area", "m2"),
        ("pool_chosen_count", "count"), ("pool_chosen_area", "m2"),
    ):  # fmt: skip
        heads.append(Heading(key, label(f"sheet.{key}", lang), form, "sum"))
    title = label("sheet.chosen_share", lang)
    heads.append(Heading("chosen_share", title, "share", share, formula=share))
    heads.append(Heading("filler_count", label("sheet.filler_count", lang), "count", "sum"))
    heads.append(Heading("filler_area", label("sheet.filler_area", lang), "m2", "sum"))
    heads.append(
        Heading(
            "chosen_count", label("sheet.chosen_count", lang), "count", "sum",
            formula="{pool_chosen_count}{n}+{filler_count}{n}",
        )
    )  # fmt: skip
    heads.append(
        Heading(
            "chosen_area", label("sheet.chosen_area", lang), "m2", "sum",
            formula="{pool_chosen_area}{n}+{filler_area}{n}",
        )
    )  # fmt: skip
    heads = [replace(h, total_value=_ratio(table)) if h.form == "share" else h for h in heads]
    add_sheet(
        book, label("sheet.sub_districts", lang), table, heads,
        note=label("sheet.areas_note", lang),
    )  # fmt: skip


def _ratio(table: pd.DataFrame) -> float:
    pool = float(table["pool_area"].sum())
    return float(table["pool_chosen_area"].sum()) / pool if pool > 0 else 0.0


def add_parcels(
    book: Book,
    parcels: pd.DataFrame,
    columns: Sequence[str],
    made: tuple[pd.DataFrame, Sequence[Heading]] | None = None,
) -> None:
    """Write every parcel with its reason; own columns only where `columns` names them.

    `made` are further columns of ours, rows as in `parcels`, and their headings.
    """
    lang = book.lang
    missing = [name for name in columns if name not in parcels]
    if missing:
        raise InputError(
            f"the parcels have no column {', '.join(map(repr, missing))}",
            fix="name a column that is there",
            code="unknown_column",
        )
    shown = parcels.assign(
        reason=[label(f"reason.{one}", lang) for one in parcels["reason"].astype(str)]
    )
    heads = [
        Heading(name, label(f"column.{name}", lang), form, total)
        for name, form, total in PARCEL_HEADS
        if name in shown
    ]
    if made is not None:
        shown = shown.assign(**{str(name): made[0][name] for name in made[0]})
        heads += made[1]
    known = {head.name for head in heads}
    for name in columns:
        if name not in known:
            numeric = pd.api.types.is_numeric_dtype(shown[name])
            heads.append(Heading(name, own_title(name, lang), "number" if numeric else "text"))
    add_sheet(
        book, label("sheet.parcels", lang), shown, heads, note=label("sheet.areas_note", lang)
    )


def add_funnel(book: Book, funnel: pd.DataFrame, parcels: pd.DataFrame) -> None:
    """Write the funnel; what each step loses is a formula.

    Steps that other sheets show too take the sum of the published parcels, where it is the same
    to one m2 (it is not where exclusions were cut out of parcels).
    """
    lang = book.lang
    table = funnel.reset_index() if "step" not in funnel else funnel
    aside = table["step"].astype(str).str.contains("filler")
    area = table["area_m2"].to_numpy(dtype=float).round(DECIMALS)
    pool, chosen = parcels["in_pool"].astype(bool), parcels["is_chosen"]
    for step, mask in (("gross", pool), ("chosen", pool & chosen), ("filler", chosen & ~pool)):
        published = round(float(parcels.loc[mask, "area_m2"].sum()), DECIMALS)
        same = (table["step"].astype(str) == step).to_numpy() & (abs(area - published) < SAME_M2)
        area = np.where(same, published, area)
    rows = pd.DataFrame(
        {
            "step": [label(f"funnel.{one}", lang) for one in table["step"]],
            "count": table["count"].to_numpy(dtype=float),
            "area_m2": area,
            "area_ha": (area / M2_PER_HA).round(DECIMALS),
        }
    )
    heads = [
        Heading("step", label("column.step", lang)),
        Heading("count", label("column.count", lang), "count"),
        Heading("area_m2", label("sheet.area", lang), "m2"),
        Heading("area_ha", label("sheet.area_ha", lang), "ha"),
        Heading("lost_count", label("column.lost_count", lang), "count"),
        Heading("lost_area_m2", label("column.lost_area_m2", lang), "m2"),
    ]
    sheet = add_sheet(book, label("sheet.funnel", lang), rows, heads)
    cached = book.cached[sheet.title]
    for number in range(1, len(rows)):
        if aside.iloc[number]:
            continue
        row = FIRST_ROW + number
        for kept, lost, name in (("B", "E", "count"), ("C", "F", "area_m2")):
            cell = sheet[f"{lost}{row}"]
            cell.value = f"={kept}{row - 1}-{kept}{row}"
            before, after = rows[name].iloc[number - 1], rows[name].iloc[number]
            cached[cell.coordinate] = float(round(before - after, DECIMALS))


def _plain(entry: object) -> str:
    if isinstance(entry, Mapping):
        return "; ".join(f"{key}: {_plain(value)}" for key, value in entry.items())
    if isinstance(entry, float):
        return f"{entry:,.6g}"
    return str(entry)


def _speaks(delineation: object) -> bool:
    """Return whether the result has a sentence of its own, rather than Python's."""
    return type(delineation).__str__ is not object.__str__
