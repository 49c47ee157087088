"""In which encoding a table is written, and on what evidence; never mojibake in silence."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from renewal_geo.foundation.errors import SourceError
from renewal_geo.io import dbase

AUTO = "auto"
TRIALS = ("utf-8", "gb18030", "cp950")
TITLES = {"utf-8": "UTF-8", "gb18030": "GBK (GB18030)", "cp950": "Big5"}
ENOUGH_HANZI = 4
SURE_HANZI = 10
CLEAR_LEAD = 0.15
PLAUSIBLE = 0.6
IMPLAUSIBLE = 0.34
SCORED_BYTES = 4 << 20
PAIR = 2
GB_COMMON, GB_SIGNS, GB_TRAIL = (0xB0, 0xD7), (0xA1, 0xA3), 0xA1
BIG5_COMMON = (0xA1, 0xC6)
SHOWN_ROWS = 3

# dBASE language ids (byte 29) that name a code page. 0, 0x03 and 0x57 are what Western software
# writes by default whatever the text is, so they decide nothing.
LANGUAGE_IDS = {
    0x13: "cp932", 0x4D: "gb18030", 0x4E: "cp949", 0x4F: "cp950", 0x50: "cp874",
    0x78: "cp950", 0x79: "cp949", 0x7A: "gb18030", 0x7B: "cp932",
    0x64: "cp852", 0x65: "cp866", 0xC8: "cp1250", 0xC9: "cp1251", 0xCA: "cp1254", 0xCB: "cp1253",
}  # fmt: skip
CODE_PAGES = {
    "65001": "utf-8", "88591": "latin-1", "54936": "gb18030", "936": "gb18030", "950": "cp950",
    "big-5": "cp950", "big5": "cp950", "utf8": "utf-8", "gb_2312-80": "gb18030",
}  # fmt: skip
GB_FAMILY = {"gbk", "gb2312", "gb18030", "hz", "cp936"}
WESTERN = {"iso8859-1", "iso8859-15", "cp1252", "cp437", "cp850", "ascii"}
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """The codec that was chosen, the evidence, and whether a doubt remains.

    `cut` says that some texts end inside a character because their field was too narrow.
    """

    codec: str
    evidence: str
    doubt: bool = False
    cut: bool = False
    notes: tuple[str, ...] = field(default=())


def codec_named(name: str) -> str | None:
    """Return Python's codec for a planner's or a side-car's name of it, or None.

    >>> codec_named("ANSI 936"), codec_named("GB2312"), codec_named("65001"), codec_named("x")
    ('gb18030', 'gb18030', 'utf-8', None)
    """
    text = re.sub(r"^(ansi|oem|ldid|cp|windows)[\s\-_/]*(?=\d)", "", name.strip().lower())
    text = CODE_PAGES.get(text, text)
    if text.isdigit():
        text = f"cp{text}"
    try:
        found = codecs.lookup(text).name
    except (LookupError, ValueError):
        return None
    return "gb18030" if found in GB_FAMILY else found


def encoding_of_table(path: Path, given: str = AUTO, cpg: Path | None = None) -> Encoding:
    """Decide the encoding of a dBASE table.

    Evidence in this order: what the study gives, the ``.cpg`` beside it, the language id in the
    header, strict trial decoding of all field names and texts as UTF-8, GB18030 and Big5.

    Parameters
    ----------
    path
        The ``.dbf``.
    given
        Encoding that the study names; ``auto`` or empty to look for evidence.
    cpg
        The ``.cpg`` beside it, where there is one.

    Raises
    ------
    SourceError
        ``encoding_unknown`` for a name that no codec has; ``wrong_encoding`` where the texts are
        not in the encoding that the study gives, with row and field.
    """
    texts = _Texts.of(path)
    if given and given.lower() != AUTO:
        return _as_given(texts, given, path)
    if texts.plain:
        return Encoding(_stated(texts, cpg) or "utf-8", "texts are plain ASCII")
    notes: list[str] = []
    for codec, origin in _claims(texts, cpg, notes):
        if codec in WESTERN:
            continue
        fault = texts.fault(codec) or _really_utf8(texts, codec)
        if fault is None:
            return Encoding(codec, origin, cut=texts.cut(codec), notes=tuple(notes))
        notes.append(f"{origin} says {titled(codec)}, but {fault}; it was not believed")
    return _by_trial(texts, notes, western=bool(_western(texts, cpg)))


def encoding_of_bytes(data: bytes, given: str, where: str) -> Encoding:
    """Decide the encoding of a plain text file (CSV): the study, a byte-order mark, trials."""
    if given and given.lower() != AUTO:
        codec = known_codec(given, where)
        if codec == "utf-8" and data.startswith(codecs.BOM_UTF8):
            codec = "utf-8-sig"
        try:
            data.decode(codec)
        except UnicodeDecodeError as fault:
            line = data.count(b"\n", 0, fault.start) + 1
            raise _wrong(given, f"line {line}, byte {fault.start}", where) from fault
        return Encoding(codec, "given in the study")
    for mark, codec in BOMS:
        if data.startswith(mark) and _decodes(data, codec):
            return Encoding(codec, "byte-order mark")
    if data.isascii():
        return Encoding("utf-8", "texts are plain ASCII")
    return _by_trial(_Texts([("", data)], (), 0, None), [], western=False)


def titled(codec: str) -> str:
    """Return the name that people use for `codec`."""
    return TITLES.get(codec, codec.upper())


def gdal_name(codec: str) -> str:
    """Return GDAL's name of a Python codec (``euc_kr`` means nothing to it, ``EUC-KR`` does)."""
    known = {"latin-1": "ISO-8859-1", "iso8859-1": "ISO-8859-1", "shift_jis": "SHIFT_JIS"}
    return known.get(codec, codec.upper().replace("_", "-"))


