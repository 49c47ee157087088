"""A finished workbook as bytes that depend on its content alone."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping

from renewal_geo.report.sheets import Book

STAMP = (2020, 1, 1, 0, 0, 0)
MODIFIED = b"2020-01-01T00:00:00Z"
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")
_FORMULA = re.compile(
    rb'<c r="(?P<cell>[A-Z]+\d+)"(?P<style>[^>]*)><f>(?P<formula>.*?)</f><v\s*/?>(?:</v>)?</c>',
    re.DOTALL,
)


def pack(book: Book) -> bytes:
    """Return the workbook as bytes, with fixed timestamps and the formulas' values filled in.

    A program that shows a workbook without reckoning (a phone, a preview, pandas) then shows the
    totals too; a spreadsheet reckons them anew when it opens the file.
    """
    raw = io.BytesIO()
    book.workbook.save(raw)
    sheets = _sheet_files(book)
    packed = io.BytesIO()
    with zipfile.ZipFile(raw) as old, zipfile.ZipFile(packed, "w") as new:
        for name in old.namelist():
            body = old.read(name)
            if name == "docProps/core.xml":
                body = _MODIFIED.sub(rb"\g<1>" + MODIFIED + rb"\g<2>", body)
            if name in sheets:
                body = _filled(body, sheets[name])
            entry = zipfile.ZipInfo(name, STAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            new.writestr(entry, body, compresslevel=6)
    return packed.getvalue()


def _sheet_files(book: Book) -> dict[str, Mapping[str, float]]:
    return {
        f"xl/worksheets/sheet{number}.xml": book.cached.get(sheet.title, {})
        for number, sheet in enumerate(book.workbook.worksheets, 1)
    }


def _filled(body: bytes, cached: Mapping[str, float]) -> bytes:
    def fill(found: re.Match[bytes]) -> bytes:
        value = cached.get(found["cell"].decode())
        if value is None:
            return found[0]
        return b'<c r="%s"%s><f>%s</f><v>%s</v></c>' % (
            found["cell"], found["style"], found["formula"], repr(round(value, 9)).encode(),
        )  # fmt: skip

    return _FORMULA.sub(fill, body) if cached else body
