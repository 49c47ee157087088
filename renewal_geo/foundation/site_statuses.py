"""How far land that goes to the city is: the four statuses of a public site, and what people write for them."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from renewal_geo.foundation.labels import LANGUAGES, label
from renewal_geo.foundation.schema import as_text

UNKNOWN = "unknown"
# in the order in which land comes to the city; what people write besides the titles of labels/handover.toml
WORDS: Mapping[str, tuple[str, ...]] = {
    "committed": ("已承诺", "promised"),
    "cleared": ("已清理", "已清场", "已腾空"),
    "filed": ("已备案",),
    "in_reserve": ("已入库", "已移交", "移交入库", "handed_over", "done"),
}


def site_statuses(texts: pd.Series) -> pd.Series[str]:
    """Return the status of each site: committed, cleared, filed, in_reserve, else unknown.

    >>> site_statuses(pd.Series(["承诺", " 已入库 ", "Filed", None, "?"])).tolist()
    ['committed', 'in_reserve', 'filed', 'unknown', 'unknown']
    """
    known = {
        word.casefold(): status
        for status, words in WORDS.items()
        for word in (status, *words, *(label(f"handover.{status}", one) for one in LANGUAGES))
    }
    plain = as_text(texts).fillna("").map(lambda one: str(one).strip().casefold())
    found: pd.Series[str] = plain.map(known).fillna(UNKNOWN).astype(object)
    return found
