"""Bounds that anyone can replay with numpy alone: no solver, no compiled code.

A *relaxation* proof holds a price of the budget and, for each component, the leaves of a branching: nodes
fixed in or out, and multipliers of share rows and cuts. Whatever non-negative multipliers it holds, what it
yields is an upper bound on the value of all feasible answers (:mod:`renewal_geo.solvers.bounding`). An
*enumeration* proof of a small district says: list every zone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from renewal_geo.foundation.errors import ProofError
from renewal_geo.solvers.bounding import Leaf, covers, leaf_bound
from renewal_geo.solvers.cuts import Cut, Row, row_of
from renewal_geo.zones.listing import AREA_TOLERANCE_HA, listed_bound
from renewal_geo.zones.parts import Part, joined, largest_total, parts
from renewal_geo.zones.problem import Problem, Reduced, reduce
from renewal_geo.zones.single import replay_zone

DIGITS = 10  # significant, of the numbers in a proof: a rounded multiplier is a multiplier
SAFETY = 1e-12
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def replay(problem: Problem, proof: Mapping[str, Any]) -> float:
    """Recompute the upper bound that a proof yields.

    Parameters
    ----------
    problem
        The problem, as re-derived from the inputs.
    proof
        ``{"kind": "relaxation", "budget_price", "cuts", "components", "dead"}`` (see :func:`written`),
        ``{"kind": "connected", ...}`` of a single zone, or ``{"kind": "enumeration", "value", "prices",
        "budget_price"}`` of a small district; parcels by their number in `problem`.

    Returns
    -------
    float
        No feasible answer is worth more.

    Raises
    ------
    ProofError
        If a multiplier is negative, a cut does not hold, branches leave out a case, or a component that is
        called dead could hold a zone.
    """
    if proof.get("kind") == "enumeration":
        return listed_bound(problem, proof)
    if proof.get("kind") == "connected":
        return replay_zone(problem, proof)
    if proof.get("kind") != "relaxation":
        raise ProofError(f"unknown kind of proof {proof.get('kind')!r}", code="bad_proof")
    reduced = reduce(problem)
    price = _multiplier(proof.get("budget_price", 0.0), "budget_price")
    total = largest_total(problem)
    if total is None and price:
        raise ProofError("the proof prices a budget that there is not", code="bad_proof")
    dead = set(_dead(reduced, problem.min_area, proof.get("dead", ())).tolist())
    cuts = proof.get("cuts", ())
    living = {k: part for k, part in enumerate(parts(problem, reduced)) if k not in dead}
    if "joint" in proof and living:
        whole = joined(problem, reduced, list(living.values()))
        bound = price * (total or 0.0)
        bound += part_bound(whole, price, proof["joint"], cuts, reduced, total)
    else:
        branches = _branches(reduced, proof)
        bound = price * (total or 0.0)
        for number, part in living.items():
            bound += part_bound(part, price, branches.get(number, ()), cuts, reduced)
    return bound + SAFETY * abs(bound)


def part_bound(
    part: Part,
    price: float,
    branches: Sequence[Mapping[str, Any]],
    cuts: Sequence[Mapping[str, Any]],
    reduced: Reduced,
    budget: float | None = None,
) -> float:
    """Return the bound of one component: that of its worst branch.

    With a `budget` (ha), which all components share then, each branch may have a price of its own on top.

    Raises
    ------
    ProofError
        As :func:`replay`.
    """
    leaves = [_leaf(part, one, cuts, reduced) for one in branches] or [
        (
            Leaf((), np.zeros(len(part.terrain.slack)), (), np.empty(0), np.zeros(len(part.links))),
            [],
        )
    ]
    if not covers([leaf for leaf, _ in leaves]):
        raise ProofError("the branches of a component leave out a case", code="bad_proof")
    if budget is None and any(leaf.price for leaf, _ in leaves):
        raise ProofError("a branch prices a budget that is not its own", code="bad_proof")
    return max(
        leaf.price * (budget or 0.0)
        + leaf_bound(
            part.terrain, part.weight(price + leaf.price), part.gain, part.locked, leaf, rows
        )
        for leaf, rows in leaves
    )


def written(
    reduced: Reduced,
    price: float,
    branches: Sequence[tuple[Part, Sequence[Leaf]]],
    dead: Sequence[Mapping[str, Any]],
    *,
    joint: bool = False,
) -> dict[str, Any]:
    """Return a proof as plain values, parcels by their number.

    With `joint` the only branch list is that of all components together.

    Each cut is written once, however many leaves use it; a node is named by its first parcel. Numbers are
    rounded to ten digits: any multipliers give a valid bound, and what they give is replayed.
    """
    first = np.full(reduced.size, len(reduced.node_of), dtype=np.int64)
    np.minimum.at(first, reduced.node_of, np.arange(len(reduced.node_of)))
    cuts: list[dict[str, Any]] = []
    place: dict[int, int] = {}
    components = []
    for part, leaves in branches:
        names = first[part.nodes]
        told = []
        for leaf in leaves:
            for cut in leaf.cuts:
                if id(cut) not in place:
                    place[id(cut)] = len(cuts)
                    cuts.append(_told(cut, names))
            told.append(
                {
                    "fixings": [[int(names[node]), bool(inside)] for node, inside in leaf.fixings],
                    "shares": _rounded(leaf.shares),
                    "cuts": [place[id(cut)] for cut in leaf.cuts],
                    "multipliers": _rounded(leaf.multipliers),
                    "flow": _rounded(leaf.flow) if leaf.flow.any() else [],
                    **({"price": leaf.price} if joint else {}),
                }
            )
        components.append({"parcel": int(names.min()), "leaves": told})
    lists = {"joint": components[0]["leaves"]} if joint else {"components": components}
    return {
        "kind": "relaxation",
        "budget_price": 0.0 if joint else float(price),
        "cuts": cuts,
        **lists,
        "dead": list(dead),
    }


def cuts_of(problem: Problem, proof: Mapping[str, Any]) -> dict[int, tuple[Leaf, list[Row]]]:
    """Return, by component of a changed problem, the multipliers of the worst branches, fixings left aside.

    Cuts and multipliers hold wherever they are put; those that the change has made invalid are left out, and
    where components have grown together theirs are joined.
    """
    reduced = reduce(problem)
    every = parts(problem, reduced)
    found: dict[int, tuple[Leaf, list[Row]]] = {}
    for one in proof.get("components", ()):
        number = int(reduced.component[reduced.node_of[_number(reduced, one["parcel"])]])
        claim = {**one["leaves"][0], "flow": []}
        leaf, rows = _leaf(every[number], claim, proof.get("cuts", ()), reduced, lenient=True)
        if number in found:
            known, before = found[number]
            leaf = Leaf(
                (),
                (known.shares + leaf.shares) / 2,
                (*known.cuts, *leaf.cuts),
                np.concatenate([known.multipliers, leaf.multipliers]),
                leaf.flow,
            )
            rows = [*before, *rows]
        found[number] = (leaf, rows)
    return found


def _told(cut: Cut, names: Ints) -> dict[str, Any]:
    told: dict[str, Any] = {"kind": cut.kind, "nodes": names[cut.nodes].tolist()}
    if cut.kind == "separator":
        told["node"] = int(names[cut.node])
    elif cut.kind == "share":
        told["share"] = int(cut.node)
        told["by_link"] = names[cut.aside].tolist()
    else:
        told["parents"] = cut.aside.tolist()
    return told


def _rounded(values: Floats) -> list[float]:
    return [float(f"{value:.{DIGITS}g}") for value in values]


def _branches(reduced: Reduced, proof: Mapping[str, Any]) -> dict[int, Sequence[Mapping[str, Any]]]:
    found: dict[int, Sequence[Mapping[str, Any]]] = {}
    for one in proof.get("components", ()):
        component = int(reduced.component[reduced.node_of[_number(reduced, one["parcel"])]])
        if component in found:
            raise ProofError("the proof bounds a component twice", code="bad_proof")
        found[component] = one["leaves"]
    return found


def _leaf(
    part: Part,
    claim: Mapping[str, Any],
    cuts: Sequence[Mapping[str, Any]],
    reduced: Reduced,
    *,
    lenient: bool = False,
) -> tuple[Leaf, list[Row]]:
    terrain = part.terrain
    place = np.full(reduced.size, -1)
    place[part.nodes] = np.arange(len(part.nodes))

    def nodes(parcels: Sequence[Any]) -> Ints:
        numbers = place[reduced.node_of[[_number(reduced, one) for one in parcels]]]
        if (numbers < 0).any():
            raise ProofError("a cut of the proof leaves its component", code="bad_proof")
        return np.asarray(numbers, dtype=np.int64)

    shares = np.array([_multiplier(one, "shares") for one in claim["shares"]])
    if len(shares) != len(terrain.slack):
        raise ProofError("the proof has another number of shares", code="bad_proof")
    flow = np.array([float(one) for one in claim["flow"]] or np.zeros(len(part.links)))
    if len(flow) != len(part.links) or not np.isfinite(flow).all():
        raise ProofError("the proof has another number of links", code="bad_proof")
    multipliers = [_multiplier(one, "cut") for one in claim["multipliers"]]
    used, rows, weights = [], [], []
    for number, multiplier in zip(claim["cuts"], multipliers, strict=True):
        try:
            cut = _cut(cuts[int(number)], nodes)
            row = row_of(cut, terrain)
        except (ValueError, ProofError) as fault:
            if lenient:
                continue
            raise ProofError(str(fault), code="bad_proof") from fault
        used.append(cut)
        rows.append(row)
        weights.append(multiplier)
    fixings = [] if lenient else claim.get("fixings", ())
    fixed = tuple((int(nodes([parcel])[0]), bool(inside)) for parcel, inside in fixings)
    price = _multiplier(claim.get("price", 0.0), "price")
    return Leaf(fixed, shares, tuple(used), np.array(weights), flow, price), rows


def _cut(claim: Mapping[str, Any], nodes: Any) -> Cut:
    kind, members = claim.get("kind"), nodes(claim["nodes"])
    if kind == "separator":
        # parcels of one node may all be named
        return Cut("separator", np.unique(members), int(nodes([claim["node"]])[0]))
    if kind == "share":
        by_link = nodes(claim["by_link"]) if claim["by_link"] else np.empty(0, np.int64)
        return Cut("share", members, int(claim["share"]), by_link)
    if kind == "overflow":
        return Cut("overflow", members, -1, np.array(claim["parents"], dtype=np.int64))
    raise ProofError(f"unknown kind of cut {kind!r}", code="bad_proof")


def reachable_area(reduced: Reduced, nodes: Ints, multipliers: Floats) -> float:
    """Bound the area that part of `nodes` can have with its shares kept, by given multipliers."""
    gained = reduced.area[nodes] + multipliers @ reduced.slack[:, nodes]
    return float(np.maximum(gained, 0.0).sum())


def _dead(reduced: Reduced, min_area: float, claims: Sequence[Mapping[str, Any]]) -> Ints:
    """Return components too small for a zone, and those whose shares are shown to forbid one."""
    sizes = np.bincount(reduced.component, reduced.area)
    dead = set(np.flatnonzero(sizes < min_area - AREA_TOLERANCE_HA).tolist())
    for claim in claims:
        component = int(reduced.component[reduced.node_of[_number(reduced, claim["parcel"])]])
        multipliers = np.array([_multiplier(one, "dead") for one in claim["shares"]])
        nodes = np.flatnonzero(reduced.component == component)
        if reachable_area(reduced, nodes, multipliers) >= min_area - AREA_TOLERANCE_HA:
            raise ProofError(
                "a component that the proof calls dead may hold a zone", code="bad_proof"
            )
        dead.add(component)
    return np.array(sorted(dead), dtype=np.int64)


def _number(reduced: Reduced, parcel: Any) -> int:
    if not 0 <= int(parcel) < len(reduced.node_of):
        raise ProofError(f"the proof names an unknown parcel {parcel!r}", code="bad_proof")
    return int(parcel)


def _multiplier(value: Any, name: str) -> float:
    number = float(value)
    if not np.isfinite(number) or number < 0:
        raise ProofError(f"the multiplier {name} of the proof is {value!r}", code="bad_proof")
    return number
