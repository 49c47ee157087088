"""A judgement matrix on a sheet: a square of comparisons with criteria in the first row and column."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from renewal_geo.foundation.comparisons import as_ratio, comparison, is_reciprocal
from renewal_geo.foundation.errors import Faults, some_ids
from renewal_geo.foundation.settings import nearest
from renewal_geo.io.grids import Cell, Grid

FIRST_DAY = dt.date(1899, 12, 30)
DAY_NUMBERS = range(36_526, 73_051)
"""What workbooks number the days of 2000 to 2099; nothing matters that many times as much as something else."""

BESIDE = ("权重", "合计", "weight", "sum", "total", "特征向量")
"""What planners reckon beside and below a square; it is no criterion."""

Row = Mapping[str, Any]


def read_matrix(
    grid: Grid, criteria: Sequence[Row], faults: Faults, notes: list[str]
) -> list[list[float]] | None:
    """Return the comparisons of a sheet in the order of the criteria; None where there is a fault.

    A criterion is known by its id, its Chinese or its English name, its column or its layer. Empty cells are
    the reciprocal of their counterpart, and 1 on the diagonal.
    """
    known = len(faults.found)
    places = _places(criteria)
    top = _label_row(grid, places)
    if top is None:
        _add(
            faults,
            f"sheet {grid.sheet} has no row that names the criteria",
            grid.source.path,
            "write their ids or names in the first row and in the first column of a square",
        )
        return None
    left = _label_column(grid.rows[top], places)
    across = _named(grid, grid.rows[top][left + 1 :], places, faults)
    below = [row[left] for row in grid.rows[top + 1 :] if left < len(row) and row[left].is_filled]
    down = _named(grid, below, places, faults)
    if len(faults.found) == known and set(across) != set(down):
        odd = sorted(set(across) ^ set(down))
        _add(
            faults,
            f"sheet {grid.sheet} is not square: {some_ids(_name(criteria[at]) for at in odd)} stands in its row "
            "or column of names, not in both",
            grid.source.path,
            "name every criterion once in the first row and once in the first column",
        )
    if len(faults.found) > known:
        return None
    cells = _cells(grid, top, left, across, down)
    return _comparisons(grid, cells, criteria, sorted(across), faults, notes)


def rows_without_matrix(
    grids: Sequence[Grid], criteria: Sequence[dict[str, Any]], faults: Faults, notes: list[str]
) -> None:
    """Check that whoever is not compared is only a veto, and write its weight of 0 down.

    Else the rows of a matrix would be taken for those of other criteria.
    """
    places = _places(criteria)
    compared: list[set[int]] = []
    for grid in grids:
        top = _label_row(grid, places)
        if top is None:
            return
        compared.append({places[one] for one in map(_key, grid.rows[top]) if one in places})
    if any(one != compared[0] for one in compared):
        _add(
            faults,
            "the sheets of comparisons do not compare the same criteria",
            grids[0].source.path,
            "compare the same criteria on every sheet",
        )
        return
    for at, row in enumerate(criteria):
        given = row.get("weight", ())
        weighs = any(given if isinstance(given, list) else [given])
        if at in compared[0]:
            continue
        if not row.get("veto") or weighs:
            _add(
                faults,
                f"criterion {_name(row)} is not compared on sheet {grids[0].sheet}, and it is not only a veto",
                grids[0].source.path,
                "add its row and column, or give it a veto and the weight 0",
            )
        elif "weight" not in row:
            row["weight"] = 0.0
            notes.append(f"criterion {_name(row)} is not compared and counts as a veto only")


def _places(criteria: Sequence[Row]) -> dict[str, int]:
    """Return which row of the table each name means; ids go before names, names that two share mean none."""
    found: dict[str, int] = {}
    for key in ("id", "title", "title_en", "column", "layer"):
        names = [_folded(str(row.get(key, ""))) for row in criteria]
        for at, name in enumerate(names):
            if name and names.count(name) == 1:
                found.setdefault(name, at)
    return found


def _name(row: Row) -> str:
    return str(row.get("id") or row.get("title") or row.get("column") or row.get("layer") or "?")


def _folded(text: str) -> str:
    return text.strip().casefold()


def _key(cell: Cell) -> str:
    return _folded(cell.text)


def _label_row(grid: Grid, places: Mapping[str, int]) -> int | None:
    """Return the first row that names the most criteria, two at least (one names itself in a square of one)."""
    counts = [sum(_key(cell) in places for cell in row[1:]) for row in grid.rows]
    return counts.index(max(counts)) if counts and max(counts) >= 1 else None


def _label_column(row: Sequence[Cell], places: Mapping[str, int]) -> int:
    """Return the column left of the first criterion that the row of names holds."""
    return next(at for at, cell in enumerate(row) if at > 0 and _key(cell) in places) - 1


def _named(
    grid: Grid, cells: Sequence[Cell], places: Mapping[str, int], faults: Faults
) -> dict[int, Cell]:
    found: dict[int, Cell] = {}
    for cell in cells:
        place = places.get(_key(cell))
        if not cell.is_filled or (place is None and _key(cell).startswith(BESIDE)):
            continue
        if place is None:
            _add(
                faults,
                f"{cell.place} of sheet {grid.sheet} names {cell.text!r}, which is no criterion"
                f"{nearest(cell.text, tuple(places))}",
                grid.place(cell),
                "write ids or names of the table of criteria",
            )
        elif place in found:
            _add(
                faults,
                f"{found[place].place} and {cell.place} of sheet {grid.sheet} both name {cell.text!r}",
                grid.place(cell),
                "name every criterion once",
            )
        else:
            found[place] = cell
    return found


def _cells(
    grid: Grid, top: int, left: int, across: Mapping[int, Cell], down: Mapping[int, Cell]
) -> dict[tuple[int, int], Cell]:
    """Return the cell of every pair of criteria, wherever their row and column stand on the sheet."""
    columns = {cell.place: at for at, cell in enumerate(grid.rows[top])}
    rows = {row[left].place: row for row in grid.rows[top + 1 :] if left < len(row)}
    found = {}
    for i, row_name in down.items():
        row = rows[row_name.place]
        number = row_name.place.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        for j, column_name in across.items():
            at = columns[column_name.place]
            letters = column_name.place.rstrip("0123456789")
            found[i, j] = row[at] if at < len(row) else Cell(None, f"{letters}{number}")
    return found


def _comparisons(
    grid: Grid,
    cells: Mapping[tuple[int, int], Cell],
    criteria: Sequence[Row],
    order: Sequence[int],
    faults: Faults,
    notes: list[str],
) -> list[list[float]] | None:
    known, filled = len(faults.found), 0
    numbers = {pair: _number(grid, cell, faults) for pair, cell in cells.items() if cell.is_filled}
    for (i, j), number in numbers.items():
        other = numbers.get((j, i))
        if i <= j and number and other and not is_reciprocal(number, other):
            _add_unequal(grid, cells[i, j], number, cells[j, i], other, faults)
    matrix = []
    for i in order:
        row = []
        for j in order:
            number = numbers.get((i, j))
            if (i, j) not in numbers and i == j:
                number = 1.0
            elif (i, j) not in numbers and (j, i) in numbers:
                other = numbers[j, i]
                number = 1.0 / other if other else None
                filled += 1
            elif (i, j) not in numbers and i < j:
                first, second = cells[i, j].place, cells[j, i].place
                _add(
                    faults,
                    f"{first} and {second} of sheet {grid.sheet} are empty: {_name(criteria[i])} is not compared "
                    f"with {_name(criteria[j])}",
                    grid.place(cells[i, j]),
                    f"fill in {first} or {second}",
                )
            row.append(number or 0.0)
        matrix.append(row)
    if len(faults.found) > known:
        return None
    if filled:
        notes.append(f"sheet {grid.sheet}: {filled} empty cells are the reciprocals of the others")
    return matrix


def _add_unequal(
    grid: Grid, cell: Cell, number: float, opposite: Cell, other: float, faults: Faults
) -> None:
    if cell == opposite:
        _add(
            faults,
            f"{cell.place} of sheet {grid.sheet} compares a criterion with itself and is {as_ratio(number)}, not 1",
            grid.place(cell),
            "write 1 in every cell of the diagonal",
        )
        return
    _add(
        faults,
        f"{cell.place} of sheet {grid.sheet} is {as_ratio(number)}, but its counterpart {opposite.place} is "
        f"{as_ratio(other)}: not reciprocal",
        grid.place(cell),
        f"write ={as_ratio(1 / number)} in {opposite.place}, or ={as_ratio(1 / other)} in {cell.place}",
    )


def _number(grid: Grid, cell: Cell, faults: Faults) -> float | None:
    number = None if cell.is_moment else comparison(cell.value)
    is_day = cell.is_moment or (number is not None and number in DAY_NUMBERS)
    if number is not None and not is_day:
        return number
    if is_day:
        meant = _meant(cell)
        _add(
            faults,
            f"{cell.place} of sheet {grid.sheet} is the date or time {_shown(cell)}: Excel takes a fraction such "
            f"as {meant} for one",
            grid.place(cell),
            f"type ={meant} in {cell.place}, or format the cell as text first",
        )
    else:
        _add(
            faults,
            f"{cell.place} of sheet {grid.sheet} is {cell.value!r}, not a positive number",
            grid.place(cell),
            "write a number above 0, or a fraction as =1/3",
        )
    return None


def _day_of(cell: Cell) -> Any:
    """Return the date of a cell, that of the number of a day too: dates that were formatted as numbers."""
    return cell.value if cell.is_moment else FIRST_DAY + dt.timedelta(days=int(float(cell.text)))


def _shown(cell: Cell) -> str:
    return cell.text if cell.is_moment else f"{_day_of(cell):%Y-%m-%d} (as the number {cell.text})"


def _meant(cell: Cell) -> str:
    """Return the fraction that was typed where a date stands: Excel reads 1/3 as 1 March or 3 January."""
    day = _day_of(cell)
    if hasattr(day, "month"):
        return f"{min(day.month, day.day)}/{max(day.month, day.day)}"
    return "1/3"


def _add(faults: Faults, what: str, where: str, fix: str) -> None:
    faults.add(what, where=where, fix=fix, code="bad_comparisons")
