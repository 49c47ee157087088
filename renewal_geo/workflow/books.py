"""The pass that measures: area books of a study written as layers, workbook, map and record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from renewal_geo import io, ledger, maps, report
from renewal_geo.foundation.errors import InputError
from renewal_geo.foundation.labels import label
from renewal_geo.foundation.settings import SETTINGS, dimension_parts
from renewal_geo.foundation.study import Study
from renewal_geo.workflow.studies import (
    Given,
    listed,
    reading_notes,
    record_of,
    records_of,
    sources,
    with_options,
)

WHOLE = "whole"
FLOOR_AREA = "floor_area_m2"
MOST_COLUMNS = 300
MOST_DECIMALS = 6
LOSS_COLOURS = {"uncovered": "#d55e00", "covered_twice": "#cc79a7"}


@dataclass(frozen=True, slots=True, eq=False)
class Tallied:
    """The books of a study, the files that were written, what was decided.

    Attributes
    ----------
    books
        One ledger per dimension; the first is that of ``layer`` and ``by``.
    balance
        Land balance of the first, levelled, in the study's unit.
    cross, floor_area
        Where the study asks for them or has buildings.
    """

    books: ledger.Books
    balance: pd.DataFrame
    cross: ledger.Cross | None
    floor_area: ledger.FloorArea | None
    unit: str
    decimals: int
    lang: str
    files: tuple[str, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        said = [self.books, self.cross, self.floor_area]
        return ". ".join(str(one) for one in said if one is not None)


def tally(path: Path, out: Path, given: Given) -> Tallied:
    """Tally every dimension of a study in its units, its parcels, or the district as one, into `out`."""
    study = with_options(io.open_study(path), given)
    asked = {key: setting.default for key, setting in SETTINGS["ledger"].items()}
    asked |= study.settings.get("ledger", {})
    _require_printable(asked)
    areas = _areas(study, asked)
    dimensions = _dimensions(study, asked)
    books = ledger.tally_all(areas, dimensions)
    cross = ledger.cross(areas, dimensions) if asked["cross"] else None
    floor_area = _floor_area(study, asked, areas)
    losses = _losses(areas, dimensions, books) if asked["losses"] else {}
    parts = [one for one in (books, cross, floor_area) if one is not None]
    notes = tuple(dict.fromkeys((*reading_notes(study), *(n for one in parts for n in one.notes))))
    main = next(iter(books.ledgers.values()))
    unit, decimals = asked["unit"], asked["decimals"]
    balance = ledger.land_balance(main, unit, decimals)
    with io.staged(out, record="ledger.json") as stage:
        wide, titles = _wide(areas, books, study.lang)
        layers: dict[str, Any] = {"polygons": wide, "ledger": main.table}
        if len(books.ledgers) > 1:
            layers["books"] = books.table
        if cross is not None:
            layers["cross"] = cross.table
        if floor_area is not None:
            layers["floor_area"] = floor_area.table
            layers["floor_area_closing"] = floor_area.rest
        layers |= {name: one for name, one in losses.items() if len(one)}
        io.write_layers(
            stage.path("ledger.gpkg"),
            layers,
            styles={
                name: io.layer_style("", {"": colour})
                for name, colour in LOSS_COLOURS.items()
                if name in layers
            },
            aliases={"polygons": titles},
        )
        book = report.books_workbook(
            books, cross=cross, floor_area=floor_area, unit=unit, decimals=decimals,
            study_name=study.name, as_of=study.as_of.isoformat(), lang=study.lang,
            sources=study.provenance.inputs, notes=(*study.provenance.notes, *notes),
        )  # fmt: skip
        stage.write_bytes("ledger.xlsx", book)
        page = maps.value_map(
            wide, "uncovered_share", columns=("uncovered_m2",), lang=study.lang, title=study.name,
            source=sources(study), as_of=study.as_of, notes=study.provenance.notes,
            losses=_of_first(losses, dimensions),
        )  # fmt: skip
        page.save(str(stage.path("ledger.html")))
        made = Tallied(books, balance, cross, floor_area, unit, decimals, study.lang, (), notes)
        record = record_of("ledger", "tally", str(made), study, notes)
        record["balance"] = {"unit": unit, "rows": records_of(balance)}
        record["closing_m2"] = {n: _worst(one) for n, one in books.ledgers.items()}
        stage.write_json("ledger.json", record)
    return Tallied(
        books, balance, cross, floor_area, unit, decimals, study.lang, listed(stage), notes
    )


def _require_printable(asked: Mapping[str, Any]) -> None:
    ledger.unit_m2(asked["unit"])
    if not 0 <= asked["decimals"] <= MOST_DECIMALS:
        raise InputError(
            f"decimals = {asked['decimals']} cannot be printed",
            where="[ledger] decimals",
            fix=f"give 0 to {MOST_DECIMALS}",
            code="bad_limit",
        )


def _areas(study: Study, asked: Mapping[str, Any]) -> gpd.GeoDataFrame:
    """Return the polygons that have books."""
    role = asked["areas"]
    if role == WHOLE:
        own = study.settings.get("quality", {}).get("district_layer") or "sub_districts"
        district = study.get(own)
        layer = study.table(asked["layer"]) if district is None else district
        return ledger.whole(layer, label("ledger.whole", study.lang))
    if role:
        return study.table(role)
    units = study.get("units")
    return study.parcels if units is None else units


def _dimensions(study: Study, asked: Mapping[str, Any]) -> list[ledger.Dimension]:
    """Return the class layer, the further dimensions, and every kind of control line."""
    texts = asked["dimensions"]
    if isinstance(texts, str):  # an option of the command line
        texts = [part for part in texts.split(",") if part.strip()]
    terms = [(asked["by"], asked["layer"], asked["by"])]
    for text in texts:
        name, role, column = dimension_parts(text)
        if (role, column) not in [(r, c) for _, r, c in terms]:
            terms.append((name, role, column))
    found = [ledger.Dimension(name, study.table(role), column) for name, role, column in terms]
    lines = study.get("control_lines")
    if asked["control_lines"] and lines is not None and asked["layer"] != "control_lines":
        found += ledger.split_kinds(lines)
    return found


def _floor_area(
    study: Study, asked: Mapping[str, Any], areas: gpd.GeoDataFrame
) -> ledger.FloorArea | None:
    columns = list(asked["floor_area"])
    buildings = study.table("buildings") if columns else study.get("buildings")
    if buildings is None:
        return None
    columns = columns or [name for name in (FLOOR_AREA,) if name in buildings]
    return ledger.apportion(areas, buildings, columns) if columns else None


def _losses(
    areas: gpd.GeoDataFrame, dimensions: Sequence[ledger.Dimension], books: ledger.Books
) -> dict[str, gpd.GeoDataFrame]:
    """Return uncovered and covered twice ground of the dimensions that mean to cover all ground."""
    found: dict[str, list[gpd.GeoDataFrame]] = {"uncovered": [], "covered_twice": []}
    for one in dimensions:
        if one.complete:
            lost = ledger.draw_losses(areas, one, books.ledgers[one.name])
            for kind, parts in found.items():
                parts.append(getattr(lost, kind).assign(dimension=one.name))
    columns = ["dimension", "area_m2", "geometry"]
    return {kind: pd.concat(parts)[columns] for kind, parts in found.items()}


def _of_first(
    losses: Mapping[str, gpd.GeoDataFrame], dimensions: Sequence[ledger.Dimension]
) -> dict[str, gpd.GeoDataFrame]:
    name = dimensions[0].name
    return {kind: one[one["dimension"] == name] for kind, one in losses.items()}


def _wide(
    areas: gpd.GeoDataFrame, books: ledger.Books, lang: str
) -> tuple[gpd.GeoDataFrame, dict[str, str]]:
    """Return the polygons with a column of m2 per class, and the titles of these columns."""
    main = next(iter(books.ledgers))
    columns: dict[str, np.ndarray] = {}
    titles: dict[str, str] = {}
    for name, book in books.ledgers.items():
        wide = ledger.wide_areas(book)
        for column in wide.columns:
            open_ = column in {"uncovered", "covered_twice"}
            if open_ and name not in books.complete:
                continue
            own = column if name == main and open_ else f"{name}_{column}"
            if not open_ and name not in books.complete and column == name:
                own = name
            columns[f"{own}_m2"] = np.abs(wide[column].to_numpy())
            titles[f"{own}_m2"] = report.area_title(name, "" if own == name else str(column), lang)
        if name not in books.complete and f"{name}_m2" not in columns:
            columns[f"{name}_m2"] = np.zeros(len(areas))
            titles[f"{name}_m2"] = report.area_title(name, "", lang)
    kept = dict(list(columns.items())[:MOST_COLUMNS])
    area = books.ledgers[main].totals["area_m2"].to_numpy().clip(min=1e-9)
    open_m2 = ledger.wide_areas(books.ledgers[main])["uncovered"].to_numpy()
    kept |= {"uncovered_m2": open_m2, "uncovered_share": open_m2 / area}
    taken = [name for name in kept if name in areas.columns]
    plain = areas.rename(columns={name: f"{name}_original" for name in taken})
    made = gpd.GeoDataFrame(pd.concat([plain, pd.DataFrame(kept, index=areas.index)], axis=1))
    return made, {name: title for name, title in titles.items() if name in kept}


def _worst(book: ledger.Ledger) -> float:
    return float(book.totals["closing_m2"].abs().max()) if len(book.totals) else 0.0
