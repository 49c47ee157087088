"""Ranks under 1,000 weightings beside summing the rasters again for every weighting.

    OPENBLAS_NUM_THREADS=1 python benchmarks/potential.py [--quick] [--out docs]

9 M cells x 8 criteria x 20,000 parcels, drawn, the same on every machine; weightings drawn alike (Dirichlet 1).
Processor seconds of one process. Two peers, each with our answer to the same question:

cell centres    numpy adds the eight rasters with the weights (one matrix product, the faster of two ways) and takes
                the mean over the cells whose centre a parcel holds (bincount), for every weighting. Ours: the
                same means once for every criterion, then `potential.score` and `potential.acceptability`.
exact coverage  exactextract takes the means of the summed raster, for some weightings, scaled up to all of them. Ours:
                `potential.score` with criteria of source raster, then `potential.acceptability`.

Before a ratio is printed every parcel's score agrees to 1e-9 in every draw that the peer did, and so does who is
among the top tenth. Ours is the least of three runs; ratios are printed with the ranks that the peers do not give,
and without them.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import geopandas as gpd
import layers
import numpy as np
import pandas as pd
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from rasterio.features import rasterize
from rasterio.transform import Affine
from scipy.ndimage import zoom
from zones_bench import circumstances_of, renew

from renewal_geo.potential import acceptability, score
from renewal_geo.spatial.rasters import Raster

MARKERS = ("<!-- potential begin -->", "<!-- potential end -->")
CRITERIA, COMMON = (
    8,
    0.5,
)  # every raster shares this much of one pattern: near the centre much is good at once
WIDTH_M = 27_000.0
COARSE = (12, 40, 150)  # knots of the patterns, from hills to blocks
RUNS = 3
AGREE = 1e-9
HEAD = "| question | draws | CPU s | scaled to all, s | peer ÷ ours |\n| --- | --: | --: | --: | --: |\n"


@dataclass(frozen=True, eq=False)
class Ground:
    """Parcels, eight rasters of 0..1 as one matrix (criteria x cells), the parcel of every cell (from 1; 0: none), and
    how many cells each parcel holds.
    """

    parcels: gpd.GeoDataFrame
    bands: np.ndarray
    labels: np.ndarray
    held: np.ndarray
    corner: tuple[float, float]
    cell_m: float

    @property
    def names(self):
        return [f"c{at}" for at in range(len(self.bands))]

    @property
    def side(self):
        return int(self.bands.shape[1] ** 0.5)

    @property
    def bounds(self):
        (left, top), width = self.corner, self.side * self.cell_m
        return left, top - width, left + width, top


def ground_of(side, count, seed=7):
    """Draw the district on side x side cells with so many parcels."""
    random = np.random.default_rng(seed)
    parcels = layers.parcels(count).set_index("parcel_id")
    left, _, right, top = parcels.total_bounds
    cell = WIDTH_M / side
    corner = ((left + right - WIDTH_M) / 2, top + cell)
    common = _pattern(side, random)
    bands = np.empty((CRITERIA, side * side))
    for band in bands:
        made = COMMON * common + (1 - COMMON) * _pattern(side, random)
        band[:] = ((made - made.min()) / (made.max() - made.min())).ravel()
    grid = Affine(cell, 0.0, corner[0], 0.0, -cell, corner[1])
    drawn = zip(parcels.geometry, range(1, count + 1), strict=True)
    labels = rasterize(drawn, out_shape=(side, side), transform=grid, dtype="int32")
    labels = labels.ravel().astype(np.int64)  # as bincount takes them
    held = np.bincount(labels, minlength=count + 1)[1:]
    return Ground(parcels, bands, labels, held, corner, cell)


def _pattern(side, random):
    total = np.zeros((side, side))
    for strength, knots in zip((1.0, 0.6, 0.3), COARSE, strict=True):
        total += (
            strength
            * zoom(random.standard_normal((knots, knots)), side / knots, order=1)[:side, :side]
        )
    return total


def weightings(draws, seed=11):
    return np.random.default_rng(seed).dirichlet(np.ones(CRITERIA), draws)


def cpu(call):
    begun = time.process_time()
    result = call()
    return time.process_time() - begun, result


def least_of(runs, call):
    timed = [cpu(call) for _ in range(runs)]
    return min(seconds for seconds, _ in timed), timed[0][1]


def means_of(ground, cells):
    """Return the mean of the cells whose centre every parcel holds."""
    return np.bincount(ground.labels, cells, len(ground.held) + 1)[1:] / ground.held


def asked_of(ground, **more):
    return [
        {
            "id": name,
            "low": 0.0,
            "high": 1.0,
            "weight": 1.0,
            **{k: v(name) for k, v in more.items()},
        }
        for name in ground.names
    ]


def by_columns(ground, means):
    table = pd.DataFrame(dict(zip(ground.names, means, strict=True)), index=ground.parcels.index)
    return score(table, asked_of(ground, column=lambda name: name), weights_are="points")


def by_rasters(ground):
    grid = (ground.cell_m, 0.0, ground.corner[0], 0.0, -ground.cell_m, ground.corner[1])
    shape = (ground.side, ground.side)
    rasters = {
        name: Raster(band.reshape(shape), grid, ground.parcels.crs, name=name, kind="density")
        for name, band in zip(ground.names, ground.bands, strict=True)
    }
    asked = asked_of(
        ground, source=lambda _: "raster", layer=lambda name: name, statistic=lambda _: "mean"
    )
    return score(ground.parcels, asked, rasters=rasters, weights_are="points")


def top_of(ground):
    return -(-len(ground.parcels) // 10)


def ranked(ground, potential, weights):
    table = pd.DataFrame(weights, columns=ground.names)
    return acceptability(potential, weights=table, top=top_of(ground))


@dataclass
class Peer:
    """What a peer's draws came to: seconds, the worst disagreement with ours, who was at the top."""

    seconds: float = 0.0
    worst: float = 0.0
    draws: int = 0
    always: np.ndarray | None = None
    ever: np.ndarray | None = None

    def saw(self, theirs, ours, top):
        self.draws += 1
        self.worst = max(self.worst, float(np.abs(theirs - ours).max()))
        is_in = np.round(theirs, 12) >= np.round(np.partition(theirs, -top)[-top], 12)
        self.always = is_in if self.always is None else self.always & is_in
        self.ever = is_in if self.ever is None else self.ever | is_in