class _Texts:
    """All texts of one table, as bytes, with where they stand."""

    def __init__(
        self,
        blobs: list[tuple[str, bytes]],
        names: tuple[bytes, ...],
        language_id: int,
        path: Path | None,
    ) -> None:
        self.blobs = blobs
        self.names = names
        self.language_id = language_id
        self.path = path
        self._checks: dict[str, tuple[str | None, bool]] = {}

    @classmethod
    def of(cls, path: Path) -> _Texts:
        header = dbase.head(path)
        blobs: list[tuple[str, bytes]] = []
        for column, values, _ in dbase.text_columns(path, header):
            if (values < dbase.BEYOND_ASCII).all():
                continue
            lines = np.full((len(values), column.width + 1), 0x0A, dtype=np.uint8)
            lines[:, :-1] = values
            blobs.append((column.name.decode("ascii", "replace"), lines.tobytes()))
        names = tuple(one.name for one in header.fields)
        return cls(blobs, names, header.language_id, path)

    @property
    def plain(self) -> bool:
        return not self.blobs and all(name.isascii() for name in self.names)

    def whole(self) -> bytes:
        return b"\n".join([*self.names, *(blob for _, blob in self.blobs)])

    def fault(self, codec: str) -> str | None:
        return self._checked(codec)[0]

    def cut(self, codec: str) -> bool:
        return self._checked(codec)[1]

    def _checked(self, codec: str) -> tuple[str | None, bool]:
        if codec not in self._checks:
            self._checks[codec] = self._check(codec)
        return self._checks[codec]

    def _check(self, codec: str) -> tuple[str | None, bool]:
        cut = False
        for name in self.names:
            whole = len(name) >= dbase.NAME_BYTES - 1
            state = _state(name, codec, full=whole)
            if state == "bad":
                shown = name.decode("latin-1")
                return f"the field name {shown!r} is not in it", False
            cut = cut or state == "cut"
        for number, (_, blob) in enumerate(self.blobs):
            if _decodes(blob, codec):
                continue
            state, place = self._check_rows(number, codec)
            if state == "bad":
                return place, False
            cut = True
        return None, cut

    def _check_rows(self, number: int, codec: str) -> tuple[str, str]:
        if self.path is None:
            return "bad", "a line is not in it"
        header = dbase.head(self.path)
        title, _ = self.blobs[number]
        for column, values, rows in dbase.text_columns(self.path, header):
            if column.name.decode("ascii", "replace") != title:
                continue
            odd = np.flatnonzero((values >= dbase.BEYOND_ASCII).any(axis=1))
            bad: list[int] = []
            for at in odd:
                raw = values[at].tobytes().split(b"\0")[0]
                if (
                    _state(raw.rstrip(b" "), codec, full=len(raw.rstrip(b" ")) == column.width)
                    == "bad"
                ):
                    bad.append(int(rows[at]))
                    if len(bad) >= SHOWN_ROWS:
                        break
            if bad:
                shown = _readable(column.name, codec)
                listed = ", ".join(str(row) for row in bad)
                return "bad", f"row {listed} of field {shown} is not in it"
        return "cut", ""


def _state(raw: bytes, codec: str, *, full: bool) -> str:
    if _decodes(raw, codec):
        return "good"
    if full:
        try:
            codecs.getincrementaldecoder(codec)("strict").decode(raw, final=False)
        except (UnicodeDecodeError, LookupError):
            return "bad"
        return "cut"
    return "bad"


def _readable(name: bytes, codec: str) -> str:
    return repr(name.decode(codec, "replace"))


def _decodes(data: bytes, codec: str) -> bool:
    try:
        data.decode(codec)
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def known_codec(name: str, where: str) -> str:
    """Return the codec that a name means; raise ``encoding_unknown`` where there is none."""
    codec = codec_named(name)
    if codec is None:
        raise SourceError(
            f"no encoding is called {name!r}",
            where=where,
            fix='write encoding = "auto", or one of GBK, GB18030, UTF-8, Big5',
            code="encoding_unknown",
        )
    return codec


def _wrong(given: str, place: str, where: str) -> SourceError:
    return SourceError(
        f"the texts are not in {given}: {place}",
        where=where,
        fix='write encoding = "auto" (or GBK, UTF-8, Big5) for this layer in study.toml',
        code="wrong_encoding",
    )


