"""One zone alone: where just one may be drawn it is found, and proven best, as a connected subgraph.

The relaxation of :mod:`renewal_geo.zones.bounds` adds zones up; of a single zone much more is known. The
question is handed to :mod:`renewal_geo.solvers.connected`, whose proof is told in parcels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renewal_geo.foundation.errors import ProofError
from renewal_geo.solvers.connected import Connected, best_connected
from renewal_geo.solvers.connected_proof import replay_connected
from renewal_geo.zones.parts import largest_zone
from renewal_geo.zones.problem import Problem, Reduced, allows_one, reduce

Ints = NDArray[np.int64]


def is_single(problem: Problem, reduced: Reduced) -> bool:
    """Return whether the question is one connected set; groups that are apart are none of its limits."""
    return allows_one(problem) and not reduced.alike


def is_plain(problem: Problem, reduced: Reduced) -> bool:
    """Return whether only weight and connection count: no outline, share or area limit binds the zone."""
    return (
        not reduced.cost.any()
        and not len(reduced.slack)
        and problem.min_area <= 0
        and largest_zone(problem) >= reduced.area.sum()
    )


def best_zone(
    problem: Problem,
    reduced: Reduced,
    *,
    starts: Sequence[Ints],
    seed: int,
    deadline: float,
    gap: float,
) -> Connected:
    """Find the best single zone (nodes of the reduced problem), with a proof in parcel numbers.

    Parameters
    ----------
    problem, reduced
        Which allow one zone at most.
    starts
        Zones known before, as parcel numbers.
    seed, deadline, gap
        As of :func:`renewal_geo.solvers.connected.best_connected`.
    """
    found = best_connected(
        *_graph(reduced),
        **_limits(problem, reduced),
        starts=[np.unique(reduced.node_of[zone]) for zone in starts],
        seed=seed,
        deadline=deadline,
        gap=gap,
    )
    first = np.unique(reduced.node_of, return_index=True)[1]
    proof = renamed(found.proof, lambda node: int(first[int(node)]))
    return Connected(found.nodes, found.value, found.bound, proof, closed=found.closed)


def replay_zone(problem: Problem, proof: Mapping[str, Any]) -> float:
    """Recompute the bound of a proof that names parcels by number.

    Raises
    ------
    ProofError
        If more than one zone may be drawn, or the proof is not one.
    """
    reduced = reduce(problem)
    if not is_single(problem, reduced):
        raise ProofError("the proof is of one zone, the limits allow several", code="bad_proof")

    def node(parcel: Any) -> int:
        if not 0 <= int(parcel) < len(reduced.node_of):
            raise ProofError(f"the proof names an unknown parcel {parcel!r}", code="bad_proof")
        return int(reduced.node_of[int(parcel)])

    try:
        named = renamed(proof, node)
        return replay_connected(*_graph(reduced), **_limits(problem, reduced), proof=named)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as fault:
        raise ProofError(f"the proof is not one: {fault}", code="bad_proof") from fault


def renamed(proof: Mapping[str, Any], name: Callable[[Any], Any]) -> dict[str, Any]:
    """Return a proof with another name for every parcel."""

    def cut(one: Mapping[str, Any]) -> dict[str, Any]:
        told = {**one, "node": name(one["node"])}
        for key in ("wall", "inside"):
            if key in one:
                told[key] = [name(member) for member in one[key]]
        return told

    def tree(one: Mapping[str, Any]) -> dict[str, Any]:
        if one.get("split") is None:
            return dict(one)
        return {
            **one,
            "split": name(one["split"]),
            "in": tree(one["in"]),
            "out": tree(one["out"]),
        }

    return {**proof, "cuts": [cut(one) for one in proof["cuts"]], "tree": tree(proof["tree"])}


def _graph(reduced: Reduced) -> tuple[Any, ...]:
    return reduced.worth, reduced.pairs, reduced.cost, reduced.area, reduced.slack


def _limits(problem: Problem, reduced: Reduced) -> dict[str, Any]:
    return {
        "min_area": problem.min_area,
        "max_area": largest if (largest := largest_zone(problem)) < reduced.area.sum() else np.inf,
        "forced": reduced.locked,
        "nonempty": bool(problem.min_zones),
    }
