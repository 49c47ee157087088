"""The least change of weights, any of them together, that moves a parcel across rank N: bounds by branch and bound.

A change moves the mass mu out of criteria in shares beta and into criteria in shares alpha:
``w' = w + mu (alpha - beta)``. A cell is a box of alpha and beta. Over a cell no score grows faster, relative to the
parcel's own, than at its own best corner: the mass at which enough parcels could then have changed places is a
lower bound for the cell. The first real crossing along a ray inside it is an upper bound. The cell that promises
most is halved, until the bounds meet or the work is spent.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renewal_geo.foundation.compiled import compiled
from renewal_geo.potential.stability_sweeps import TIE
from renewal_geo.spatial.polygons import Floats

Ints = NDArray[np.int64]
CLOSE = 1e-10  # relative: nothing better is looked for
SMALL = 0.02  # boxes where every corner matters
WINDOW = 2e-8  # of mass: a lead that lasts no longer is not taken for a crossing
NARROW = 1e-9  # boxes are not halved further


@compiled
def search(
    ratings: Floats,
    scores: Floats,
    weights: Floats,
    top: int,
    low: Floats,
    high: Floats,
    ways: Floats,
    order: Ints,
    cells: int,
    work: Ints,
) -> int:
    """Close in on the least mass that moves the parcels of `order` across rank `top`; change the bounds in place.

    Parameters
    ----------
    ratings, scores
        n x k and n, best score first; equal scores are equal to the last bit.
    weights, top
        k, and N.
    low, high
        n: bounds on the mass that are known.
    ways
        n x k: the change per mass by which `high` is reached.
    order
        Positions of parcels, those that matter most first.
    cells, work
        How many cells a parcel may have, and how many lines may be looked at, for one parcel and in all.

    Returns
    -------
    int
        How many parcels were looked at.
    """
    n = len(ratings)
    spent = 0
    for done in range(len(order)):
        i = order[done]
        if low[i] >= high[i] * (1.0 - CLOSE):
            continue
        if spent >= work[1]:
            return done
        is_in = n > top and np.searchsorted(-scores, -scores[i]) < top
        sign = 1.0 if is_in else -1.0
        start, slopes, fixed = _lines(ratings, scores, i, sign, high[i])
        needed = (top if is_in else n - top) - fixed
        limit = min(cells, max(1, work[0] // max(1, len(start))))
        low[i], high[i], seen = narrowed(
            start, slopes, weights, needed, is_in, low[i], high[i], limit, ways[i]
        )
        spent += seen * len(start)
    return len(order)


@compiled
def _lines(ratings, scores, i, sign, cap):
    """Return the lines that can change places with parcel `i` within a mass `cap`, and how many others stay up."""
    n, k = ratings.shape
    start, slopes = np.empty(n), np.empty((n, k))
    size, fixed = 0, 0
    for j in range(n):
        if j == i:
            continue
        y = sign * (scores[j] - scores[i])
        up, down = -np.inf, np.inf
        for c in range(k):
            slopes[size, c] = sign * (ratings[j, c] - ratings[i, c])
            up, down = max(up, slopes[size, c]), min(down, slopes[size, c])
        if abs(y) <= cap * (up - down) + TIE and up > down:
            start[size] = y
            size += 1
        elif y > 0.0 or (y == 0.0 and sign < 0.0):
            fixed += 1
    return start[:size].copy(), slopes[:size].copy(), fixed


@compiled
def _reached(start, rates, needed, limit, is_strict, is_bound):
    """Return the first mass up to `limit` at which `needed` of the lines ``start + rates * mass`` are up; inf for none.

    Up is above 0 where `is_strict`, else at or above it. For a bound, what rises and what falls at the same mass count
    in the order that lets more be up. A real crossing must last: what rises where another falls proves nothing.
    """
    size = len(start)
    ups, downs = np.empty(size), np.empty(size)
    rising, falling, count = 0, 0, 0
    for j in range(size):
        y, h = start[j], rates[j]
        if y > 0.0 or (y == 0.0 and not is_strict):
            count += 1
            if h < 0.0 and y <= -h * (limit + WINDOW):
                downs[falling] = y / -h
                falling += 1
        elif h > TIE and -y <= h * limit:
            ups[rising] = -y / h
            rising += 1
    if count >= needed:
        return 0.0
    if count + rising < needed:
        return np.inf
    rise, fall = np.sort(ups[:rising]), np.sort(downs[:falling])
    late = -TIE if is_bound else WINDOW
    down = 0
    for up in range(rising):
        while down < falling and fall[down] <= rise[up] + late:
            down += 1
            count -= 1
        count += 1
        if count >= needed:
            return rise[up]
    return np.inf


@compiled
def _filled(values, order, low, room, left, into):
    """Put the shares `left` over from `low` on `order`, first come, within `room`; return all shares times values."""
    total = 0.0
    for c in range(len(values)):
        into[c] = low[c]
        total += low[c] * values[c]
    for q in range(len(values)):
        c = order[q]
        more = min(room[c], left)
        into[c] += more
        total += more * values[c]
        left -= more
        if left <= 0.0:
            break
    return total


@compiled
def _tightened(low, high):
    """Shrink a box to what shares that add to 1 can use of it; return whether anything is left."""
    below, above = low.sum(), high.sum()
    if below > 1.0 + TIE or above < 1.0 - TIE:
        return False
    for c in range(len(low)):
        lower = max(low[c], 1.0 - (above - high[c]))
        upper = min(high[c], 1.0 - (below - low[c]))
        low[c], high[c] = lower, max(upper, lower)
    return True


@compiled
def _bounded(start, slopes, order, weights, needed, is_strict, box, bound, high, rates):
    """Return a lower bound on the mass within a cell; fill in how fast each line rises at best. Tightens the box."""
    size, k = slopes.shape
    into = np.empty(k)
    for again in range(2):  # with a higher bound less can be taken out of one criterion
        if bound > 0.0:
            spare = weights / bound
            if again and not (spare < box[3]).any():
                return bound
            box[3] = np.minimum(box[3], spare)
        if not (_tightened(box[0], box[1]) and _tightened(box[2], box[3])):
            return np.inf
        room_in, room_out = box[1] - box[0], box[3] - box[2]
        left_in, left_out = 1.0 - box[0].sum(), 1.0 - box[2].sum()
        for j in range(size):
            rates[j] = _filled(slopes[j], order[j], box[0], room_in, left_in, into)
            rates[j] -= _filled(slopes[j], order[j, ::-1], box[2], room_out, left_out, into)
        bound = max(bound, _reached(start, rates, needed, high, is_strict, True))
        if bound >= high * (1.0 - CLOSE):
            return bound
    return bound


@compiled
def _ray(start, slopes, weights, needed, is_strict, toward, high, way):
    """Return the least mass known after a look along the ray `toward`, and where on the ray the parcel crosses."""
    moved = np.abs(toward).sum() / 2.0
    if moved <= TIE:
        return high, np.inf
    end = high / moved
    for c in range(len(toward)):
        if toward[c] < 0.0:
            end = min(end, -weights[c] / toward[c])
    mass = _reached(start, slopes @ toward, needed, end, is_strict, False)
    if mass * moved < high and (mass < end - WINDOW or not is_strict):
        high = mass * moved
        way[:] = toward / moved
    return high, mass


@compiled
def narrowed(start, slopes, weights, needed, is_strict, low, high, cells, way):
    """Return bounds on the least mass at which `needed` of the lines are up, and how many cells were seen.

    Parameters
    ----------
    start, slopes
        Lines j are ``start[j] + slopes[j] @ change``; m and m x k.
    weights
        k: more than that cannot be taken away.
    needed, is_strict
        How many must be up; above 0, or at or above it.
    low, high
        Bounds that are known.
    cells
        How many may be looked at.
    way
        k: the change per mass by which `high` is reached; written where a better one is found.
    """
    size, k = slopes.shape
    order = np.empty((size, k), dtype=np.int64)
    for j in range(size):
        order[j] = np.argsort(-slopes[j])
    boxes = np.zeros((cells + 2, 4, k))  # least and greatest alpha, least and greatest beta
    bounds = np.full(cells + 2, np.inf)
    boxes[0, 1], boxes[0, 3] = 1.0, 1.0
    bounds[0] = low
    alive, seen, given_up = 1, 0, np.inf
    rates, mean, apart = np.empty(size), np.empty(k), np.empty(2 * k)
    into, out_of, other = np.zeros(k), np.zeros(k), np.empty(k)
    while alive > 0 and seen < cells:
        best = np.argmin(bounds[:alive])
        if bounds[best] >= high * (1.0 - CLOSE):
            break
        box, bound = boxes[best].copy(), bounds[best]
        alive -= 1
        bounds[best], boxes[best] = bounds[alive], boxes[alive]
        seen += 1
        bound = _bounded(start, slopes, order, weights, needed, is_strict, box, bound, high, rates)
        if bound >= high * (1.0 - CLOSE):
            continue
        room_in, room_out = box[1] - box[0], box[3] - box[2]
        left_in, left_out = 1.0 - box[0].sum(), 1.0 - box[2].sum()
        mean[:] = 0.0
        for j in range(size):
            if 0.5 * bound * rates[j] <= -start[j] <= 1.5 * bound * rates[j]:
                mean += slopes[j]
        for _ in range(
            2
        ):  # the ray that is best for these, then for those that are level where it crosses
            ranking = np.argsort(-mean)
            _filled(mean, ranking, box[0], room_in, left_in, into)
            _filled(mean, ranking[::-1], box[2], room_out, left_out, out_of)
            toward = into - out_of
            high, mass = _ray(start, slopes, weights, needed, is_strict, toward, high, way)
            if not mass < np.inf:
                break
            near = np.abs(start + (slopes @ toward) * mass)
            nearest = min(size - 1, 8 + needed // 4)
            level = np.partition(near, nearest)[nearest]
            mean[:] = 0.0
            for j in range(size):
                if near[j] <= level:
                    mean += slopes[j]
        if (
            max(room_in.max(), room_out.max()) < SMALL
        ):  # the best corners of the lines that decide here
            near = np.abs(start + rates * bound)
            for j in np.argsort(near)[:k]:
                _filled(slopes[j], order[j], box[0], room_in, left_in, other)
                toward = other.copy()
                _filled(slopes[j], order[j, ::-1], box[2], room_out, left_out, other)
                toward -= other
                high, _ = _ray(start, slopes, weights, needed, is_strict, toward, high, way)
        apart[:] = 0.0
        for j in range(size):
            if start[j] <= 0.0 and -start[j] <= rates[j] * bound * 1.5:
                _filled(slopes[j], order[j], box[0], room_in, left_in, other)
                apart[:k] += np.abs(other - into)
                _filled(slopes[j], order[j, ::-1], box[2], room_out, left_out, other)
                apart[k:] += np.abs(other - out_of)
        apart[:k] *= room_in > NARROW
        apart[k:] *= room_out > NARROW
        if not apart.max() > 0.0:
            apart[:k], apart[k:] = room_in, room_out
        widest = np.argmax(apart)
        side, c = (0, widest) if widest < k else (2, widest - k)
        if box[side + 1, c] - box[side, c] <= NARROW:
            given_up = min(given_up, bound)
            continue
        boxes[alive], boxes[alive + 1] = box, box
        boxes[alive, side + 1, c] = boxes[alive + 1, side, c] = 0.5 * (
            box[side, c] + box[side + 1, c]
        )
        boxes[alive + 1, 3 - side, c] = 0.0  # what is put into a criterion is not taken out of it
        bounds[alive], bounds[alive + 1] = bound, bound
        alive += 2
    for q in range(alive):
        given_up = min(given_up, bounds[q])
    return max(low, min(given_up, high)), high, seen
