"""Is the share of weightings in which a parcel is chosen what one finds by delineating anew under each?

Draws the zones of a study, asks :func:`renewal_geo.zones.robustness` under 30 weightings of its criteria, then really
delineates under the first of them, and compares parcel by parcel. The same values searched with another seed tell how
much of the difference is the search.

    python benchmarks/weightings.py [--study data/shapefiles] [--anew 10] [--seconds 10]
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from pathlib import Path

import numpy as np
import pandas as pd

from renewal_geo import io, zones
from renewal_geo.workflow.drawings import checked, repaired
from renewal_geo.workflow.preparation import prepare, zone_terms
from renewal_geo.workflow.zones import weighted_values

FIRST_S, ROBUST_S = 120.0, 120.0  # enough for a gap of 1 % and for every draw
CLASSES = ("never", "possible", "likely", "core")


def main() -> None:
    """Run it and print two tables."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--study", type=Path, default=Path("data/shapefiles"))
    asked.add_argument("--anew", type=int, default=10)
    asked.add_argument("--seconds", type=float, default=10.0)
    given = asked.parse_args()
    study = io.open_study(given.study)
    mended = repaired(study, checked(study))
    study = dataclasses.replace(study, tables={**study.tables, "parcels": mended.table})
    prepared = prepare(study)
    values = weighted_values(study, prepared)
    if values is None:
        raise SystemExit("the zones of this study are not drawn by a score of several criteria")
    terms = zone_terms(study, prepared)
    found = zones.delineate(
        prepared.parcels, prepared.links, **{**terms, "time_limit_s": FIRST_S, "workers": 2}
    )
    print(found)
    began, spent = time.monotonic(), time.process_time()
    firm = zones.robustness(found, values=values, time_limit_s=ROBUST_S)
    print(f"{firm}; {time.monotonic() - began:.1f} s, {time.process_time() - spent:.1f} CPU s")
    anew = _anew(found, prepared, terms, values, given)
    _print_classes(firm.table, anew.mean(axis=1))


def _anew(found, prepared, terms, values, given) -> pd.DataFrame:
    """Delineate under each of the first weightings; return who is in, by parcel and draw."""
    ids = found.found.table.index[found.found.order]
    area = pd.Series(found.found.problem.area, ids)
    own = found.membership.reindex(ids).notna()
    limits = {**terms, "value": "drawn", "time_limit_s": given.seconds, "workers": 2}
    inside = {}
    for name in list(values.columns[: given.anew]):
        parcels = prepared.parcels.assign(drawn=values[name])
        one = zones.delineate(parcels, prepared.links, **limits)
        inside[name] = one.membership.reindex(ids).notna()
        print(f"weighting {name}: {one}; {_alike(own, inside[name], area)} with the planner's")
    parcels = prepared.parcels.assign(drawn=found.found.table["value"])
    again = zones.delineate(parcels, prepared.links, **{**limits, "seed": 1})
    other = again.membership.reindex(ids).notna()
    print(f"the planner's own values, seed 1: {again}; {_alike(own, other, area)}")
    return pd.DataFrame(inside)


def _alike(one: pd.Series, other: pd.Series, area: pd.Series) -> str:
    common, either = area[one & other].sum(), area[one | other].sum()
    return f"{common / either:.1%} of the area and {np.mean(one == other):.1%} of the parcels alike"


def _print_classes(firm: pd.DataFrame, share: pd.Series) -> None:
    frequency = firm["frequency"]
    ever = (frequency > 0) | (share > 0)
    same = (frequency >= 0.5) == (share >= 0.5)
    print(
        f"in or out by half: {same.mean():.1%} alike; {same[ever].mean():.1%} of {ever.sum():,} ever chosen"
    )
    for name in CLASSES:
        held = firm["class"] == name
        print(
            f"{name}: {held.sum():,} parcels, frequency {frequency[held].mean():.3f}, anew {share[held].mean():.3f}"
        )


if __name__ == "__main__":
    main()
