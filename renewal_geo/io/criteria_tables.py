"""Criteria as a planner's table, one per row, in Excel or CSV; and judgement matrices on sheets of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from renewal_geo.foundation.criterion_words import heading_key, headings, is_idle
from renewal_geo.foundation.errors import Faults, SchemaError, some_ids
from renewal_geo.foundation.potential_settings import CRITERION
from renewal_geo.foundation.provenance import Source
from renewal_geo.foundation.settings import nearest
from renewal_geo.io.criteria_cells import NotUnderstoodError, cell_value
from renewal_geo.io.criteria_matrices import read_matrix, rows_without_matrix
from renewal_geo.io.grids import Cell, Grid, read_grids

ROLE = "criteria"
SEARCHED_ROWS = 15
TOTALS = {"合计", "总计", "小计", "total", "sum"}


@dataclass(frozen=True, slots=True)
class CriteriaTable:
    """Criteria as a table states them.

    Attributes
    ----------
    criteria
        One dict of plain keys per row, ready for :func:`renewal_geo.potential.checked`.
    matrices
        One square list of lists per sheet of comparisons, rows and columns in the order of the criteria.
    sources
        The sheets as they were read.
    notes
        What was decided: columns and rows passed over, reciprocals filled in.
    """

    criteria: list[dict[str, Any]]
    matrices: list[list[list[float]]]
    sources: tuple[Source, ...]
    notes: tuple[str, ...] = ()


def read_criteria(
    path: str | Path,
    *,
    sheet: str = "",
    matrix_sheets: Sequence[str] = (),
    folder: Path | None = None,
) -> CriteriaTable:
    """Read criteria from a workbook or a CSV, and judgement matrices from other sheets of the workbook.

    Parameters
    ----------
    path
        Local .xlsx, .xlsm, .csv or .tsv file; relative to `folder`.
    sheet
        Sheet of the criteria; empty: the first.
    matrix_sheets
        Sheets with a square of comparisons each, one per expert: ids or names of criteria in the first row
        and column, in any order; above or below the diagonal suffices.
    folder
        Folder of the study.

    Returns
    -------
    CriteriaTable
        Headings are known in Chinese and English, in any order and with rows above them; lists are separated by
        ``;``; a percentage is percent as a weight and a share as a rating.

    Raises
    ------
    SourceError
        As for tables.
    SchemaError
        ``no_headings, unknown_heading, heading_twice, bad_cell, bad_comparisons``; every fault of the
        file at once, with sheet and cell.
    """
    grids = read_grids(path, [sheet, *matrix_sheets], role=ROLE, folder=folder)
    faults, notes = Faults(SchemaError), list[str]()
    table = grids[0]
    criteria = _criteria(table, faults, notes)
    matrices = []
    if criteria and not faults.found:
        read = [read_matrix(grid, criteria, faults, notes) for grid in grids[1:]]
        matrices = [one for one in read if one is not None]
        if read:
            rows_without_matrix(grids[1:], criteria, faults, notes)
    faults.raise_if_any()
    return CriteriaTable(criteria, matrices, tuple(grid.source for grid in grids), tuple(notes))


def _criteria(grid: Grid, faults: Faults, notes: list[str]) -> list[dict[str, Any]]:
    top = _heading_row(grid)
    columns = _columns(grid, grid.rows[top], faults, notes) if top is not None else []
    if not columns:
        if not faults.found:
            faults.add(
                "no row holds headings of criteria",
                where=f"{grid.source.path}{f', sheet {grid.sheet}' if grid.sheet else ''}",
                fix=f"write headings such as {some_ids(headings()[::2], 9)} in one row",
                code="no_headings",
            )
        return []
    found = []
    for row in grid.rows[top + 1 :]:  # type: ignore[operator]
        if not any(at < len(row) and row[at].is_filled for at, _ in columns):
            continue
        if _is_total(row, columns):
            notes.append(f"row {row[0].place[1:]} is a total and was passed over")
            continue
        found.append(_criterion(grid, row, columns, faults))
    if not found and not faults.found:
        faults.add(
            "there are headings and no criteria below them",
            where=grid.place(grid.rows[top][0]),  # type: ignore[index]
            fix="write one criterion per row",
            code="no_headings",
        )
    return found


def _heading_row(grid: Grid) -> int | None:
    """Return the first row with the most headings that are known."""
    counts = [
        sum(bool(heading_key(cell.text)) for cell in row if isinstance(cell.value, str))
        for row in grid.rows[:SEARCHED_ROWS]
    ]
    return counts.index(max(counts)) if counts and max(counts) >= 2 else None


def _columns(
    grid: Grid, row: Sequence[Cell], faults: Faults, notes: list[str]
) -> list[tuple[int, str]]:
    """Return the place and key of every column; a weight may stand in several, one per expert."""
    found: list[tuple[int, str]] = []
    first: dict[str, Cell] = {}
    for at, cell in enumerate(row):
        key = heading_key(cell.text)
        if not cell.is_filled:
            continue
        if not key and is_idle(cell.text):
            notes.append(f"column {cell.text} was passed over")
        elif not key:
            faults.add(
                f"heading {cell.text!r} is unknown{nearest(cell.text, headings())}",
                where=grid.place(cell),
                fix=f"use one of: {', '.join(headings()[::2])}",
                code="unknown_heading",
            )
        elif key in first and key != "weight":
            faults.add(
                f"headings {first[key].text!r} and {cell.text!r} both mean {key}",
                where=f"{grid.place(first[key])} and {cell.place}",
                fix="keep one of the two columns",
                code="heading_twice",
            )
        else:
            first[key] = cell
            found.append((at, key))
    return found


def _is_total(row: Sequence[Cell], columns: Sequence[tuple[int, str]]) -> bool:
    """Tell the row below a table that adds up its weights."""
    weights = {at for at, key in columns if key == "weight"}
    named = [
        one.text.casefold() for at, one in enumerate(row) if at not in weights and one.is_filled
    ]
    return bool(named) and all(one in TOTALS for one in named)


def _criterion(
    grid: Grid, row: Sequence[Cell], columns: Sequence[tuple[int, str]], faults: Faults
) -> dict[str, Any]:
    texts = {key: row[at].text for at, key in columns if at < len(row)}
    found: dict[str, Any] = {}
    weights: list[tuple[float | None, Cell]] = []
    for at, key in columns:
        cell = row[at] if at < len(row) else _beside(row, at)
        try:
            value = cell_value(key, cell, texts)
        except NotUnderstoodError as fault:
            faults.add(
                f"{cell.place} ({key}) {fault}",
                where=grid.place(cell),
                fix=fault.fix,
                code="bad_cell",
            )
            continue
        if key == "weight":
            weights.append((value, cell))
        elif value is not None:
            found[key] = value
    _add_weights(grid, found, weights, faults)
    return {key: found[key] for key in CRITERION if key in found}


def _beside(row: Sequence[Cell], at: int) -> Cell:
    """Return the empty cell beyond the end of a row."""
    number = row[0].place.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ") if row else ""
    letters = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        letters = chr(65 + rest) + letters
    return Cell(None, f"{letters}{number}")


def _add_weights(
    grid: Grid, found: dict[str, Any], weights: Sequence[tuple[float | None, Cell]], faults: Faults
) -> None:
    """Put the weights of all experts into a row; one that only some of them give is a fault."""
    given = [value for value, _ in weights if value is not None]
    lacking = [cell for value, cell in weights if value is None]
    if not given:
        return
    if lacking and any(given):
        faults.add(
            f"{lacking[0].place}: one expert gives no weight, and another does",
            where=grid.place(lacking[0]),
            fix="fill in a weight for every expert, or for none",
            code="bad_cell",
        )
    found["weight"] = given[0] if len(given) == 1 else given
