"""The matching itself: what fits, the best plan with its bound, and why the rest is not answered."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.foundation import crs as crs_rules
from renewal_geo.foundation.errors import Faults
from renewal_geo.foundation.labels import label
from renewal_geo.foundation.provenance import Provenance, versions
from renewal_geo.sitebank.fitting import AREA_ROOM_M2, Fit, Terms, distances_between, fit
from renewal_geo.sitebank.inputs import Needs, Sites, read_needs, read_sites
from renewal_geo.sitebank.matching import Matching
from renewal_geo.sitebank.reasons import reasons_of
from renewal_geo.sitebank.words import PRIORITIES
from renewal_geo.solvers.matching import Answer, Clash, assign, require
from renewal_geo.solvers.matching_search import Pairs

Floats = NDArray[np.float64]
JOINT = "; "


def match(
    sites: gpd.GeoDataFrame,
    needs: gpd.GeoDataFrame,
    *,
    as_of: dt.date | None = None,
    distances: Any = None,
    include_inside: bool = False,
    max_late_days: float = 0.0,
    distance_weight: float = 1.0,
    late_weight: float = 10.0,
    waste_weight: float = 0.01,
    priorities: Sequence[str] = PRIORITIES,
    share_site: bool = True,
    obey_required: bool = True,
    time_limit_s: float = 30.0,
    gap: float = 0.0,
    seed: int = 0,
) -> Matching:
    """Match off-site handover land with the needs of facilities, as many as can be, with a bound.

    First as many needs of the first priority as can be, then of the second ..., then the least cost. A pair costs
    ``distance_weight x metres + late_weight x days late + waste_weight x m2 of the site beyond the need``.

    Parameters
    ----------
    sites
        By ``site_id`` (text), projected CRS: ``area_m2`` (else planar), ``inside`` (外部 | 内部),
        ``available_from`` or ``due_on``, ``status, use, required, forbidden, exclusive_group`` where there are.
    needs
        By ``need_id``, in the same CRS: ``min_area_m2``; optional ``min_width_m, max_dist_m, need_by, uses,
        priority``. An empty cell is no limit.
    as_of
        Day of the data: a site promised for an earlier day that is not in reserve counts as available from it.
    distances
        Metres from needs to sites instead of straight lines between points: a table (need ids by site ids), or an
        array or sparse matrix in the order of the rows; what is missing cannot be reached.
    include_inside
        Take sites inside units too, and those that do not say.
    max_late_days
        Days by which a site may come after the need's day.
    distance_weight, late_weight, waste_weight
        Per metre, per day, per m2; not negative.
    priorities
        Words from what comes first to what comes last, those of one rank joined by ``|``.
    share_site
        Several needs may share a site as long as their least areas fit into it.
    obey_required
        Sites marked ``required`` must each answer a need; False leaves the mark unheeded.
    time_limit_s
        Wall clock of the search.
    gap
        The count of each priority and the cost are each searched until proven within this share.
    seed
        Recorded; nothing here is left to chance.

    Returns
    -------
    Matching
        ``optimal`` only where every priority's count and the cost are proven.

    Raises
    ------
    InputError
        All faults of the tables and parameters at once.
    CRSError
        Where a table's CRS cannot measure, or the two differ.

    Notes
    -----
    Weights: with C the sum over needs of their dearest pair, a need of the last priority weighs C + 1, one of an
    earlier priority C + 1 and all needs of later priorities together. So no number of later needs and no cost
    outweighs one need, and the greatest value is the best plan in the order above. The search goes priority by
    priority and never adds numbers of such different size; the weights only say its result in one figure.
    """
    faults = Faults()
    terms = Terms(distance_weight, late_weight, waste_weight, max_late_days)
    _check(terms, time_limit_s, gap, priorities, faults)
    bank = read_sites(
        sites, faults, as_of=as_of, include_inside=include_inside, obey_required=obey_required
    )
    asked = read_needs(needs, faults, priorities=priorities, placed=distances is None)
    crs_rules.require_same(bank.table, asked.table, ("sites", "needs"))
    faults.raise_if_any()
    metres = distances_between(asked, bank, distances, faults)
    faults.raise_if_any()
    found = fit(asked, bank, metres, terms)
    pairs, clashes, unmet = require(_pairs(found, asked, bank, shared=share_site))
    answer = assign(pairs, time_limit_s=time_limit_s, gap=gap)
    weights = _weights(found, asked)
    figures = _figures(answer, weights, possible=not len(unmet))
    straight = () if distances is not None else (label("sitebank.straight", "en"),)
    parameters = {
        "include_inside": include_inside, "max_late_days": max_late_days,
        "distance_weight": distance_weight, "late_weight": late_weight, "waste_weight": waste_weight,
        "priorities": list(priorities), "share_site": share_site,
        "obey_required": obey_required, "time_limit_s": time_limit_s,
        "gap": gap, "distances": "straight" if distances is None else "given",
        "as_of": None if as_of is None else as_of.isoformat(),
    }  # fmt: skip
    return Matching(
        needs=_need_table(found, asked, bank, answer, terms, shared=share_site),
        sites=_site_table(asked, bank, answer),
        pairs=_pair_table(found, asked, bank, answer),
        **figures,
        stopped_by=answer.stopped_by,
        conflict=tuple(_conflict(one, bank, asked) for one in clashes),
        notes=(*bank.notes, *asked.notes, *straight),
        provenance=Provenance(parameters=parameters, versions=versions(), seed=seed),
        ranks=_rank_table(asked, answer, weights),
        cost=answer.cost,
        least_cost=answer.least_cost,
        parameters=parameters,
    )


def _check(
    terms: Terms, time_limit_s: float, gap: float, priorities: Sequence[str], faults: Faults
) -> None:
    named = {
        "distance_weight": terms.distance, "late_weight": terms.late, "waste_weight": terms.waste,
        "max_late_days": terms.max_late_days, "time_limit_s": time_limit_s, "gap": gap,
    }  # fmt: skip
    for name, figure in named.items():
        if not (math.isfinite(figure) and figure >= 0):
            faults.add(
                f"{name} = {figure}",
                where=f"[sitebank] {name}",
                fix="give 0 or more",
                code="bad_limit",
            )
    texts = [word.strip().casefold() for one in priorities for word in one.split("|")]
    if not texts or len(set(texts)) < len(texts) or "" in texts:
        faults.add(
            "priorities are empty, or one word stands twice",
            where="[sitebank] priorities",
            fix='list words from first to last, such as ["高", "中", "低"]',
            code="bad_priorities",
        )


def _pairs(found: Fit, needs: Needs, sites: Sites, *, shared: bool) -> Pairs:
    need, site = np.nonzero(found.feasible)
    return Pairs(
        need=need,
        site=site,
        cost=found.cost[need, site],
        size=needs.area_m2,
        rank=needs.rank,
        room=sites.area_m2 + AREA_ROOM_M2,
        group=sites.group,
        required=sites.required,
        shared=shared,
        ranks=len(needs.rank_names),
    )


def _weights(found: Fit, needs: Needs) -> Floats:
    """Return what a need of each rank weighs: more than all later ones and all costs together."""
    dearest = np.nan_to_num(found.cost).max(axis=1, initial=0.0)
    least = float(dearest.sum()) + 1.0
    counts = np.bincount(needs.rank, minlength=len(needs.rank_names))
    weights = np.zeros(len(counts))
    later = 0.0
    for rank in range(len(counts) - 1, -1, -1):
        weights[rank] = least + later
        later += float(counts[rank]) * weights[rank]
    return weights


def _figures(answer: Answer, weights: Floats, *, possible: bool) -> dict[str, Any]:
    if not possible:
        return {"status": "infeasible", "objective": None, "bound": None, "gap": None}
    objective = float(answer.served @ weights) - answer.cost
    bound = max(objective, float(answer.most @ weights) - answer.least_cost)
    return {
        "status": "optimal" if answer.closed else "feasible",
        "objective": objective,
        "bound": objective if answer.closed else bound,
        "gap": 0.0 if answer.closed else (bound - objective) / max(abs(objective), 1e-9),
    }


def _need_table(
    found: Fit, needs: Needs, sites: Sites, answer: Answer, terms: Terms, *, shared: bool
) -> gpd.GeoDataFrame:
    n, there = len(needs.at), answer.site_of >= 0
    at = (np.arange(n), np.where(there, answer.site_of, 0))
    spare = sites.area_m2[at[1]] - needs.area_m2 if len(sites.at) else np.zeros(n)
    made = {
        "site_id": np.where(there, sites.ids[at[1]], "") if len(sites.at) else np.full(n, ""),
        "distance_m": np.where(there, found.distance[at], np.nan) if len(sites.at) else np.nan,
        "days_late": np.where(there, found.late[at], np.nan) if len(sites.at) else np.nan,
        "spare_m2": np.where(there, spare, np.nan),
        **reasons_of(found, needs, sites, answer.site_of, terms, shared=shared),
    }
    return _joined(needs.table, pd.DataFrame(made, index=needs.ids))


def _site_table(needs: Needs, sites: Sites, answer: Answer) -> gpd.GeoDataFrame:
    held: list[list[str]] = [[] for _ in sites.at]
    for need, site in enumerate(answer.site_of.tolist()):
        if site >= 0:
            held[site].append(str(needs.ids[need]))
    there = answer.site_of >= 0
    used = np.bincount(
        answer.site_of[there], needs.area_m2[there], minlength=len(sites.at)
    )  # fmt: skip
    made = pd.DataFrame(
        {
            "needs": [JOINT.join(sorted(one)) for one in held],
            "used_m2": used,
            "left_m2": np.maximum(sites.area_m2 - used, 0.0),
            "width_m": sites.width_m,
            "bank_area_m2": sites.area_m2,
        },
        index=sites.ids,
    )
    table = _joined(sites.table, made)
    return table.assign(needs=table["needs"].fillna("").astype(object))


def _joined(table: gpd.GeoDataFrame, made: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the caller's rows with what was found; a column of his of the same name steps aside."""
    taken = {name: f"{name}_original" for name in made.columns if name in table.columns}
    plain = table.rename(columns=taken)
    found = made.reindex(plain.index)
    return gpd.GeoDataFrame(
        pd.concat([plain, found], axis=1), geometry=table.geometry.name, crs=table.crs
    )


