"""Why a need is not answered, and which site misses it by least, in figures and in sentences."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from renewal_geo.foundation.errors import some_ids
from renewal_geo.foundation.labels import LANGUAGES, label
from renewal_geo.sitebank.fitting import CRITERIA, Fit, Terms, shortfall
from renewal_geo.sitebank.inputs import Needs, Sites

Floats = NDArray[np.float64]
TAKEN, NO_SITE = "taken", "no_site"
REASONS = (*CRITERIA, TAKEN, NO_SITE)
COLUMNS = (
    "reason", "reason_zh", "reason_en", "nearest_miss", "missed_by", "missed_by_zh", "missed_by_en",
)  # fmt: skip


def reasons_of(
    found: Fit,
    needs: Needs,
    sites: Sites,
    site_of: NDArray[np.int64],
    terms: Terms,
    *,
    shared: bool,
) -> dict[str, list[str]]:
    """Return the columns of reasons, empty where a need is answered.

    The reason is the first criterion, in the order area, shape, use, date, distance, that the nearest miss fails.
    Where a site meets them all, it is ``taken``: by whom is said. The sentence names the nearest miss, and of all
    sites the criterion at which the last ones drop out, with the best figure there is.
    """
    rows = _Rows(found, needs, sites, site_of, terms, shared=shared)
    made: dict[str, list[str]] = {name: [] for name in COLUMNS}
    for need in range(len(needs.at)):
        row = rows.blank() if site_of[need] >= 0 else rows.of(need)
        for name in COLUMNS:
            made[name].append(row[name])
    return made


class _Rows:
    def __init__(
        self, found: Fit, needs: Needs, sites: Sites, site_of: NDArray[np.int64], terms: Terms,
        *, shared: bool,
    ) -> None:  # fmt: skip
        self.found, self.needs, self.sites, self.terms = found, needs, sites, terms
        self.site_of, self.shared = site_of, shared
        self.short = shortfall(found, needs, terms)
        there = site_of >= 0
        used = np.bincount(site_of[there], needs.area_m2[there], minlength=len(sites.at))
        self.left = np.maximum(sites.area_m2 - used, 0.0)

    @staticmethod
    def blank() -> dict[str, str]:
        return dict.fromkeys(COLUMNS, "")

    def of(self, need: int) -> dict[str, str]:
        if not len(self.sites.at):
            said = {f"reason_{lang}": label("sitebank.why_no_site", lang) for lang in LANGUAGES}
            return {**self.blank(), "reason": NO_SITE, **said}
        step, before = self._last(need)
        if step == TAKEN:
            miss = self._fullest(need, before)
            parts = self._room(need, miss)
        else:
            miss = self._nearest(need)
            parts = self._parts(need, miss)
        fails = (name for name in CRITERIA if not self.found.meets[name][need, miss])
        made = {
            "reason": next(fails, TAKEN),
            "nearest_miss": str(self.sites.ids[miss]),
            "missed_by": "; ".join(code for code, _, _ in parts),
        }
        for place, lang in enumerate(LANGUAGES, 1):
            by = label("sitebank.joint", lang).join(part[place] for part in parts)
            near = label("sitebank.nearest", lang, site=self.sites.ids[miss], by=by)
            made[f"missed_by_{lang}"] = by
            made[f"reason_{lang}"] = near + self._why(need, step, before, lang)
        return made

    def _last(self, need: int) -> tuple[str, NDArray[np.int64]]:
        """Return the criterion at which the last sites drop out, taken where none does, and these sites."""
        left = np.ones(len(self.sites.at), bool)
        for name in CRITERIA:
            after = left & self.found.meets[name][need]
            if not after.any():
                return name, np.flatnonzero(left)
            left = after
        return TAKEN, np.flatnonzero(left)

    def _nearest(self, need: int) -> int:
        """Return the site that fails by least; of equals the closer one."""
        return int(np.lexsort((self.found.distance[need], self.short[need]))[0])

    def _fullest(self, need: int, able: NDArray[np.int64]) -> int:
        """Return the site, of those that would do, that lacks least room; of equals the closer one."""
        lack = np.maximum(self.needs.area_m2[need] - self.left[able], 0.0)
        return int(able[np.lexsort((self.found.distance[need][able], lack))[0]])

    def _why(self, need: int, step: str, before: NDArray[np.int64], lang: str) -> str:
        figures = getattr(self, f"_of_{step}")(need, before, lang)
        key = f"why_{step}"
        if figures.pop("unknown", False):
            key += "_unknown"
        return label(f"sitebank.{key}", lang, count=len(before), **figures)

    def _of_area(self, need: int, before: NDArray[np.int64], lang: str) -> dict[str, Any]:
        del lang
        best = before[np.argmax(self.sites.area_m2[before])]
        return {
            "wanted": f"{self.needs.area_m2[need]:,.1f}",
            "most": f"{self.sites.area_m2[best]:,.1f}",
            "site": self.sites.ids[best],
        }

    def _of_shape(self, need: int, before: NDArray[np.int64], lang: str) -> dict[str, Any]:
        del lang
        widths = np.nan_to_num(self.sites.width_m[before], nan=-1.0)
        best = before[np.argmax(widths)]
        return {
            "wanted": f"{self.needs.width_m[need]:,.1f}",
            "most": f"{self.sites.width_m[best]:,.1f}",
            "site": self.sites.ids[best],
            "unknown": bool(widths.max() < 0),
        }

    def _of_use(self, need: int, before: NDArray[np.int64], lang: str) -> dict[str, Any]:
        given = sorted({one for site in before for one in self.sites.uses[site]})
        joint = label("sitebank.joint", lang)
        return {
            "wanted": joint.join(self.needs.uses[need]),
            "given": some_ids(given, 6) if given else label("sitebank.no_use", lang),
        }

    def _of_date(self, need: int, before: NDArray[np.int64], lang: str) -> dict[str, Any]:
        del lang
        late = self.found.late[need][before]
        unknown = bool(np.isnan(late).all())
        best = before[int(np.nanargmin(late))] if not unknown else before[0]
        return {
            "due": self.needs.due[need],
            "ready": self.sites.ready[best],
            "site": self.sites.ids[best],
            "days": f"{self.found.late[need][best]:,.0f}",
            "allowed": f"{self.terms.max_late_days:,.0f}",
            "unknown": unknown,
        }

    def _of_distance(self, need: int, before: NDArray[np.int64], lang: str) -> dict[str, Any]:
        del lang
        metres = self.found.distance[need][before]
        best = before[int(np.argmin(metres))]
        return {
            "wanted": f"{self.needs.farthest_m[need]:,.0f}",
            "least": f"{metres.min():,.0f}",
            "site": self.sites.ids[best],
            "unknown": not np.isfinite(metres).any(),
        }

    def _of_taken(self, need: int, before: NDArray[np.int64], lang: str) -> dict[str, Any]:
        del need, lang
        holders = np.flatnonzero(np.isin(self.site_of, before))
        return {
            "sites": some_ids(sorted(str(one) for one in self.sites.ids[before])),
            "holders": some_ids(sorted(str(one) for one in self.needs.ids[holders])) or "—",
        }

    def _parts(self, need: int, site: int) -> list[tuple[str, str, str]]:
        """Return what a site fails by: as a code, in Chinese and in English."""
        one = self.found
        parts = []
        for name, code, figure in (
            ("area", "area_short_m2", one.area_short[need, site]),
            ("shape", "width_short_m", one.width_short[need, site]),
            ("use", "use", np.nan),
            ("date", "days_late", one.late[need, site]),
            ("distance", "distance_over_m", one.over[need, site]),
        ):
            if one.meets[name][need, site]:
                continue
            known = bool(np.isfinite(figure))
            key = f"sitebank.short_{name}" + ("" if known or name == "use" else "_unknown")
            digits = 0 if name == "date" else 1
            said = [label(key, lang, figure=f"{figure:,.{digits}f}") for lang in LANGUAGES]
            plain = f"{figure:.{digits}f}" if known else "?"
            parts.append((f"{code}={plain}", said[0], said[1]))
        return parts

    def _room(self, need: int, site: int) -> list[tuple[str, str, str]]:
        lack = float(self.needs.area_m2[need] - self.left[site])
        if self.shared and lack > 0:
            said = [label("sitebank.short_room", lang, figure=f"{lack:,.1f}") for lang in LANGUAGES]
            return [(f"room_short_m2={lack:.1f}", said[0], said[1])]
        holders = some_ids(sorted(str(n) for n in self.needs.ids[self.site_of == site]))
        key = "sitebank.short_holder" if holders else "sitebank.short_other"
        said = [label(key, lang, figure=holders) for lang in LANGUAGES]
        return [(f"taken_by={holders}" if holders else "not_used", said[0], said[1])]
