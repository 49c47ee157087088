"""On which side of a line a point lies, decided exactly, with ties broken by a shift of one layer.

The layers of an overlay are *A* and *B*. B counts as moved by (e, e^2) for an e > 0 that is smaller than
every distance: then no corner of one layer lies on an edge of the other, no two edges lie on one
line, and every crossing is a plain one. Areas are continuous, so that what is measured of the moved
layer is the area of the unmoved one (simulation of simplicity: Edelsbrunner and Mücke, ACM Transactions
on Graphics 9, 1990). Signs are exact for all finite doubles: a quick filter first, then error-free sums
(Shewchuk, Discrete & Computational Geometry 18, 1997).
"""

from __future__ import annotations

import numpy as np

from renewal_geo.foundation.compiled import compiled

FILTER = 3.3306690738754716e-16 * 1.01  # (3 + 16 u) u with u = 2^-53, and room for its own rounding
SPLITTER = 134217729.0  # 2^27 + 1
TERMS = 12
EXACT_ENOUGH = 1e-12


@compiled
def side(px, py, qx, qy, rx, ry):
    """Return 1, 0 or -1 as r lies left of, on, or right of the line from p to q; exact."""
    ax, ay = qx - px, ry - py
    bx, by = qy - py, rx - px
    left, right = ax * ay, bx * by
    det = left - right
    bound = FILTER * (abs(left) + abs(right))
    if det > bound:
        return 1
    if det < -bound:
        return -1
    if (rx == px and ry == py) or (rx == qx and ry == qy):
        return 0
    return int(np.sign(_exact_determinant(px, py, qx, qy, rx, ry)))


@compiled
def determinant(px, py, qx, qy, rx, ry):
    """Return twice the signed area of the triangle p, q, r, right to some twelve digits at least."""
    left, right = (qx - px) * (ry - py), (qy - py) * (rx - px)
    det = left - right
    if FILTER * (abs(left) + abs(right)) < EXACT_ENOUGH * abs(det):
        return det
    return _exact_determinant(px, py, qx, qy, rx, ry)


@compiled
def moved_side(px, py, qx, qy, rx, ry, sign):
    """Return the side as :func:`side`, never 0.

    `sign` is 1 where the line belongs to B and the point to A, -1 where the line is A's and the
    point B's. Moving p and q by (e, e^2) adds e dy - e^2 dx to the determinant.
    """
    exact = side(px, py, qx, qy, rx, ry)
    return exact if exact != 0 else tie(px, py, qx, qy, sign)


@compiled
def tie(px, py, qx, qy, sign):
    """Return the side of a point on the line, as :func:`moved_side` counts it."""
    if qy != py:
        return sign if qy > py else -sign
    return -sign if qx > px else sign


@compiled
def _product(a, b):
    """Return a b as a sum of two doubles without error (Dekker)."""
    whole = a * b
    c = SPLITTER * a
    a_high = c - (c - a)
    a_low = a - a_high
    c = SPLITTER * b
    b_high = c - (c - b)
    b_low = b - b_high
    rest = a_low * b_low - (((whole - a_high * b_high) - a_low * b_high) - a_high * b_low)
    return whole, rest


@compiled
def _exact_determinant(px, py, qx, qy, rx, ry):
    """Return qx ry - qx py - px ry - qy rx + qy px + py rx, summed without error, rounded once."""
    sums = np.zeros(TERMS)
    size = 0
    for n in range(6):
        if n == 0:
            high, low = _product(qx, ry)
        elif n == 1:
            high, low = _product(-qx, py)
        elif n == 2:
            high, low = _product(-px, ry)
        elif n == 3:
            high, low = _product(-qy, rx)
        elif n == 4:
            high, low = _product(qy, px)
        else:
            high, low = _product(py, rx)
        for term in (low, high):
            size = _grown(sums, size, term)
    total = 0.0
    for n in range(size):  # smallest first: the largest decides the sign and is added last
        total += sums[n]
    return total


@compiled
def _grown(sums, size, term):
    """Add one double to an expansion of growing, nonoverlapping terms without error."""
    carry = term
    for n in range(size):
        whole = carry + sums[n]
        virtual = whole - carry
        sums[n] = (carry - (whole - virtual)) + (sums[n] - virtual)
        carry = whole
    sums[size] = carry
    return size + 1
