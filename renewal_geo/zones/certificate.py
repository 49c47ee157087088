"""The certificate: what was promised, as plain values that stand by themselves."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from renewal_geo.foundation.errors import ProofError
from renewal_geo.foundation.provenance import Provenance, versions
from renewal_geo.zones.pool import Candidates
from renewal_geo.zones.problem import Problem, zone_value
from renewal_geo.zones.search import Answer
from renewal_geo.zones.single import renamed
from renewal_geo.zones.terms import Terms

FORMAT = 1


def write(
    found: Candidates,
    answer: Answer,
    membership: pd.Series,
    terms: Terms,
    provenance: Provenance | None,
    began: float,
) -> dict[str, Any]:
    """Return the certificate of an answer: JSON-able, parcels by their ids, nothing clock-bound but `run`."""
    ids = found.table.index.to_numpy()[found.order].astype(str)
    members = membership.dropna()
    zones = {
        str(zone): sorted(str(one) for one in members.index[(members == zone).to_numpy()])
        for zone in sorted(members.unique())
    }
    return {
        "format": FORMAT,
        "question": "zones",
        "verb": "delineate",
        "status": answer.status,
        "stopped_by": answer.stopped_by,
        "objective": answer.objective,
        "bound": answer.bound,
        "gap": answer.gap,
        "bound_proof": named_proof(answer.proof, ids),
        "parameters": {
            **terms.as_record(),
            **{k: float(v) for k, v in found.links.parameters.items()},
            "time_limit_s": terms.time_limit_s,
            "gap": terms.gap,
            "contiguity": "derived" if found.links.derived else "links given, not derived",
            "crs": found.parcels.crs.to_string(),  # type: ignore[union-attr]
        },
        "inputs": [] if provenance is None else provenance.as_record()["inputs"],
        "zones": zones,
        "conflict": [_named_conflict(one, ids) for one in answer.conflict],
        "versions": versions(),
        "seed": terms.seed,
        "run": {
            "seconds": round(time.monotonic() - began, 3),
            "machine": platform.machine(),
            "cores": os.cpu_count(),
        },
    }


def named_proof(proof: Mapping[str, Any], ids: Sequence[str]) -> dict[str, Any]:
    """Return a proof with parcel ids instead of numbers."""
    return _translated(proof, lambda number: str(ids[int(number)]))


def numbered_proof(proof: Mapping[str, Any], ids: Sequence[str]) -> dict[str, Any]:
    """Return a proof with parcel numbers instead of ids.

    Raises
    ------
    ProofError
        If it names a parcel that is no candidate.
    """
    place = {str(one): number for number, one in enumerate(ids)}

    def number(one: Any) -> int:
        if str(one) not in place:
            raise ProofError(f"the proof names {one!r}, which is no candidate", code="bad_proof")
        return place[str(one)]

    return _translated(proof, number)


def net_values(problem: Problem, zones: Sequence[np.ndarray]) -> list[float]:
    """Return the net value of each zone of parcel numbers."""
    return [zone_value(problem, zone) for zone in zones]


def zone_figures(found: Candidates, answer: Answer, membership: pd.Series) -> pd.DataFrame:
    """Return ``net_value`` and ``outline_m`` by zone id."""
    problem = found.problem
    rows = {}
    for zone in answer.zones:
        inside = np.zeros(problem.size, dtype=bool)
        inside[zone] = True
        ends = inside[problem.pairs]
        leaving = ends[:, 0] != ends[:, 1]
        outline = float(problem.own[zone].sum() + problem.frontage[leaving].sum())
        name = membership.iloc[found.order[zone[0]]]
        rows[name] = {"net_value": zone_value(problem, zone), "outline_m": outline}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["net_value", "outline_m"])


def _translated(proof: Mapping[str, Any], name: Any) -> dict[str, Any]:
    """Return a proof with another name for every parcel."""
    if proof.get("kind") == "connected":
        return renamed(proof, name)
    if "prices" in proof:
        return {**proof, "prices": [[name(parcel), price] for parcel, price in proof["prices"]]}
    if "cuts" not in proof:
        return dict(proof)

    def cut(one: Mapping[str, Any]) -> dict[str, Any]:
        told = {**one, "nodes": [name(member) for member in one["nodes"]]}
        if "node" in one:
            told["node"] = name(one["node"])
        if "by_link" in one:
            told["by_link"] = [name(member) for member in one["by_link"]]
        return told

    def leaf(one: Mapping[str, Any]) -> dict[str, Any]:
        return {**one, "fixings": [[name(parcel), inside] for parcel, inside in one["fixings"]]}

    told = {
        **proof,
        "cuts": [cut(one) for one in proof["cuts"]],
        "dead": [{**one, "parcel": name(one["parcel"])} for one in proof["dead"]],
    }
    if "joint" in proof:
        told["joint"] = [leaf(one) for one in proof["joint"]]
    if "components" in proof:
        told["components"] = [
            {"parcel": name(one["parcel"]), "leaves": [leaf(branch) for branch in one["leaves"]]}
            for one in proof["components"]
        ]
    return told


def _named_conflict(conflict: Mapping[str, Any], ids: Sequence[str]) -> dict[str, Any]:
    parcels = [
        str(ids[one]) if isinstance(one, (int, np.integer)) else str(one)  # type: ignore[index]
        for one in conflict["parcels"]
    ]
    return {**conflict, "parcels": parcels}
