"""Classified QA beside GEOS's coverage test, which classifies nothing, and the plain pairwise overlay.

``python benchmarks/quality.py`` plants damage of known kinds in a clean fabric, checks that every planted
fault is found in its class and that overlaps are those of the overlay to 1e-6 m2, and only then prints
processor seconds, best of ``--runs`` alternating runs in one process on the same array, loops compiled
beforehand. `ours` is the whole of ``quality.check`` with all tests that need no other layer;
`invalid_edges` is ``shapely.coverage_invalid_edges``; `pairs` is an index query with predicate and the
intersection of all pairs that do not merely touch. Streets are parcels left out in every fifth row and column, so
that two fifths of the borders have no other side.

A parcel that is missing whole is planted too: it leaves a hole as wide as a parcel, which no test can
tell from a courtyard; it is there because it makes the fabric ragged.
"""

from __future__ import annotations

import argparse
from time import process_time

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from layers import parcels
from shapely.affinity import translate

from renewal_geo.quality import check

SHIFTED, DELETED, COPIED, CRACKED, JOINTED, SPIKED = 100, 50, 40, 30, 30, 20
APART_M = 200.0  # between two planted faults, so that one does not hide another
SHIFT_M, CRACK_M, THORN_M = 0.2, 0.3, 4.0


