"""How far apart colours look, to people who see all of them and to people who do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Machado, Oliveira, Fernandes: A physiologically-based model for simulation of color vision
# deficiency (IEEE TVCG 15, 2009), severity 1.0, in linear RGB.
VISIONS: Mapping[str, Floats] = {
    "normal": np.eye(3),
    "protan": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                        [-0.003882, -0.048116, 1.051998]]),
    "deutan": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                        [-0.011820, 0.042940, 0.968881]]),
    "tritan": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                        [0.004733, 0.691367, 0.303900]]),
}  # fmt: skip
CLEAR = 10.0  # below this, classes of two areas apart on a map are easily taken for one another
_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)  # fmt: skip
_WHITE = np.array([0.95047, 1.0, 1.08883])  # D65


@dataclass(frozen=True, slots=True)
class Closest:
    """The two colours that look most alike, by name, and how far apart they are (CIEDE2000)."""

    difference: float
    one: str
    other: str


def contrast(fills: Mapping[str, str]) -> dict[str, Closest]:
    """Return the closest two of some colours under each vision.

    Parameters
    ----------
    fills
        Name -> ``#rrggbb``, at least two.

    Returns
    -------
    dict
        ``normal``, ``protan``, ``deutan``, ``tritan`` -> the closest pair.
    """
    names = list(fills)
    found = {}
    for vision in VISIONS:
        seen = [lab(fills[name], vision) for name in names]
        found[vision] = min(
            (Closest(difference(seen[i], seen[j]), names[i], names[j])
             for i, j in combinations(range(len(names)), 2)),
            key=lambda pair: (pair.difference, pair.one, pair.other),
        )  # fmt: skip
    return found


def confusable(
    drawn: Sequence[tuple[str, str, str]], clear: float = CLEAR
) -> list[tuple[str, str, str, float]]:
    """Return pairs of one hatch that somebody takes for one another.

    Parameters
    ----------
    drawn
        Name, ``#rrggbb`` and hatch of each class.
    clear
        Smallest difference (CIEDE2000) that needs no second sign.

    Returns
    -------
    list
        Vision, the two names, and their difference.
    """
    found = []
    for vision in VISIONS:
        seen = [lab(fill, vision) for _, fill, _ in drawn]
        for i, j in combinations(range(len(drawn)), 2):
            apart = difference(seen[i], seen[j])
            if drawn[i][2] == drawn[j][2] and apart < clear:
                found.append((vision, drawn[i][0], drawn[j][0], apart))
    return found


def lab(fill: str, vision: str = "normal") -> Floats:
    """Return a colour in CIE L*a*b* (D65) as it looks under a vision."""
    rgb = np.array([int(fill[start : start + 2], 16) for start in (1, 3, 5)]) / 255.0
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = _XYZ @ np.clip(VISIONS[vision] @ linear, 0.0, 1.0) / _WHITE
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def difference(one: Floats, other: Floats) -> float:
    """Return CIEDE2000 between two colours in L*a*b*.

    After Sharma, Wu and Dalal: The CIEDE2000 color-difference formula (Color Research and
    Application 30, 2005), whose pairs the tests use.
    """
    mean = (np.hypot(*one[1:]) + np.hypot(*other[1:])) / 2
    stretch = 1.5 - 0.5 * np.sqrt(mean**7 / (mean**7 + 25.0**7))
    (l1, c1, h1), (l2, c2, h2) = _polar(one, stretch), _polar(other, stretch)
    turn = 0.0 if c1 * c2 == 0 else (h2 - h1 + 180.0) % 360.0 - 180.0
    dl, dc = l2 - l1, c2 - c1
    dh = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))
    lm, cm = (l1 + l2) / 2, (c1 + c2) / 2
    hm = h1 + h2 if c1 * c2 == 0 else _middle(h1, h2)
    t = (
        1 - 0.17 * _cos(hm - 30) + 0.24 * _cos(2 * hm) + 0.32 * _cos(3 * hm + 6)
        - 0.20 * _cos(4 * hm - 63)
    )  # fmt: skip
    sl = 1 + 0.015 * (lm - 50) ** 2 / np.sqrt(20 + (lm - 50) ** 2)
    sc, sh = 1 + 0.045 * cm, 1 + 0.015 * cm * t
    bend = 60 * np.exp(-(((hm - 275) / 25) ** 2))
    rt = -np.sin(np.radians(bend)) * 2 * np.sqrt(cm**7 / (cm**7 + 25.0**7))
    parts = (dl / sl) ** 2 + (dc / sc) ** 2 + (dh / sh) ** 2 + rt * (dc / sc) * (dh / sh)
    return float(np.sqrt(parts))


def _polar(colour: Floats, stretch: float) -> tuple[float, float, float]:
    a, b = float(colour[1] * stretch), float(colour[2])
    return float(colour[0]), float(np.hypot(a, b)), float(np.degrees(np.arctan2(b, a)) % 360.0)


def _middle(one: float, other: float) -> float:
    if abs(one - other) <= 180.0:
        return (one + other) / 2
    return (one + other + (360.0 if one + other < 360.0 else -360.0)) / 2


def _cos(degrees: float) -> float:
    return float(np.cos(np.radians(degrees)))
