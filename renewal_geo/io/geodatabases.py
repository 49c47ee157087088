"""What a file geodatabase says of its columns: which hold codes of a domain, and what these mean."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pyogrio

from renewal_geo.foundation.errors import some_ids
from renewal_geo.io import drivers

FIELD = re.compile(r"<GPFieldInfoEx\b.*?</GPFieldInfoEx>", re.DOTALL)
DOMAIN = re.compile(r"<DomainName>(.*?)</DomainName>", re.DOTALL)
VALUE = re.compile(r"<CodedValue\b[^>]*>\s*<Name>(.*?)</Name>\s*<Code[^>]*>(.*?)</Code>", re.DOTALL)
NAME = re.compile(r"<Name>(.*?)</Name>", re.DOTALL)
SHOWN_CODES = 12


def domain_notes(path: Path, layer: str) -> list[str]:
    """Return a sentence for every column of a layer whose values are codes of a domain.

    The codes stay in the table; the sentence says what they mean.
    """
    try:
        with drivers.remarks():
            items = pyogrio.read_dataframe(
                path,
                layer="GDB_Items",
                columns=["Name", "Definition"],
                read_geometry=False,
                LIST_ALL_TABLES="YES",
            )
    except drivers.UNREADABLE:
        return []
    known = {
        n: d for n, d in zip(items["Name"], items["Definition"], strict=True) if isinstance(d, str)
    }
    return coded_columns(known.get(layer, ""), list(known.values()))


def coded_columns(definition: str, others: list[str]) -> list[str]:
    """Return the sentences for the columns in one layer's definition, given all definitions."""
    codes: dict[str, list[tuple[str, str]]] = {}
    for other in others:
        named = DOMAIN.search(other)
        if "CodedValueDomain" in other and named:
            codes[named.group(1)] = VALUE.findall(other)
    notes: list[str] = []
    for field in FIELD.findall(definition):
        column, domain = NAME.search(field), DOMAIN.search(field)
        values = codes.get(domain.group(1), []) if domain else []
        if column and domain and values:
            shown = some_ids([html.unescape(f"{c} = {t}") for t, c in values], SHOWN_CODES)
            title = html.unescape(f"{column.group(1)} holds codes of {domain.group(1)}")
            notes.append(f"{title}: {shown}")
    return notes
