"""Phrases about proofs, limits and prices that workbooks and maps share, in both languages."""

from __future__ import annotations

import math

from renewal_geo.foundation.labels import described, has_label, label

SHARE_JOINT = ", "
WIDE_GAP = 1.0
MOST_SHARE = 10.0  # a gap to next to nothing is no figure to print


def proof_sentence(
    status: str, objective: float | None, bound: float | None, gap: float | None, lang: str
) -> str:
    """Return in one sentence what objective, bound and gap of an answer mean.

    >>> proof_sentence("optimal", 14.5, 14.5, 0.0, "en")
    'Worth 14.50, and it is proven that no choice of zones is worth more.'
    """
    if objective is None or bound is None:
        return label("outlook.good_none" if status == "infeasible" else "outlook.good_open", lang)
    key = "good_proven" if status == "optimal" else "good_found"
    if key == "good_found" and (gap is None or gap > WIDE_GAP):
        key = "good_wide"  # a share of next to nothing is no figure to print
    return label(
        f"outlook.{key}", lang,
        objective=f"{objective:,.2f}", bound=f"{bound:,.2f}", gap=f"{gap or 0.0:.2%}",
    )  # fmt: skip


def limits_named(limit: object, lang: str) -> str:
    """Return the limits that a component misses in words; that it misses none is said too.

    >>> limits_named("min_area_ha, legal", "en")
    'smallest area of a zone, share of legal land'
    """
    names = [one for one in str(limit or "").split(SHARE_JOINT) if one]
    if not names:
        return label("outlook.no_limit", lang)
    return ("、" if lang == "zh" else ", ").join(
        described(one, lang) if has_label(f"conflict.{one}") else _share(one, lang) for one in names
    )


def limit_priced(kind: object, name: object, lang: str) -> str:
    """Return the limit that gives way: a share by its name, a lock by its parcel.

    >>> limit_priced("lock_in", "A-1", "en")
    'lock-in of A-1'
    """
    if kind == "share":
        return _share(str(name), lang)
    title = label(f"outlook.{kind}", lang)
    return title.format(name=name) if "{name}" in title else title


def step_taken(step: object, unit: object, lang: str) -> str:
    """Return by how much a limit gives way.

    >>> step_taken(-1.0, "pp", "en"), step_taken(1.0, "parcel", "en")
    ('-1 percentage points', 'taken away')
    """
    words = label(f"outlook.unit_{unit}", lang)
    if unit in {"link", "parcel"}:
        return words
    return f"{float(str(step)):+,.4g} {words}"


def gains(
    kind: object, step: object, found: object, at_most: object
) -> tuple[float | None, float | None]:
    """Return what a step would gain: by zones found, and at most; a loss is a negative gain.

    Where the budget shrinks, `found` is the loss that is proven and `at_most` the loss of zones
    found: seen as gains they change places.

    >>> gains("budget", -7.9, 2.0, 3.0), gains("budget", 7.9, 1.0, 2.5)
    ((-3.0, -2.0), (1.0, 2.5))
    """
    low, high = _finite(found), _finite(at_most)
    if kind == "budget" and (_finite(step) or 0.0) < 0:
        low, high = (None if one is None else -one for one in (high, low))
    return low, high


def plain_number(value: object, decimals: int = 2, *, signed: bool = False) -> str:
    """Return a figure for a table in prose, a dash where there is none.

    >>> plain_number(1234.5), plain_number(float("nan")), plain_number(0.5, signed=True)
    ('1,234.50', '—', '+0.50')
    """
    number = _finite(value)
    return "—" if number is None else f"{number:{'+' if signed else ''},.{decimals}f}"


def plain_share(value: object, decimals: int = 2) -> str:
    """Return a share as a percentage, a dash where there is none.

    >>> plain_share(0.0123), plain_share(7e10)
    ('1.23 %', '> 1,000 %')
    """
    number = _finite(value)
    if number is None:
        return "—"
    return f"{100 * number:,.{decimals}f} %" if number <= MOST_SHARE else "> 1,000 %"


def _finite(value: object) -> float | None:
    """Return a number, None for what is missing in any of pandas' ways."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _share(name: str, lang: str) -> str:
    return label("outlook.share", lang, name=label(f"share.{name}", lang))
