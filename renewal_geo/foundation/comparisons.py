"""How many times one thing matters as much as another, as people write it: 3, 1/3, １／３."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Any

RECIPROCAL_TOLERANCE = 0.01
"""A comparison times its reciprocal may differ from 1 by so much: 0.33 is written for 1/3."""

_FRACTION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(?:\s*/\s*(\d+(?:\.\d*)?|\.\d+))?")


def comparison(cell: Any) -> float | None:
    """Return one comparison as a number; None where it is no positive number.

    >>> comparison("1/4"), comparison(3), comparison("１／８"), comparison("-2"), comparison(True)
    (0.25, 3.0, 0.125, None, None)
    """
    if isinstance(cell, str):
        found = _FRACTION.fullmatch(unicodedata.normalize("NFKC", cell).strip().replace("⁄", "/"))
        below = float(found[2] or 1.0) if found else 0.0
        number = float(found[1]) / below if found and below > 0 else 0.0
    else:
        try:
            number = 0.0 if isinstance(cell, bool) else float(cell)
        except (TypeError, ValueError, OverflowError):
            return None
    return number if 0 < number < math.inf else None


def is_reciprocal(one: float, other: float) -> bool:
    """Return whether two comparisons say the same, the one as the reciprocal of the other.

    >>> is_reciprocal(3, 0.33), is_reciprocal(3, 0.5)
    (True, False)
    """
    return abs(one * other - 1.0) <= RECIPROCAL_TOLERANCE + 1e-9


def as_ratio(number: float) -> str:
    """Return a comparison as people write it: whole numbers, and fractions of 1 below 1.

    >>> as_ratio(3.0), as_ratio(1 / 3), as_ratio(2.46), as_ratio(0.4)
    ('3', '1/3', '2.46', '1/2.5')
    """
    return f"{number:.3g}" if number >= 1 else f"1/{1 / number:.3g}"
