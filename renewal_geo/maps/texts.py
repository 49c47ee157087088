"""A text in both languages of the house."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from renewal_geo.foundation.labels import LANGUAGES, label


@dataclass(frozen=True, slots=True)
class Text:
    """One text in both languages of the house."""

    zh: str
    en: str

    def __str__(self) -> str:
        return self.zh

    def said(self, lang: str) -> str:
        """Return the text in `lang`."""
        return self.zh if lang == "zh" else self.en


def both(key: str, **figures: object) -> Text:
    """Return the text of `key` in both languages; a figure that is a :class:`Text` is said in each."""
    return Text(*(label(key, lang, **_said(figures, lang)) for lang in LANGUAGES))


def _said(figures: Mapping[str, object], lang: str) -> dict[str, object]:
    return {name: one.said(lang) if isinstance(one, Text) else one for name, one in figures.items()}


def listed(texts: Iterable[Text]) -> Text:
    """Return texts one after the other, as each language separates them."""
    said = list(texts)
    return Text("、".join(one.zh for one in said), ", ".join(one.en for one in said))


def same(text: object) -> Text:
    """Return a user's own text, which is the same in both languages."""
    return Text(str(text), str(text))