def sites(table, count, random):
    """Return rows that lie apart from one another."""
    centre = np.column_stack([table.centroid.x, table.centroid.y])
    taken, cells = [], set()
    for row in random.permutation(len(table)):
        i, j = (centre[row] // APART_M).astype(int)
        if not cells & {(i + a, j + b) for a in (-1, 0, 1) for b in (-1, 0, 1)}:
            cells.add((i, j))
            taken.append(row)
        if len(taken) == count:
            return taken
    raise SystemExit("the fabric is too small for so much damage")


def border_of(shapes, tree, row):
    """Return a neighbour of a polygon and the longest border that they share."""
    near = [n for n in tree.query(shapes[row], predicate="touches") if n != row]
    lines = [shapely.line_merge(shapely.intersection(shapes[row], shapes[n])) for n in near]
    best = max(range(len(near)), key=lambda n: lines[n].length, default=None)
    return (None, None) if best is None else (near[best], lines[best])


def cracked(shapes, tree, row):
    """Cut a crack into a polygon along the middle of a border; its ends become vertices of the neighbour."""
    other, line = border_of(shapes, tree, row)
    if other is None or line.geom_type != "LineString":
        return None
    middle = shapely.ops.substring(line, 0.3, 0.7, normalized=True)
    cut = shapes[row].difference(shapely.buffer(middle, CRACK_M, cap_style="flat"))
    if cut.geom_type != "Polygon":
        return None
    return {row: cut, other: shapely.snap(shapes[other], shapely.boundary(cut), 1e-6)}


def jointed(shapes, tree, row):
    """Put a vertex into one edge that its neighbour does not have."""
    other, line = border_of(shapes, tree, row)
    if other is None or line.geom_type != "LineString":
        return None
    a, b = shapely.get_coordinates(line)[:2]
    ring = shapely.get_coordinates(shapes[row])
    at = [
        n
        for n in range(len(ring) - 1)
        if {tuple(ring[n]), tuple(ring[n + 1])} == {tuple(a), tuple(b)}
    ]
    return {row: shapely.Polygon(np.insert(ring, at[0] + 1, (a + b) / 2, axis=0))} if at else None


def spiked(shapes, _, row):
    """Let a thorn grow into the polygon itself."""
    ring = shapely.get_coordinates(shapely.orient_polygons(shapes[row]).exterior)
    a, b = ring[0], ring[1]
    along = (b - a) / np.hypot(*(b - a))
    foot, inward = (a + b) / 2, np.array([-along[1], along[0]])
    thorn = [foot - along * 0.02, foot + inward * THORN_M, foot + along * 0.02]
    made = shapely.Polygon([a, *thorn, *ring[1:]])
    return {row: made} if made.is_valid else None


def damaged(table, seed=3):
    """Return the table with damage, and what was planted: code and id."""
    random = np.random.default_rng(seed)
    queue = sites(table, SHIFTED + DELETED + COPIED + 3 * (CRACKED + JOINTED + SPIKED), random)
    shapes, tree = table.geometry.to_numpy().copy(), shapely.STRtree(table.geometry.to_numpy())
    ids, planted, copies = table.index.to_numpy(), [], []
    for _ in range(SHIFTED):
        row = queue.pop()
        shapes[row] = translate(shapes[row], SHIFT_M, SHIFT_M)
        planted.append(("overlap|gap", ids[row]))
    gone = [queue.pop() for _ in range(DELETED)]
    for number in range(COPIED):
        row = queue.pop()
        copies.append((f"copy{number}", shapes[row]))
        planted.append(("duplicate_geometry", ids[row]))
    for code, hurt, count in (
        ("gap", cracked, CRACKED),
        ("unmatched_vertex", jointed, JOINTED),
        ("spike", spiked, SPIKED),
    ):
        done = 0
        while done < count and queue:
            row = queue.pop()
            made = hurt(shapes, tree, row)
            if made:
                for at, shape in made.items():
                    shapes[at] = shape
                planted.append((code, ids[row]))
                done += 1
    kept = np.setdiff1d(np.arange(len(table)), gone)
    whole = np.concatenate([shapes[kept], np.array([s for _, s in copies], dtype=object)])
    names = [*ids[kept], *(name for name, _ in copies)]
    made = gpd.GeoDataFrame({"tenure": "state"}, geometry=whole, index=names, crs=table.crs)
    made.index.name = "parcel_id"
    return made, pd.DataFrame(planted, columns=["code", "parcel_id"])


def pairs(shapes):
    """Return the overlapping pairs and their areas the plain way."""
    one, two = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    later = one < two
    one, two = one[later], two[later]
    apart = ~shapely.touches(shapes[one], shapes[two])
    one, two = one[apart], two[apart]
    return one, two, shapely.area(shapely.intersection(shapes[one], shapes[two]))


def prove(table, planted, found):
    """Stop unless every planted fault is found, and every overlap is one of the overlay."""
    rows = found.table
    for fault in planted.itertuples():
        own = rows[rows["code"].isin(fault.code.split("|"))]
        assert ((own["row_id"] == fault.parcel_id) | (own["other_id"] == fault.parcel_id)).any(), (
            fault
        )
    one, two, area = pairs(table.geometry.to_numpy())
    copies = set(
        rows.loc[rows["code"] == "duplicate_geometry", ["row_id", "other_id"]].agg(
            frozenset, axis=1
        )
    )
    ids = table.index.to_numpy()
    theirs = {
        key: area
        for key, area in zip(
            map(frozenset, zip(ids[one], ids[two], strict=True)), area, strict=True
        )
        if area > 0.01 and key not in copies
    }
    own = rows[rows["code"] == "overlap"]
    ours = dict(
        zip(own[["row_id", "other_id"]].agg(frozenset, axis=1), own["area_m2"], strict=True)
    )
    assert ours.keys() == theirs.keys()
    assert all(abs(ours[key] - theirs[key]) < 1e-6 for key in ours)


def best(runs, *jobs):
    """Return the least processor seconds of every job, run in turns."""
    least = [np.inf] * len(jobs)
    for _ in range(runs):
        for n, job in enumerate(jobs):
            begin = process_time()
            job()
            least[n] = min(least[n], process_time() - begin)
    return least


def main():
    """Print one row per fabric."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--parcels", type=int, default=30_455)
    options.add_argument("--runs", type=int, default=5)
    given = options.parse_args()
    clean = parcels(given.parcels).set_index("parcel_id")
    wide = parcels(round(given.parcels / 0.64)).set_index("parcel_id")
    streets = wide[(wide["row"] % 5 > 0) & (wide["column"] % 5 > 0)]
    scenes = [("clean", clean, None)]
    for name, table in (("damaged", clean), ("streets", streets)):
        scenes.append((name, *damaged(table)))
    print(
        "fabric            polygons  invalid_edges  flagged   ours  findings  ours/invalid_edges   pairs"
    )
    for name, table, planted in scenes:
        shapes = table.geometry.to_numpy()
        found = check(table)
        if planted is not None:
            prove(table, planted, found)
        edges, ours, plain = best(
            given.runs,
            lambda shapes=shapes: shapely.coverage_invalid_edges(shapes),
            lambda table=table: check(table),
            lambda shapes=shapes: pairs(shapes),
        )
        flagged = int((~shapely.is_empty(shapely.coverage_invalid_edges(shapes))).sum())
        print(
            f"{name:<17} {len(table):>8,} {edges:>14.3f} {flagged:>8,} {ours:>6.3f} "
            f"{len(found.table):>9,} {ours / edges:>19.2f} {plain:>7.3f}"
        )
        print(
            f"    {', '.join(f'{code} {n:,}' for code, n in found.counts.items()) or 'no faults'}"
        )


if __name__ == "__main__":
    main()
