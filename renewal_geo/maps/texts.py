"""A text in both languages of the house."""

from __future__ import annotations

from dataclasses import dataclass

from renewal_geo.foundation.labels import label


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
    """Return the text of `key` in both languages."""
    return Text(label(key, "zh", **figures), label(key, "en", **figures))


def same(text: object) -> Text:
    """Return a user's own text, which is the same in both languages."""
    return Text(str(text), str(text))
