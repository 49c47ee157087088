"""What people read: Chinese and English texts for codes, columns and captions, as data.

Texts live in ``labels/<group>.toml``; a key is ``<group>.<name>``. Titles of canonical columns come
from the schema where no text of our own stands here, so that every column has one title.
"""

from __future__ import annotations

import functools
import importlib.resources
import tomllib
from collections.abc import Mapping

from renewal_geo.foundation.errors import some_ids

LANGUAGES = ("zh", "en")


@functools.cache
def texts() -> Mapping[str, Mapping[str, str]]:
    """Return every text: ``<group>.<name>`` -> ``{"zh": ..., "en": ...}``."""
    folder = importlib.resources.files("renewal_geo.foundation") / "labels"
    found: dict[str, Mapping[str, str]] = {}
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".toml"):
            continue
        group = file.name.removesuffix(".toml")
        for name, entry in tomllib.loads(file.read_text(encoding="utf-8")).items():
            found[f"{group}.{name}"] = entry
    return found


def label(key: str, lang: str = "zh", **figures: object) -> str:
    """Return the text of `key` in `lang`.

    Parameters
    ----------
    key
        ``<group>.<name>``, e.g. ``reason.chosen``, ``column.area_m2``.
    lang
        ``zh`` or ``en``.
    **figures
        Put into the places that the text names in braces.

    Returns
    -------
    str
        The text; for an unknown key its name, so that a code of tomorrow is shown, not lost.

    Examples
    --------
    >>> label("reason.chosen", "en")
    'Chosen'
    >>> label("reason.of_tomorrow", "en")
    'of_tomorrow'
    """
    group, _, name = key.partition(".")
    entry = texts().get(key)
    if entry is not None:
        text = entry.get(lang) or entry["en"]
    elif group == "column":
        text = _column_title(name, lang)
    else:
        text = name or key
    return text.format(**figures) if figures else text


def has_label(key: str) -> bool:
    """Return whether a text of our own stands under `key`."""
    return key in texts()


def described(entry: object, lang: str = "zh") -> str:
    """Return one entry of a conflict, or any plain value, as a line of text.

    >>> described({"limit": "min_area_ha", "short_ha": 3.5, "parcels": ["a", "b"]}, "en")
    'limit: smallest area of a zone; short (ha): 3.50; parcels: a, b'
    """
    if isinstance(entry, Mapping):
        parts = [(key, value) for key, value in entry.items() if value is not None]
        return "; ".join(
            f"{label(f'conflict.{key}', lang)}: {described(value, lang)}" for key, value in parts
        )
    if isinstance(entry, float):
        return f"{entry:,.2f}"
    if isinstance(entry, (list, tuple)):
        return some_ids(entry)
    return label(f"conflict.{entry}", lang) if has_label(f"conflict.{entry}") else str(entry)


def own_title(name: str, lang: str) -> str:
    """Return the title of a user's own column: that of the schema, else the name that he gave it.

    >>> own_title("land_use", "en"), own_title("note", "en")
    ('Land use', 'note')
    """
    return _schema_titles(lang).get(name, name)


def _column_title(name: str, lang: str) -> str:
    for prefix, suffix, form in (
        ("share_", "_gross", "column.share_gross"),
        ("share_", "", "column.share"),
    ):
        if name.startswith(prefix) and name.endswith(suffix):
            bare = name.removeprefix(prefix).removesuffix(suffix)
            return label(form, lang, name=label(f"share.{bare}", lang))
    kind = f"kind.{name.removesuffix('_m2')}"
    if name.endswith("_m2") and has_label(kind):
        return f"{label(kind, lang)}（m²）" if lang == "zh" else f"{label(kind, lang)} (m²)"
    return _schema_titles(lang).get(name, name)


@functools.cache
def _schema_titles(lang: str) -> Mapping[str, str]:
    folder = importlib.resources.files("renewal_geo.foundation") / "tables"
    key = "title_zh" if lang == "zh" else "title"
    found: dict[str, str] = {}
    for file in sorted(folder.iterdir(), key=lambda f: (f.name != "parcels.toml", f.name)):
        if file.name.endswith(".toml"):
            columns = tomllib.loads(file.read_text(encoding="utf-8")).get("columns", {})
            for name, column in columns.items():
                found.setdefault(name, str(column.get(key, name)))
    return found
