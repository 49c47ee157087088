"""Proven bounds of changed problems, from the multipliers that proved the answer.

Multipliers that were good for the study's limits are valid for any limits and merely less tight, as
long as the rows that they multiply still hold; rows that do not are left out. So the proof is carried over
to the changed problem and the price of the budget is found anew.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renewal_geo.foundation.errors import ProofError
from renewal_geo.zones.listing import AREA_TOLERANCE_HA
from renewal_geo.zones.parts import Part, joined, largest_total, parts
from renewal_geo.zones.pricing import Tilted
from renewal_geo.zones.problem import Problem, Reduced, reduce
from renewal_geo.zones.proof import cuts_of, part_bound, reachable_area
from renewal_geo.zones.search import Answer
from renewal_geo.zones.single import is_single, replay_zone

FAR = 0.3  # of the answer's price
SAFETY = 1e-12  # relative, for the sum over the components
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Ceilings:
    """Bounds of problems that share their parcels with one that was solved.

    ``late`` tells whether a deadline made any bound less tight than it would have been.
    """

    def __init__(self, answer: Answer) -> None:
        self.price = float(answer.price)
        self.late = False
        self._proof = answer.proof

    def of(
        self,
        problem: Problem,
        *,
        price: float | None = None,
        deadline: float = np.inf,
        quick: bool = False,
    ) -> tuple[float, float]:
        """Return an upper bound on every feasible answer, and the price of a hectare that gives it.

        Parameters
        ----------
        problem
            The changed problem; parcels keep their numbers (new ones may follow).
        price
            Where the search for the price begins; at the answer's own by default.
        deadline
            Monotonic clock; the search for a price ends with it, a bound is returned in any case.
        quick
            Leave out the replay of a proof that does not part the components.

        Notes
        -----
        With a price on the budget the components part, and each is bounded by itself (Lagrangean
        relaxation: Geoffrion 1974). At the answer's price each takes the better of two bounds: the answer's
        own branches, where they still hold, and a minimum cut with their multipliers. A proof of another
        kind (all components together, or one zone alone) is replayed as a whole.
        """
        reduced = reduce(problem)
        every = parts(problem, reduced)
        dead = self._dead(problem, reduced)
        living = [number for number in range(len(every)) if number not in dead]
        rows = self._rows(problem, reduced)
        total = largest_total(problem)
        tilted = Tilted.of([every[k] for k in living], [rows.get(k) for k in living])
        begin = self.price if price is None else price
        best = tilted.best(total, reduced.size, start=begin, deadline=deadline)
        if abs(best.price - self.price) > FAR * self.price:
            # so far from where they were made the multipliers may do more harm than good
            bare = Tilted.of([every[k] for k in living], [None] * len(living))
            other = bare.best(total, reduced.size, start=best.price, deadline=deadline)
            best = min(best, other, key=lambda one: one.bound)
        found = [(float(best.bound), float(best.price))]
        parting = [every[k] for k in living]
        if total is not None or self.price == 0:
            at_price = self._at_price(parting, [rows.get(k) for k in living], total, reduced)
            found.append((at_price, self.price))
        if not quick and time.monotonic() < deadline:
            found.append((self._replayed(problem, reduced, parting, total), float(best.price)))
        self.late |= time.monotonic() > deadline
        return min(found)

    def _at_price(
        self, living: Sequence[Part], rows: Sequence[Any], total: float | None, reduced: Reduced
    ) -> float:
        """Return the bound at the answer's price, each component with the better of its two."""
        branches = self._branches(reduced)
        whole = self.price * (total or 0.0)
        for part, row in zip(living, rows, strict=True):
            cut, _, _ = Tilted.of([part], [row]).at(self.price, None, 1)
            number = int(reduced.component[part.nodes[0]])
            whole += min(cut, self._branched(part, branches.get(number, ()), reduced))
        return float(whole + SAFETY * abs(whole))

    def _replayed(
        self, problem: Problem, reduced: Reduced, living: Sequence[Part], total: float | None
    ) -> float:
        """Return what a proof that does not part the components yields here; infinite where it does not hold."""
        kind = self._proof.get("kind")
        joint = self._proof.get("joint", ())
        try:
            if kind == "connected" and is_single(problem, reduced):
                return float(replay_zone(problem, self._proof))
            # a branch may price the budget, so there must be one
            if joint and living and total is not None:
                whole = joined(problem, reduced, living)
                return part_bound(whole, 0.0, joint, self._proof["cuts"], reduced, total)
        except (ProofError, IndexError):  # a cut no longer holds, or links or parcels were added
            pass
        return np.inf

    def _dead(self, problem: Problem, reduced: Reduced) -> set[int]:
        """Return components too small for a zone, and those whose shares still forbid one."""
        sizes = np.bincount(reduced.component, reduced.area)
        least = problem.min_area - AREA_TOLERANCE_HA
        dead = set(np.flatnonzero(sizes < least).tolist())
        for claim in self._proof.get("dead", ()):
            component = int(reduced.component[reduced.node_of[int(claim["parcel"])]])
            nodes = np.flatnonzero(reduced.component == component)
            multipliers = np.array(claim["shares"], dtype=float)
            if reachable_area(reduced, nodes, multipliers) < least:
                dead.add(component)
        return dead

    def _branches(self, reduced: Reduced) -> dict[int, Sequence[Mapping[str, Any]]]:
        found: dict[int, Sequence[Mapping[str, Any]]] = {}
        twice = set()
        for one in self._proof.get("components", ()):
            component = int(reduced.component[reduced.node_of[int(one["parcel"])]])
            if component in found:
                twice.add(component)
            found[component] = one["leaves"]
        for component in twice:  # what was two components: neither's branches cover it
            del found[component]
        return found

    def _branched(self, part: Part, leaves: Sequence[Mapping[str, Any]], reduced: Reduced) -> float:
        if not leaves:
            return np.inf
        try:
            return part_bound(part, self.price, leaves, self._proof.get("cuts", ()), reduced)
        except ProofError:  # a cut no longer holds, or links were added
            return np.inf

    def _parted(self, reduced: Reduced) -> Sequence[Mapping[str, Any]]:
        """Return the proof by components; one of all together gives each the cuts that lie in it."""
        joint = self._proof.get("joint", ())
        if not joint:
            return list(self._proof.get("components", ()))
        leaf, cuts = joint[0], self._proof["cuts"]
        of_parcel = reduced.component[reduced.node_of]
        _, first = np.unique(of_parcel, return_index=True)
        own = [of_parcel[int(cuts[int(cut)]["nodes"][0])] for cut in leaf["cuts"]]
        return [
            {
                "parcel": int(parcel),
                "leaves": [
                    {
                        "shares": leaf["shares"],
                        "cuts": [
                            c for c, k in zip(leaf["cuts"], own, strict=True) if k == component
                        ],
                        "multipliers": [
                            m
                            for m, k in zip(leaf["multipliers"], own, strict=True)
                            if k == component
                        ],
                    }
                ],
            }
            for component, parcel in enumerate(first)
        ]

    def _rows(self, problem: Problem, reduced: Reduced) -> dict[int, Any]:
        """Return for each component the multipliers to carry over, those of joined components together."""
        joint: dict[int, dict[str, Any]] = {}
        weights: dict[int, float] = {}
        sizes = np.bincount(reduced.component, reduced.area)
        for one in self._parted(reduced):
            leaf = one["leaves"][0]
            component = int(reduced.component[reduced.node_of[int(one["parcel"])]])
            known = joint.setdefault(
                component,
                {"parcel": one["parcel"], "shares": 0.0, "cuts": [], "multipliers": []},
            )
            size = max(float(sizes[component]), 1e-9)
            known["shares"] = known["shares"] + size * np.array(leaf["shares"], dtype=float)
            weights[component] = weights.get(component, 0.0) + size
            known["cuts"] += list(leaf["cuts"])
            known["multipliers"] += list(leaf["multipliers"])
        components = [
            {
                "parcel": one["parcel"],
                "leaves": [
                    {
                        "shares": (one["shares"] / weights[component]).tolist(),
                        "cuts": one["cuts"],
                        "multipliers": one["multipliers"],
                        "flow": [],  # the minimum cut finds its own
                        "fixings": [],
                    }
                ],
            }
            for component, one in joint.items()
        ]
        try:
            return dict(cuts_of(problem, {**self._proof, "components": components}))
        except ProofError:
            return {}
