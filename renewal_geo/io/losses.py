"""What a format could not hold: each loss with its column and its count, never in silence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# code -> sentence; {n} cells or shapes of {column}
SENTENCES: dict[str, str] = {
    "yes_no_as_number": "{column}: yes and no are written as 1 and 0",
    "time_as_text": "{column}: times of day are written as text, for dBASE has only days",
    "time_cut": "{column}: {n:,} times are cut to milliseconds",
    "zone_as_utc": "{column}: times are written in UTC, without the name of their zone",
    "integer_as_text": "{column}: whole numbers with too many digits are written as text",
    "infinite_as_null": "{column}: {n:,} infinite numbers become null",
    "empty_text_as_null": "{column}: {n:,} empty texts become null",
    "blanks_cut": "{column}: blanks before or after {n:,} texts are cut",
    "zero_signs_dropped": "{column}: zero bytes in {n:,} texts are dropped",
    "signs_replaced": "{column}: {n:,} texts have characters that are none; '?' stands for them",
    "nested_as_text": "{column}: {n:,} lists or records are written as JSON text",
    "mixed_as_text": "{column}: numbers and texts are mixed, so all are written as text",
    "other_as_text": "{column}: {n:,} values that the format does not know are written as text",
    "shapes_as_text": "{column}: a second geometry column is written as WKT text",
    "name_twice": "{column}: several columns bear this name; the later ones got a number",
    "index_dropped": "the row labels have no name and are not written",
    "empty_shape_as_null": "{n:,} empty shapes become null",
    "measures_dropped": "the M values of {n:,} shapes are dropped",
    "heights_zero": "{n:,} shapes without heights among others with them get the height 0",
    "rings_rearranged": "{n:,} invalid polygons come back with their rings arranged otherwise",
    "crs_changed": "the coordinate system is written as near as the format can name it",
    "rows_reordered": "the rows are in the order of a space-filling curve",
}


@dataclass(frozen=True, slots=True)
class Loss:
    """One thing that a file does not hold as it was given.

    `code` is stable, `column` the caller's name (empty for shapes and for the whole table), `count`
    the number of cells or shapes.
    """

    code: str
    column: str = ""
    count: int = 0

    def __str__(self) -> str:
        return SENTENCES[self.code].format(column=self.column, n=self.count)


@dataclass(frozen=True, slots=True)
class Written:
    """What one layer became in a file.

    `names` has every column by the caller's name and the name that it bears in the file; `losses`
    whatever the format could not hold; `files` the names of all files that belong to it.
    """

    path: Path
    layer: str
    rows: int
    names: Mapping[str, str]
    losses: tuple[Loss, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def renamed(self) -> dict[str, str]:
        """Columns whose name had to change, with the name in the file."""
        return {column: name for column, name in self.names.items() if column != name}

    @property
    def notes(self) -> tuple[str, ...]:
        """The losses and the changed names as sentences."""
        changed = ", ".join(f"{column} → {name}" for column, name in self.renamed.items())
        named = (f"{len(self.renamed)} columns have other names: {changed}",) if changed else ()
        return (*(str(loss) for loss in self.losses), *named)

    def __str__(self) -> str:
        place = f"{self.path.name}, layer {self.layer}" if self.layer else self.path.name
        lost = "; ".join(str(loss) for loss in self.losses) or "nothing was lost"
        return f"{self.rows:,} rows in {place}; {lost}"
