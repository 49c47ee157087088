"""Books for print: zones by class, and the land balance 用地平衡表, levelled in any unit."""

from __future__ import annotations

import numpy as np
import pandas as pd

from renewal_geo.foundation.errors import InputError
from renewal_geo.foundation.quantities import AREA_UNITS
from renewal_geo.ledger.books import CLASS, TWICE, UNCOVERED, Ledger, natural
from renewal_geo.ledger.levelling import level_table

PRINTED_UNITS = ("m2", "ha", "mu", "km2")
SHARE_DECIMALS = 2
TOTAL = "total"


def wide_areas(book: Ledger) -> pd.DataFrame:
    """Return the book side by side: zones x (classes, uncovered, covered_twice), m2, with their signs.

    Classes come in natural order; a class that is called like one of the two other columns, or
    ``total``, gets " (class)" after its name. ``covered_twice`` is negative, so that rows add to zones.
    """
    table = book.table
    zone = book.totals.index.get_indexer(pd.Index(table[book.id_column]))
    kind = table["kind"].to_numpy()
    names = table[book.by].astype(str).to_numpy()
    classes = sorted(set(names[kind == CLASS]), key=natural)
    place = {name: column for column, name in enumerate(classes)}
    column = np.array([place.get(n, 0) for n in names], dtype=np.int64)
    column = np.where(kind == UNCOVERED, len(classes), column)
    column = np.where(kind == TWICE, len(classes) + 1, column)
    sign = np.where(kind == TWICE, -1.0, 1.0)
    wide = np.zeros((len(book.totals), len(classes) + 2))
    np.add.at(wide, (zone, column), sign * table["area_m2"].to_numpy())
    titles = [f"{n} (class)" if n in {UNCOVERED, TWICE, TOTAL} else n for n in classes]
    return pd.DataFrame(wide, index=book.totals.index, columns=[*titles, UNCOVERED, TWICE])


def published(book: Ledger, unit: str = "ha", decimals: int = 2) -> pd.DataFrame:
    """Return the book as a table for print: zones by class, levelled so that parts add up.

    Parameters
    ----------
    book
        Of :func:`tally`.
    unit
        m2, ha, km2 or mu (亩, 2000/3 m2).
    decimals
        Digits after the point.

    Returns
    -------
    DataFrame
        One row per zone: a column per class, ``uncovered``, ``covered_twice`` (negative) and
        ``total``. Every row adds to its total, and every column, ``total`` too, to a figure less than
        one unit of the last digit from its true sum (:func:`level_table`); the sum of ``total`` is the
        true one rounded.

    Raises
    ------
    InputError
        For an unknown unit.
    """
    wide = wide_areas(book)
    made = level_table(wide.to_numpy() / unit_m2(unit), decimals)
    table = pd.DataFrame(made.parts, index=wide.index, columns=wide.columns)
    return table.assign(**{TOTAL: made.rows})


def land_balance(book: Ledger, unit: str = "ha", decimals: int = 2) -> pd.DataFrame:
    """Return the land balance 用地平衡表: class, area, share of the whole.

    Parameters
    ----------
    book
        Of :func:`tally`; its zones are taken together.
    unit, decimals
        As for :func:`published`.

    Returns
    -------
    DataFrame
        A row per class in natural order, ``uncovered``, ``covered_twice`` (negative), then ``total``:
        the class column, ``kind``, ``area`` in `unit`, ``share`` in per cent, ``area_m2`` unrounded.
        Areas add to the true total rounded, shares to 100.00; each is off by less than one unit of its
        last digit. Two classes of the same area may so differ by one unit. Rows of no area at all,
        uncovered and covered twice, are left out.

    Raises
    ------
    InputError
        For an unknown unit.

    Examples
    --------
    >>> from renewal_geo.ledger import tally
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> zones = gpd.GeoDataFrame(geometry=[box(0, 0, 300, 100)], index=["Z01"], crs="EPSG:4547")
    >>> use = gpd.GeoDataFrame(
    ...     {"use": ["M1", "R2", "G1"]},
    ...     geometry=[box(x, 0, x + 100, 100) for x in (0, 100, 200)], crs="EPSG:4547",
    ... )
    >>> land_balance(tally(zones, use, by="use"), "mu")[["use", "area", "share"]].values.tolist()
    [['G1', 15.0, 33.34], ['M1', 15.0, 33.33], ['R2', 15.0, 33.33], ['', 45.0, 100.0]]
    """
    m2 = unit_m2(unit)
    rows = book.class_totals
    rows = rows[(rows["kind"] == CLASS) | (rows["area_m2"] > 0)].reset_index(drop=True)
    signed = rows["area_m2"].to_numpy() * np.where(rows["kind"] == TWICE, -1.0, 1.0)
    area = level_table(signed[:, None] / m2, decimals)
    whole = signed.sum()
    per_cent = 100.0 * signed / whole if whole > 0 else np.zeros(len(signed))
    share = level_table(per_cent[:, None], SHARE_DECIMALS)
    table = pd.DataFrame(
        {
            book.by: rows[book.by].to_numpy(),
            "kind": rows["kind"].to_numpy(),
            "area": area.parts[:, 0],
            "share": share.parts[:, 0],
            "area_m2": signed,
        }
    )
    table.loc[len(table)] = ["", TOTAL, area.total, share.total, whole]
    return table


def unit_m2(unit: str) -> float:
    """Return how many m2 one `unit` of a published table has; InputError for an unknown one."""
    if unit not in PRINTED_UNITS:
        raise InputError(
            f"{unit!r} is no unit of a published area",
            where="[ledger] unit",
            fix=f"one of: {', '.join(PRINTED_UNITS)}",
            code="unknown_unit",
        )
    return AREA_UNITS[unit]
