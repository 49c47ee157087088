"""One sentence per kind of facility: who is within reach, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from renewal_geo.foundation.facility_kinds import kind_name
from renewal_geo.foundation.labels import label


def sentence(kind: str, row: Mapping[str, Any], by: str, detour: float, lang: str) -> str:
    """Return what is said of a kind.

    Parameters
    ----------
    kind
        Its code.
    row
        Its figures, as in the table of :class:`renewal_geo.facilities.Coverage`; besides ``given`` (the
        radius came with the question), ``rate`` (places per 1,000 people), ``seats_decide``.
    by, detour, lang
        How ways were measured; ``zh`` or ``en``.
    """
    name, places = kind_name(kind, lang), row["facilities"]
    if math.isnan(row["radius_m"]):
        said = label("coverage.said_no_radius", lang, kind=name, facilities=f"{places:,}")
    else:
        said = label(
            "coverage.said" if row["people"] > 0 else "coverage.said_nobody", lang, kind=name,
            way=way_name(by, detour, lang), radius=f"{row['radius_m']:,.10g}",
            **{key: f"{row[key]:,.0f}" for key in ("covered", "people", "uncovered")},
            share=f"{row['share']:.1%}",
        )  # fmt: skip
        said += label("coverage.said_none", lang) if not places else ""
        said += _how_sure(row, lang)
    return said + _seats(row, lang)


def way_name(by: str, detour: float, lang: str) -> str:
    """Return how ways were measured.

    >>> way_name("line", 1.3, "en")
    'straight line × 1.3'
    """
    if by == "line" and detour != 1.0:
        return label("coverage.by_detour", lang, detour=f"{detour:g}")
    return label(f"coverage.by_{by}", lang)


def checked_name(row: Mapping[str, Any], lang: str) -> str:
    """Return where a radius comes from and whether anybody read it there."""
    return label("coverage.given" if row["given"] else f"coverage.{row['verified']}", lang)


def _how_sure(row: Mapping[str, Any], lang: str) -> str:
    if row["status"] == "advisory":
        return label("coverage.said_advisory", lang, verified=checked_name(row, lang))
    return label("coverage.said_study", lang) if row["set_by"] else ""


def _seats(row: Mapping[str, Any], lang: str) -> str:
    if not (math.isfinite(row["seats_needed"]) and math.isfinite(row["capacity"])):
        return ""
    doubt = "" if row["seats_decide"] else label("coverage.said_doubt", lang)
    return label(
        "coverage.said_seats", lang, rate=f"{row['rate']:g}", needed=f"{row['seats_needed']:,.0f}",
        capacity=f"{row['capacity']:,.0f}", short=f"{row['seats_short']:,.0f}", doubt=doubt,
    )  # fmt: skip