def summed_again(ground, weights, found, zonal):
    """Run a peer: sum the rasters under every weighting and take its means; compare outside of its time."""
    peer, cells = Peer(), np.empty(ground.bands.shape[1])
    for at, row in enumerate(weights):

        def draw(row=row):
            np.dot(row, ground.bands, out=cells)
            return zonal(cells)

        seconds, theirs = cpu(draw)
        peer.seconds += seconds
        peer.saw(theirs, found.scores(at).to_numpy(), top_of(ground))
    return peer


def exact_means(ground, cells):
    left, bottom, right, top = ground.bounds
    source = NumPyRasterSource(
        cells.reshape(ground.side, ground.side),
        left,
        bottom,
        right,
        top,
        srs_wkt=ground.parcels.crs.to_wkt(),
    )
    made = exact_extract(
        source,
        ground.parcels[["geometry"]],
        ["mean"],
        strategy="raster-sequential",
        output="pandas",
    )
    return made["mean"].to_numpy()


def in_place_seconds(ground, weights):
    """Return the seconds per draw of numpy's other way to add rasters: one after the other, in place."""
    cells, part = np.empty(ground.bands.shape[1]), np.empty(ground.bands.shape[1])

    def add():
        for row in weights:
            np.multiply(ground.bands[0], row[0], out=cells)
            for band, weight in zip(ground.bands[1:], row[1:], strict=True):
                np.multiply(band, weight, out=part)
                np.add(cells, part, out=cells)

    return cpu(add)[0] / len(weights)


def checked(peer, found, draws):
    assert peer.worst <= AGREE, f"a score differs by {peer.worst}"
    if peer.draws == draws:
        share = found.table["top_share"].to_numpy()
        assert ((share == 1) == peer.always).all(), "others stay at the top"
        assert ((share > 0) == peer.ever).all(), "others are ever at the top"