def _as_given(texts: _Texts, given: str, path: Path) -> Encoding:
    codec = known_codec(given, str(path))
    fault = texts.fault(codec) or _really_utf8(texts, codec)
    if fault is not None:
        raise _wrong(given, fault, str(path))
    rival = _rival(texts, codec)
    notes = (f"the texts look more like {titled(rival)}",) if rival else ()
    return Encoding(codec, "given in the study", bool(rival), texts.cut(codec), notes)


def _really_utf8(texts: _Texts, codec: str) -> str | None:
    """Say that the texts are UTF-8, which other text practically never is by chance."""
    if codec in {"utf-8", "utf-8-sig"} or texts.plain or texts.fault("utf-8") is not None:
        return None
    strange = sum(character > "\u007f" for character in texts.whole().decode("utf-8", "replace"))
    return f"all {strange} special characters are valid UTF-8" if strange >= ENOUGH_HANZI else None


def _rival(texts: _Texts, codec: str) -> str | None:
    data = texts.whole()
    own = _commonness(data, codec) if codec in TRIALS else 0.0
    for other in TRIALS[1:]:
        if other == codec or texts.fault(other) is not None or _hanzi(data, other) < SURE_HANZI:
            continue
        if _commonness(data, other) > max(own + 2 * CLEAR_LEAD, 1 - CLEAR_LEAD):
            return other
    return None


def _claims(texts: _Texts, cpg: Path | None, notes: list[str]) -> list[tuple[str, str]]:
    claims: list[tuple[str, str]] = []
    if cpg is not None:
        said = cpg.read_bytes()[:64].decode("ascii", "replace").strip().strip("\0")
        codec = codec_named(said) if said else None
        if codec:
            claims.append((codec, cpg.name))
        else:
            notes.append(f"{cpg.name} says {said!r}, which names no encoding")
    if texts.language_id in LANGUAGE_IDS:
        origin = f"language id 0x{texts.language_id:02X} in the .dbf"
        claims.append((LANGUAGE_IDS[texts.language_id], origin))
    return claims


def _stated(texts: _Texts, cpg: Path | None) -> str | None:
    claims = _claims(texts, cpg, [])
    return claims[0][0] if claims else None


def _western(texts: _Texts, cpg: Path | None) -> str | None:
    named = [codec for codec, _ in _claims(texts, cpg, []) if codec in WESTERN]
    if texts.language_id in {0x03, 0x57}:
        named.append("cp1252")
    return named[0] if named else None


def _by_trial(texts: _Texts, notes: list[str], *, western: bool) -> Encoding:
    if texts.fault("utf-8") is None:
        evidence = "all texts are valid UTF-8"
        return Encoding("utf-8", evidence, cut=texts.cut("utf-8"), notes=tuple(notes))
    data = texts.whole()
    scores = {c: _commonness(data, c) for c in TRIALS[1:] if texts.fault(c) is None}
    best = max(scores, key=lambda c: (scores[c], c == "gb18030"), default="")
    hanzi = _hanzi(data, best) if best else 0
    wild = bool(best) and scores[best] < IMPLAUSIBLE
    if not best or wild or (western and (scores[best] < PLAUSIBLE or hanzi < ENOUGH_HANZI)):
        evidence = "texts are in none of UTF-8, GBK and Big5; read byte by byte"
        codec = "cp1252" if texts.fault("cp1252") is None else "latin-1"
        return Encoding(codec, evidence, doubt=True, notes=tuple(notes))
    others = [score for codec, score in scores.items() if codec != best]
    clear = hanzi >= ENOUGH_HANZI and scores[best] >= PLAUSIBLE
    clear = clear and (not others or scores[best] - max(others) >= CLEAR_LEAD)
    evidence = (
        f"texts decode as {titled(best)}, {scores[best]:.0%} of {hanzi} characters common in it"
    )
    return Encoding(best, evidence, doubt=not clear, cut=texts.cut(best), notes=tuple(notes))


def _special(data: bytes, codec: str) -> Counter[str]:
    """Count the characters beyond ASCII; one that a narrow field has cut is left out."""
    counted = Counter(data[:SCORED_BYTES].decode(codec, "replace"))
    return Counter({c: n for c, n in counted.items() if c >= "\u0080" and c != "\ufffd"})


def _hanzi(data: bytes, codec: str) -> int:
    return _special(data, codec).total()


def _commonness(data: bytes, codec: str) -> float:
    """Return the share of characters that are everyday Hanzi or punctuation in `codec`.

    GB 2312 keeps its 3,755 everyday characters at lead bytes B0-D7 with trail bytes from A1, Big5
    its 5,401 at A4-C6; text of one, read as the other, falls outside about half of the time.
    """
    total = good = 0
    for character, times in _special(data, codec).items():
        pair = character.encode(codec, "replace")
        total += times
        if len(pair) != PAIR:
            continue
        lead, trail = pair
        if codec == "cp950":
            good += times * (BIG5_COMMON[0] <= lead <= BIG5_COMMON[1])
        else:
            everyday = GB_COMMON[0] <= lead <= GB_COMMON[1] or GB_SIGNS[0] <= lead <= GB_SIGNS[1]
            good += times * (trail >= GB_TRAIL and everyday)
    return good / total if total else 0.0
