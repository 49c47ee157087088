"""The best set of nodes when every border costs: a maximum closure by minimum cut.

Maximises sum of weight[i] x[i] - sum of cost[e] |x[u] - x[v]| over x in {0, 1}. Only numpy and
scipy, so that anyone can replay a bound. The bound is safe: it is computed from a real-valued feasible
flow, and a feasible flow can only overstate the optimum, never understate it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

LARGEST_SUM = 2**30  # capacities and flows of scipy are 32-bit integers
ROUNDS = 3  # each routes what the rounding of the one before has left over
SAFETY = 1e-12  # relative, for the sums of the bound itself
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def closure(
    weight: Floats,
    pairs: Ints,
    cost: Floats,
    forced: Bools | None = None,
    rounds: int = ROUNDS,
) -> tuple[float, Bools, Floats]:
    """Return an upper bound of the best closure, a closure that (nearly) attains it, and the flow.

    Parameters
    ----------
    weight
        Length n, any sign.
    pairs
        Shape (m, 2), node numbers; a pair may occur once.
    cost
        Length m, non-negative: paid where one end is chosen and the other is not.
    forced
        Length n, nodes that must be chosen; none by default.
    rounds
        One is enough for a price that is being sought; three bring the bound to within about 1e-9.

    Returns
    -------
    tuple
        Bound (never below the true optimum), chosen nodes, and per pair the net flow from its first to
        its second node, at most the cost: with it anyone can add up the bound again.
    """
    n = len(weight)
    if n == 0:
        return 0.0, np.zeros(0, dtype=bool), np.zeros(len(pairs))
    weight = np.asarray(weight, dtype=float)
    positive = np.maximum(weight, 0.0)
    into = np.maximum(-weight, 0.0)
    if forced is not None and forced.any():
        # a forced node may not be cut from the source: more than everything else together
        huge = 1.0 + np.abs(weight).sum() + 2.0 * cost.sum()
        positive = np.where(forced, huge, positive)
        into = np.where(forced, 0.0, into)
    source, sink = n, n + 1
    nodes = np.arange(n)
    tail = np.concatenate([np.full(n, source), nodes, pairs[:, 0], pairs[:, 1]])
    head = np.concatenate([nodes, np.full(n, sink), pairs[:, 1], pairs[:, 0]])
    room = np.concatenate([positive, into, cost, cost]).astype(float)
    flow = np.zeros(len(room))
    routed = 0.0
    # no flow exceeds the smaller side, so with this scale none exceeds 32 bits
    scale = LARGEST_SUM / max(min(positive.sum(), into.sum()), 1e-9 * positive.sum(), 1e-30)
    shape = (n + 2, n + 2)
    chosen = np.zeros(n, dtype=bool)
    for _ in range(rounds):
        left = np.maximum(room - flow, 0.0)
        units = np.floor(np.minimum(left * scale, LARGEST_SUM)).astype(np.int32)
        graph = csr_array((units, (tail, head)), shape=shape)
        found = maximum_flow(graph, source, sink)
        moved = csr_array(found.flow)
        step = np.asarray(moved[tail, head]).ravel() / scale
        flow += np.maximum(step, 0.0)
        # flow both ways over one border cancels
        m = len(pairs)
        if m:
            forth, back = flow[2 * n : 2 * n + m], flow[2 * n + m :]
            both = np.minimum(forth, back)
            flow[2 * n : 2 * n + m] = forth - both
            flow[2 * n + m :] = back - both
        routed += float(found.flow_value) / scale
        rest = csr_array((units, (tail, head)), shape=shape) - moved
        rest.data = np.where(rest.data > 0, 1, 0)
        rest.eliminate_zeros()
        reached = breadth_first_order(rest, source, return_predecessors=False)
        chosen = np.isin(nodes, reached)
        scale *= 2**12
    if forced is not None and forced.any():
        chosen |= forced
        surplus = float(positive[~forced].sum() + weight[forced].sum())
        # what is routed out of a forced node's surplus is a real loss
        bound = surplus - routed
    else:
        bound = float(positive.sum()) - routed
    noise = SAFETY * (float(np.abs(weight).sum()) + float(cost.sum()))
    net = flow[2 * n : 2 * n + len(pairs)] - flow[2 * n + len(pairs) :]
    if bound <= noise and not chosen.any():
        return 0.0, chosen, net  # nothing is worth choosing: what is left is noise of the sums
    return bound + noise, chosen, net
