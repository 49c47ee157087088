"""Kinds of public facilities: their codes, and what people write for them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from renewal_geo.foundation.labels import LANGUAGES, texts

# code -> Chinese names besides the title; titles in both languages stand in labels/facility.toml
KINDS: Mapping[str, tuple[str, ...]] = {
    "kindergarten": ("幼儿园",),
    "primary": ("小学",),
    "junior": ("初中", "初级中学"),
    "senior": ("高中", "普通高中"),
    "nine_year": ("九年一贯制学校", "九年一贯制"),
    "health_centre": ("社康中心", "社康", "社区健康服务中心"),
    "hospital": ("医院",),
    "bus_terminus": ("公交首末站", "公交场站"),
    "sports_ground": ("社区体育场地", "体育场地", "社区体育活动场地"),
    "culture_room": ("文化活动室", "社区文化活动室"),
    "elderly_care": ("老年人日间照料", "老年人日间照料中心"),
    "park": ("公园绿地", "公园"),
}
PATH_SIGNS = ";；"  # map services write a kind as a path: 科教文化服务;学校;幼儿园


def kind_code(text: object) -> str:
    """Return the code of a kind of facility by its code or a name of it, else the text itself.

    >>> kind_code("幼儿园"), kind_code("Primary school"), kind_code("科教文化服务;学校;小学")
    ('kindergarten', 'primary', 'primary')
    >>> kind_code(" day care ")
    'day care'
    """
    plain = str(text).strip()
    names = _codes()
    if plain.casefold() in names:
        return names[plain.casefold()]
    for sign in PATH_SIGNS:
        last = plain.rpartition(sign)[2].strip().casefold()
        if last in names:
            return names[last]
    return plain


def kind_name(code: str, lang: str) -> str:
    """Return what a kind is called, the text itself for one that we do not know.

    >>> kind_name("primary", "zh"), kind_name("day care", "zh")
    ('小学', 'day care')
    """
    return texts()[f"facility.{code}"][lang] if code in KINDS else code


def nearest_kinds(text: str, known: Iterable[str]) -> str:
    """Return the names that look most like a text, of the kinds in `known`, for the fix of an error."""
    codes = list(dict.fromkeys(known))
    words = {
        one: code for code in codes for one in (code, *(kind_name(code, x) for x in LANGUAGES))
    }
    close = difflib.get_close_matches(text, list(words), n=3, cutoff=0.4)
    named = dict.fromkeys(words[one] for one in close) if close else codes
    return ", ".join(
        code if kind_name(code, "zh") == code else f"{code} {kind_name(code, 'zh')}"
        for code in named
    )


def _codes() -> dict[str, str]:
    found: dict[str, str] = {}
    for code, names in KINDS.items():
        titles = texts()[f"facility.{code}"].values()
        found |= {one.casefold(): code for one in (code, *names, *titles)}
    return found
