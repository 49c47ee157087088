"""Many layers at once: one book per dimension, each closing by itself.

Tenure, land use and every kind of control line are dimensions of their own. Kinds of control lines
overlap by law; as one layer their common ground would be counted twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from renewal_geo.foundation.errors import Faults, InputError
from renewal_geo.foundation.provenance import Provenance, versions
from renewal_geo.foundation.quantities import hectares
from renewal_geo.ledger.books import (
    CLASS,
    TAKEN,
    TWICE,
    UNCOVERED,
    Ledger,
    class_texts,
    require_askable,
    sound,
    tally,
)
from renewal_geo.spatial.area_tables import area_table
from renewal_geo.spatial.areas import flat_union

UNNAMED_KIND = "unnamed"
SHARED_M2 = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Dimension:
    """One way to divide the ground: a layer and the column that names its classes.

    Attributes
    ----------
    name
        What the dimension is called in tables; unique among those tallied together.
    layer
        Polygons, in the CRS of the zones.
    by
        Class column of `layer`.
    complete
        Whether the layer means to cover all ground (land use, tenure). Where it does not (a kind of
        control line), uncovered ground is no loss but simply outside.
    """

    name: str
    layer: gpd.GeoDataFrame
    by: str
    complete: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Books:
    """The area books of the same zones by several dimensions.

    Attributes
    ----------
    ledgers
        Name of a dimension -> its :class:`Ledger`, in the order asked for.
    complete
        Names of the dimensions that mean to cover all ground.
    notes
        What was decided, each note once.
    """

    ledgers: Mapping[str, Ledger]
    complete: tuple[str, ...]
    notes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)

    @property
    def table(self) -> pd.DataFrame:
        """All books, one below another: id, ``dimension``, ``class``, kind, area_m2, sliver_m2."""
        parts = [
            book.table.rename(columns={book.by: "class"}).assign(dimension=name)
            for name, book in self.ledgers.items()
        ]
        whole = pd.concat(parts, ignore_index=True)
        return whole[[whole.columns[0], "dimension", "class", "kind", "area_m2", "sliver_m2"]]

    def __str__(self) -> str:
        first = next(iter(self.ledgers.values()))
        if len(self.ledgers) == 1:
            return str(first)
        worst = max(
            float(one.totals["closing_m2"].abs().max() or 0.0) if len(one.totals) else 0.0
            for one in self.ledgers.values()
        )
        parts = [_said(name, book, name in self.complete) for name, book in self.ledgers.items()]
        return (
            f"{hectares(float(first.totals['area_m2'].sum()))} in {len(first.totals)} polygons, "
            f"{len(parts)} dimensions: {'; '.join(parts)}; every book closes to {worst:.1e} m²"
        )


def tally_all(zones: gpd.GeoDataFrame, dimensions: Sequence[Dimension]) -> Books:
    """Measure how much of each zone lies in each class of each dimension; every book closes.

    Parameters
    ----------
    zones
        As for :func:`tally`.
    dimensions
        At least one; names must differ.

    Returns
    -------
    Books

    Raises
    ------
    CRSError, InputError
        As :func:`tally`; ``duplicate_dimension`` where two have one name, ``no_dimension`` for none.

    Examples
    --------
    >>> from shapely import box
    >>> zones = gpd.GeoDataFrame(geometry=[box(0, 0, 100, 100)], index=["Z01"], crs="EPSG:4547")
    >>> use = gpd.GeoDataFrame({"use": ["M1"]}, geometry=[box(0, 0, 100, 100)], crs="EPSG:4547")
    >>> lines = gpd.GeoDataFrame(
    ...     {"kind": ["eco", "farm"]}, geometry=[box(0, 0, 50, 100), box(0, 0, 100, 50)], crs=use.crs
    ... )
    >>> books = tally_all(zones, [Dimension("use", use, "use"), *split_kinds(lines)])
    >>> print(books)  # doctest: +NORMALIZE_WHITESPACE
    1.00 ha in 1 polygons, 3 dimensions: use 1.00 ha in 1 classes, 0.0 m² uncovered, 0.0 m² counted
    twice; eco 0.50 ha; farm 0.50 ha; every book closes to 0.0e+00 m²
    """
    require_dimensions(zones, dimensions)
    books = {one.name: tally(zones, one.layer, one.by) for one in dimensions}
    notes = [
        note if note.startswith("zones:") else f"{name}: {note}"
        for name, book in books.items()
        for note in book.notes
    ]
    shared = overlap_m2(zones) if len(zones) > 1 else 0.0
    if shared > SHARED_M2:
        notes.append(
            f"zones: they overlap each other by {shared:,.1f} m²; sums over zones count it again"
        )
    return Books(
        books,
        tuple(one.name for one in dimensions if one.complete),
        tuple(dict.fromkeys(notes)),
        Provenance(versions=versions()),
    )


def split_kinds(layer: gpd.GeoDataFrame, by: str = "kind") -> tuple[Dimension, ...]:
    """Return every kind of a layer as a dimension of its own, by name.

    Polygons whose kind is missing become the dimension ``unnamed``.

    Raises
    ------
    InputError
        If `by` is no column of `layer`.
    """
    if by not in layer.columns:
        raise InputError(
            f"the control lines have no column {by!r}",
            where="ledger",
            fix='name it: columns = { kind = "…" } under [layers.control_lines]',
            code="unknown_column",
        )
    texts = class_texts(layer[by])
    kinds = np.where(texts == "", UNNAMED_KIND, texts)
    named = layer.assign(**{by: kinds})
    return tuple(
        Dimension(str(kind), named[kinds == kind], by, complete=False)
        for kind in sorted(set(kinds))
    )


def whole(layer: gpd.GeoDataFrame, name: str = "whole") -> gpd.GeoDataFrame:
    """Return the union of a layer as one polygon, to be tallied as a single zone called `name`."""
    shapes, _ = sound(layer, "layer")
    union = flat_union(shapes[~shapely.is_missing(shapes)])
    return gpd.GeoDataFrame(geometry=[union], index=pd.Index([name], name="id"), crs=layer.crs)


def overlap_m2(zones: gpd.GeoDataFrame) -> float:
    """Return how much more ground the zones claim than they cover together, m2."""
    shapes, _ = sound(zones, "zones")
    frame = np.array([shapely.box(*shapely.total_bounds(shapes))], dtype=object)
    return float(area_table(frame, shapes).twice[0])


def require_dimensions(zones: gpd.GeoDataFrame, dimensions: Sequence[Dimension]) -> None:
    """Raise where dimensions cannot be told apart or do not fit the zones; all faults at once."""
    faults = Faults(InputError)
    if not dimensions:
        faults.add(
            "no dimension is asked for", where="ledger", fix="name a layer", code="no_dimension"
        )
    names = [one.name for one in dimensions]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            faults.add(
                f"two dimensions are called {name!r}",
                where="ledger",
                fix="give each its own name, such as plan=units.land_use",
                code="duplicate_dimension",
            )
        if name in {"id", *TAKEN, str(zones.index.name or "id")}:
            faults.add(
                f"no dimension can be called {name!r}: the tables have a column of that name",
                where="ledger",
                fix=f"write another_name=role.{name}",
                code="taken_name",
            )
    faults.raise_if_any()
    for one in dimensions:
        require_askable(zones, one.layer, one.by, f"dimension {one.name}")


def _said(name: str, book: Ledger, complete: bool) -> str:
    sums = book.table.groupby("kind")["area_m2"].sum()
    classes = book.table.loc[book.table["kind"] == CLASS, book.by]
    twice = float(sums.get(TWICE, 0.0))
    covered = hectares(float(sums.get(CLASS, 0.0)))
    doubled = f", {twice:,.1f} m² counted twice" if complete or twice > 0 else ""
    if not complete:
        return f"{name} {covered}{doubled}"
    return (
        f"{name} {covered} in {classes.nunique()} classes, "
        f"{sums.get(UNCOVERED, 0.0):,.1f} m² uncovered{doubled}"
    )