def _pair_table(found: Fit, needs: Needs, sites: Sites, answer: Answer) -> pd.DataFrame:
    n, m = found.use.shape
    chosen = answer.site_of[:, None] == np.arange(m)
    made = pd.DataFrame(
        {
            "need_id": np.repeat(needs.ids, m),
            "site_id": np.tile(sites.ids, n),
            "feasible": found.feasible.ravel(),
            "matched": chosen.ravel(),
            "area_short_m2": found.area_short.ravel(),
            "width_short_m": found.width_short.ravel(),
            "days_late": found.late.ravel(),
            "distance_over_m": found.over.ravel(),
            "use_fits": found.use.ravel(),
            "distance_m": found.distance.ravel(),
            "cost": found.cost.ravel(),
        }
    )
    return made.sort_values(["need_id", "site_id"], ignore_index=True)


def _rank_table(needs: Needs, answer: Answer, weights: Floats) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "priority": list(needs.rank_names),
            "needs": np.bincount(needs.rank, minlength=len(needs.rank_names)),
            "answered": answer.served,
            "bound": answer.most,
            "weight": weights,
        }
    )


def _conflict(clash: Clash, sites: Sites, needs: Needs) -> dict[str, object]:
    """Say which required sites cannot all be used, and why."""
    names = sorted(str(one) for one in sites.ids[clash.sites])
    rivals = sorted(str(one) for one in needs.ids[clash.needs])
    group = not len(clash.needs) and len(clash.sites) > 1
    because = "exclusive_group" if group else "no_need" if not len(clash.needs) else "few_needs"
    said = {
        f"text_{lang}": label(
            f"sitebank.clash_{because}", lang, sites=label("sitebank.joint", lang).join(names),
            needs=label("sitebank.joint", lang).join(rivals), count=len(names), fewer=len(rivals),
        )
        for lang in ("zh", "en")
    }  # fmt: skip
    short = len(names) - (1 if group else len(rivals))
    return {
        "limit": "required", "because": because, "sites": names, "needs": rivals, "short": short, **said,
    }  # fmt: skip
