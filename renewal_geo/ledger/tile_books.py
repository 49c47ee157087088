"""What tiles give back, and the one book that they make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.foundation.errors import RenewalError
from renewal_geo.foundation.provenance import Provenance, versions
from renewal_geo.foundation.quantities import hectares
from renewal_geo.ledger.books import CLASS, TWICE, UNCOVERED, Ledger
from renewal_geo.spatial.tiles import Bounds

SIGNS = {CLASS: 1.0, UNCOVERED: 1.0, TWICE: -1.0}


@dataclass(frozen=True, slots=True, eq=False)
class TileRows:
    """What a tile gives back: its book, or only its sums where the rows were kept elsewhere."""

    number: int
    zones: int = 0
    layer_rows: int = 0
    area_m2: float = 0.0
    closing_m2: float = 0.0
    open_books: int = 0
    sums: pd.DataFrame | None = None
    book: Ledger | None = None
    ids: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, dtype=np.uint64))
    notes: tuple[str, ...] = ()
    bytes_read: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    fault: RenewalError | str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class TiledLedger:
    """The book of a tally that was done tile by tile.

    Attributes
    ----------
    sums
        Over all zones: the class column, ``kind, area_m2, sliver_m2``.
    tiles
        Per tile: its rectangle ``x0, y0, x1, y1``, the ``zones`` that it owns, the ``layer_rows``
        that it needed, ``area_m2``, worst ``closing_m2``.
    run
        Per tile what differs from run to run: ``wall_s, cpu_s``, and ``bytes_read`` of its files.
    zones, area_m2, closing_m2
        Number of zones, their area, and what is left of it when all rows are added up.
    book
        All rows, as :func:`tally` gives them; None where each tile's rows were kept elsewhere.
    by
        Name of the class column.
    """

    sums: pd.DataFrame
    tiles: pd.DataFrame
    run: pd.DataFrame
    zones: int
    area_m2: float
    closing_m2: float
    by: str
    book: Ledger | None = None
    notes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)

    def __str__(self) -> str:
        kinds = self.sums.groupby("kind")["area_m2"].sum()
        worst = float(self.tiles["closing_m2"].abs().max()) if len(self.tiles) else 0.0
        return (
            f"{hectares(self.area_m2)} in {self.zones:,} polygons of {len(self.tiles)} tiles: "
            f"{hectares(float(kinds.get(CLASS, 0.0)))} by {self.by}, "
            f"{kinds.get(UNCOVERED, 0.0):,.1f} m² uncovered, "
            f"{kinds.get(TWICE, 0.0):,.1f} m² counted twice; every polygon closes to {worst:.1e} m², "
            f"all together to {abs(self.closing_m2):.1e} m²"
        )


def joined(
    zones: gpd.GeoDataFrame | None,
    tiles_of: Mapping[int, Bounds],
    found: Sequence[TileRows],
    by: str,
) -> TiledLedger:
    """Return the book of all tiles; in the order of `zones` where they are a table."""
    parts = [rows.sums for rows in found if rows.sums is not None and len(rows.sums)]
    empty = pd.DataFrame({by: [], "kind": [], "area_m2": [], "sliver_m2": []})
    sums = sums_of(pd.concat(parts, ignore_index=True), by) if parts else empty
    sums = sums.sort_values(
        ["kind", by], key=lambda c: c.map({CLASS: 0, UNCOVERED: 1, TWICE: 2}) if c.name == "kind" else c,
        ignore_index=True,
    )  # fmt: skip
    area = float(sum(rows.area_m2 for rows in found))
    index = pd.Index([rows.number for rows in found], name="tile")
    tiles = pd.DataFrame(
        [(*tiles_of[r.number], r.zones, r.layer_rows, r.area_m2, r.closing_m2) for r in found],
        columns=["x0", "y0", "x1", "y1", "zones", "layer_rows", "area_m2", "closing_m2"],
        index=index,
    )
    run = pd.DataFrame(
        [(r.wall_s, r.cpu_s, r.bytes_read) for r in found],
        columns=["wall_s", "cpu_s", "bytes_read"],
        index=index,
    )
    said = Counter(note for rows in found for note in rows.notes)
    notes = tuple(f"{note} (in {n} tiles)" if n > 1 else note for note, n in sorted(said.items()))
    provenance = Provenance(parameters={"tiles": len(found)}, versions=versions())
    closing = area - float((sums["area_m2"] * sums["kind"].map(SIGNS)).sum()) if len(sums) else area
    book = None
    if all(rows.book is not None for rows in found):
        book = _stacked(found, notes, provenance)
        book = book if zones is None else _in_order(book, zones)
    return TiledLedger(
        sums, tiles, run, int(tiles["zones"].sum()), area, closing, by, book, notes, provenance
    )


def _in_order(book: Ledger, zones: gpd.GeoDataFrame) -> Ledger:
    """Return a book in the order of the zones, as one tally gives it."""
    place = pd.Series(np.arange(len(zones)), index=zones.index)
    order = np.argsort(place.reindex(book.table[book.id_column]).to_numpy(), kind="stable")
    return replace(
        book,
        table=book.table.iloc[order].reset_index(drop=True),
        totals=book.totals.reindex(zones.index.rename(book.id_column)),
    )


def _stacked(found: Sequence[TileRows], notes: tuple[str, ...], provenance: Provenance) -> Ledger:
    books = [rows.book for rows in found if rows.book is not None]
    filled = [book for book in books if len(book.totals)] or books[:1]
    return replace(
        books[0],
        table=pd.concat([book.table for book in filled], ignore_index=True),
        totals=pd.concat([book.totals for book in filled]),
        notes=notes,
        provenance=provenance,
    )


def sums_of(table: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return the areas of a book by class and kind."""
    return table.groupby([by, "kind"], as_index=False)[["area_m2", "sliver_m2"]].sum()
