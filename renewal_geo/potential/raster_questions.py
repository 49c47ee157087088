"""What a criterion asks of a raster, as cells and operations; what has no meaning is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from renewal_geo.foundation.errors import InputError
from renewal_geo.potential.criterion import Criterion
from renewal_geo.potential.layer_rows import place_of
from renewal_geo.spatial.cell_sizes import HEIGHT_UNITS
from renewal_geo.spatial.polygons import Floats
from renewal_geo.spatial.rasters import Raster, numbers_of, unit_area
from renewal_geo.spatial.slopes import slope

LEVELS = ("mean", "min", "max", "median", "stdev")
STATISTICS = {
    "density": (*LEVELS, "per_ha"),
    "count": ("sum", "per_ha", "min", "max"),
    "category": ("share", "majority"),
}
NOUN = {"density": "a level", "count": "an amount per cell", "category": "a code"}
WHY = {
    ("density", "sum"): "adding up levels cell by cell gives a number that hangs on the cell size",
    ("count", "mean"): "the mean of amounts per cell hangs on the cell size",
    ("count", "median"): "the median of amounts per cell hangs on the cell size",
    ("count", "stdev"): "the spread of amounts per cell hangs on the cell size",
    ("category", "mean"): "codes are names: their mean is no code",
    ("density", "share"): "a level has no codes to be shared out",
    ("density", "majority"): "a level has no codes, and hardly any value twice",
}
HA = 1e4


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What is asked of which cells.

    Attributes
    ----------
    cells
        The raster that is measured: the one given, its slope, or 1 and 0 for codes that count and others.
    statistic
        The operation that gives the figure, one of `operations`.
    operations
        As exactextract names them, ``count`` among them.
    factor
        By which the figure is multiplied.
    per_ground
        Whether it is then divided by hectares of ground.
    codes
        Whose share is taken.
    said
        In one phrase: ``mean of slope of dem (°)``.
    notes
        What was decided.
    """

    cells: Raster
    statistic: str
    operations: tuple[str, ...]
    said: str
    factor: float = 1.0
    per_ground: bool = False
    codes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def question_of(criterion: Criterion, raster: Raster) -> Question:
    """Return what a criterion asks of a raster.

    Raises
    ------
    InputError
        ``statistic_meaningless, unit_not_per_area, unknown_unit, bad_code, raster_shape``.
    CRSError
        As :func:`renewal_geo.spatial.slopes.slope`.
    """
    cells = raster
    notes: tuple[str, ...] = ()
    if criterion.derive:
        cells, notes = slope(raster, criterion.derive)  # type: ignore[arg-type]  # refuses others
    kind, assumed = _kind_of(criterion, cells)
    _require_meaning(criterion, cells, kind)
    notes, around = (*notes, *assumed), ""
    if criterion.within_m > 0:
        around = f", within {criterion.within_m:g} m"
    unit = f" ({cells.unit})" if cells.unit else ""
    said = f"{criterion.statistic} of {cells.name}{unit}{around}"
    match criterion.statistic:
        case "share":
            chosen = Raster(
                _Chosen(cells, [_number(one, criterion, raster) for one in criterion.values]),
                cells.transform, cells.crs, name=cells.name, kind="density",
            )  # fmt: skip
            codes = ", ".join(criterion.values)
            said = f"share of {'codes' if len(criterion.values) > 1 else 'code'} {codes} of {cells.name}{around}"
            return Question(
                chosen, "mean", ("count", "mean"), said, codes=criterion.values, notes=notes
            )
        case "per_ha" if kind == "density":
            factor = HA / (unit_area(cells.unit) or 1.0)
            notes = (
                *notes,
                f"criterion {criterion.id}: {cells.unit} turned into per ha (x {factor:g})",
            )
            return Question(
                cells, "mean", ("count", "mean", "min"), said, factor=factor, notes=notes
            )
        case "per_ha":
            return Question(
                cells, "sum", ("count", "sum", "min"), said, per_ground=True, notes=notes
            )
        case "majority":
            return Question(cells, "majority", ("count", "majority"), said, notes=notes)
        case statistic:
            asked = tuple(dict.fromkeys(("count", statistic, "max" if criterion.derive else "min")))
            return Question(cells, statistic, asked, said, notes=notes)


def _kind_of(criterion: Criterion, raster: Raster) -> tuple[str, tuple[str, ...]]:
    """Return what a cell holds: as the raster says, else as the statistic has it."""
    if raster.kind is not None:
        return raster.kind, ()
    statistic = criterion.statistic
    per_area = unit_area(raster.unit) is not None
    if statistic in {"share", "majority"} or criterion.transform == "category":
        return "category", ()
    if statistic in LEVELS or per_area or raster.unit.strip().lower() in HEIGHT_UNITS:
        return "density", ()
    said = (
        f"criterion {criterion.id}: {raster.name} does not say what its cells hold; {statistic} takes them as "
        f'amounts per cell (kind = "count" in study.toml says so)'
    )
    return "count", (said,)


def _require_meaning(criterion: Criterion, raster: Raster, kind: str) -> None:
    statistic, known = criterion.statistic, STATISTICS[kind]
    if statistic not in known:
        if kind == "density" and unit_area(raster.unit) is None:
            known = LEVELS
        why = WHY.get((kind, statistic), f"{statistic} of {NOUN[kind]} has no meaning")
        raise InputError(
            f"criterion {criterion.id} asks for the {statistic} of {raster.name}, whose cells hold {NOUN[kind]}: {why}",
            where=place_of(criterion),
            fix=f"statistic: one of {', '.join(known)}; or correct the kind of the raster (now {kind})",
            code="statistic_meaningless",
        )
    if statistic == "per_ha" and kind == "density" and unit_area(raster.unit) is None:
        raise InputError(
            f"criterion {criterion.id} asks for {raster.name} per ha, and its unit {raster.unit!r} is none per area",
            where=place_of(criterion),
            fix='say what a cell holds: unit = "people/km2", or kind = "count" where it is an amount',
            code="unit_not_per_area",
        )
    if statistic == "share" and not criterion.values:
        raise InputError(
            f"criterion {criterion.id} asks for a share of {raster.name} and names no codes",
            where=place_of(criterion),
            fix='name them, as in values = ["1", "2"]',
            code="bad_code",
        )


def _number(code: str, criterion: Criterion, raster: Raster) -> float:
    try:
        return float(code)
    except ValueError:
        raise InputError(
            f"criterion {criterion.id} names the code {code!r}; cells of {raster.name} are numbers",
            where=place_of(criterion),
            fix="give the codes of the raster as numbers, as its legend has them",
            code="bad_code",
        ) from None


class _Chosen:
    """Cells that are 1 where a raster has one of some codes, 0 where it has another, NaN where none."""

    def __init__(self, raster: Raster, codes: list[float]) -> None:
        self.raster, self.codes = raster, codes
        self.shape = raster.values.shape

    def __getitem__(self, window: tuple[slice, slice], /) -> Any:
        cells: Floats = numbers_of(self.raster, self.raster.values[window])
        return np.where(np.isnan(cells), np.nan, np.isin(cells, self.codes))