def compared(ground, draws, exact_draws):
    """Return the rows of the table and the facts beneath it; raises where an answer differs."""
    weights = weightings(draws)
    rows, facts = [], {}
    zonal_s, means = least_of(RUNS, lambda: [means_of(ground, band) for band in ground.bands])
    score_s, potential = least_of(RUNS, lambda: by_columns(ground, means))
    ranks_s, found = least_of(RUNS, lambda: ranked(ground, potential, weights))
    plain_s, _ = least_of(RUNS, lambda: [found.scores(at) for at in range(draws)])
    peer = summed_again(ground, weights, found, lambda cells: means_of(ground, cells))
    checked(peer, found, draws)
    once = zonal_s + score_s
    rows += [
        ("cell centres: rasters summed again, means", peer.draws, peer.seconds, peer.seconds, None),
        ("cell centres: ours, means once, all scores", draws, once + plain_s, once + plain_s, peer.seconds),
        ("cell centres: ours, with ranks, intervals, shares of the top", draws, once + ranks_s, once + ranks_s,
         peer.seconds),
    ]  # fmt: skip
    exact_s, whole = least_of(1, lambda: by_rasters(ground))
    again_s, accepted = least_of(RUNS, lambda: ranked(ground, whole, weights))
    other = summed_again(
        ground, weights[:exact_draws], accepted, lambda cells: exact_means(ground, cells)
    )
    checked(other, accepted, draws)
    scaled = other.seconds * draws / other.draws
    rows += [
        ("exact coverage: rasters summed again, exactextract", other.draws, other.seconds, scaled, None),
        ("exact coverage: ours, all scores", draws, exact_s + plain_s, exact_s + plain_s, scaled),
        ("exact coverage: ours, with ranks, intervals, shares of the top", draws, exact_s + again_s,
         exact_s + again_s, scaled),
    ]  # fmt: skip
    counts = found.table["class"].value_counts()
    facts |= {
        "parts": f"means {zonal_s:.2f} s, score {score_s:.2f} s, scores of all draws {plain_s:.2f} s, ranks and the "
        f"rest {ranks_s:.2f} s; exact coverage of eight rasters {exact_s:.2f} s",
        "worst": max(peer.worst, other.worst),
        "top": found.top,
        "always": int(counts.get("always", 0)),
        "ever": int((found.table["top_share"] > 0).sum()),
    }
    return rows, facts


def line_of(question, draws, seconds, scaled, theirs):
    ratio = "" if theirs is None else f"{theirs / scaled:,.0f}×"
    return f"| {question} | {draws:,} | {seconds:.2f} | {scaled:.2f} | {ratio} |\n"


def main():
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--quick", action="store_true", help="a hundredth of it, for a first look")
    ask.add_argument("--out", type=Path, help="folder of potential_benchmark.md")
    given = ask.parse_args()
    side, count, draws, exact = (300, 1_000, 100, 10) if given.quick else (3_000, 20_000, 1_000, 10)
    ground = ground_of(side, count)
    ranked(
        ground, by_columns(ground, [means_of(ground, band) for band in ground.bands]), weightings(3)
    )
    rows, facts = compared(ground, draws, exact)
    used = f"exactextract {version('exactextract')}"
    in_place = in_place_seconds(ground, weightings(3))
    text = (
        f"{circumstances_of()} {used}. {side * side:,} cells × {CRITERIA} criteria × {count:,} parcels × {draws:,} "
        f"weightings; largest difference of a score {facts['worst']:.1e}.\n\n{HEAD}"
        + "".join(line_of(*row) for row in rows)
        + f"\nOurs in parts: {facts['parts']}. Adding eight rasters in place, without the means, takes numpy "
        f"{1000 * in_place:.0f} ms a weighting: the peer above uses the matrix product.\n\n"
        f"Of the {facts['top']:,} parcels of the top tenth, {facts['always']:,} stay there under all {draws:,} "
        f"weightings; {facts['ever']:,} are there at least once.\n"
    )
    print(text)
    if given.out:
        renew(given.out / "potential_benchmark.md", MARKERS, text)


if __name__ == "__main__":
    main()
