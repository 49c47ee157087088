"""In which encoding a table is written, and on what evidence; never mojibake in silence."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from renewal_geo.foundation.errors import SourceError
from renewal_geo.foundation.provenance import Evidence
from renewal_geo.io import dbase, trials

AUTO = "auto"
CHINESE = ("gb18030", "cp950")
TITLES = {
    "utf-8": "UTF-8", "utf-8-sig": "UTF-8", "gb18030": "GBK (GB18030)", "cp950": "Big5",
    "cp932": "Shift-JIS", "euc_jp": "EUC-JP", "shift_jis": "Shift-JIS",
    "cp949": "EUC-KR", "euc_kr": "EUC-KR", "cp1251": "Windows-1251",
}  # fmt: skip
ENOUGH_HANZI = 4
SURE_HANZI = 10
SURE_KANA = 2
SURE_HANGUL = 12
SURE_CYRILLIC = 3
CLEAR_LEAD = 0.15
PLAUSIBLE = 0.6
IMPLAUSIBLE = 0.34
SHOWN_ROWS = 3
POSSIBLE = "possible too"

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
WIDE = {"utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"}
WESTERN = {"iso8859-1", "iso8859-15", "cp1252", "cp437", "cp850", "ascii"}
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """The codec that was chosen, and the evidence for it.

    `cut` says that some texts end inside a character because their field was too narrow.
    """

    codec: str
    evidence: Evidence
    cut: bool = False

    @property
    def doubt(self) -> bool:
        """Whether someone should look at a few names."""
        return self.evidence.doubt

    def notes(self) -> list[str]:
        """Return what to say about the choice, one sentence each."""
        said = [
            *self.evidence.disbelieved,
            f"texts read as {self.evidence.encoding}: {self.evidence.why}",
        ]
        if self.doubt:
            rivals = [name for name, came in self.evidence.tried if came.startswith(POSSIBLE)]
            others = f" (it could be {' or '.join(rivals)})" if rivals else ""
            said.append(
                f"encoding_doubt: {self.evidence.encoding} is a guess{others}; compare a few names "
                "with the original, and write encoding into study.toml"
            )
        return said


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
    disbelieved: list[str] = []
    claims = _claims(texts, cpg, disbelieved)
    _refuse_wide(texts, claims, path)
    if texts.plain:
        stated = claims[0][0] if claims and claims[0][0] not in WIDE else "utf-8"
        return _chosen(stated, "ascii", "texts are plain ASCII", disbelieved=disbelieved)
    for codec, by, origin in claims:
        if codec in WESTERN:
            continue
        fault = texts.fault(codec) or _really_utf8(texts, codec)
        if fault is None:
            rival = _rival(texts, codec)
            if rival:
                disbelieved.append(
                    f"{origin} says {titled(codec)}, but the texts look more like {titled(rival)}"
                )
                if rival in {one for one, _, _ in claims}:
                    continue
            return _chosen(
                codec,
                by,
                origin,
                cut=texts.cut(codec),
                disbelieved=disbelieved,
                doubt=bool(rival),
            )
        disbelieved.append(f"{origin} says {titled(codec)}, but {fault}; it was not believed")
    western = texts.language_id in {0x03, 0x57} or any(c in WESTERN for c, _, _ in claims)
    return _by_trial(texts, disbelieved, western=western)


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
        return _chosen(codec, "given", "given in the study")
    for mark, codec in BOMS:
        if data.startswith(mark) and _decodes(data, codec):
            return _chosen(codec, "mark", "byte-order mark")
    if data.isascii():
        return _chosen("utf-8", "ascii", "texts are plain ASCII")
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


def _chosen(
    codec: str,
    by: str,
    why: str,
    *,
    tried: tuple[tuple[str, str], ...] = (),
    disbelieved: list[str] | None = None,
    doubt: bool = False,
    cut: bool = False,
) -> Encoding:
    evidence = Evidence(titled(codec), by, why, tried, tuple(disbelieved or ()), doubt)
    return Encoding(codec, evidence, cut)


def _as_given(texts: _Texts, given: str, path: Path) -> Encoding:
    codec = known_codec(given, str(path))
    fault = texts.fault(codec) or _really_utf8(texts, codec)
    if fault is not None:
        raise _wrong(given, fault, str(path))
    rival = _rival(texts, codec)
    said = [f"the texts look more like {titled(rival)}"] if rival else []
    return _chosen(
        codec,
        "given",
        "given in the study",
        disbelieved=said,
        doubt=bool(rival),
        cut=texts.cut(codec),
    )


def _really_utf8(texts: _Texts, codec: str) -> str | None:
    """Say that the texts are UTF-8, which other text practically never is by chance."""
    if codec in {"utf-8", "utf-8-sig"} or texts.plain or texts.fault("utf-8") is not None:
        return None
    strange = sum(character > "\u007f" for character in texts.whole().decode("utf-8", "replace"))
    return f"all {strange} special characters are valid UTF-8" if strange >= ENOUGH_HANZI else None


def _rival(texts: _Texts, codec: str) -> str | None:
    data = texts.whole()
    own = trials.look(data, codec).share if codec in CHINESE else 0.0
    for other in CHINESE:
        if other == codec or texts.fault(other) is not None:
            continue
        found = trials.look(data, other)
        if found.letters >= SURE_HANZI and found.share > max(own + 2 * CLEAR_LEAD, 1 - CLEAR_LEAD):
            return other
    return None


def _claims(texts: _Texts, cpg: Path | None, disbelieved: list[str]) -> list[tuple[str, str, str]]:
    """Return codec, kind and origin of what the file itself says of its encoding."""
    claims: list[tuple[str, str, str]] = []
    if cpg is not None:
        said = cpg.read_bytes()[:64].decode("ascii", "replace").strip().strip("\0\ufffd")
        codec = codec_named(said) if said else None
        if codec:
            claims.append((codec, "cpg", cpg.name))
        else:
            disbelieved.append(f"{cpg.name} says {said!r}, which names no encoding")
    if texts.language_id in LANGUAGE_IDS:
        origin = f"language id 0x{texts.language_id:02X} in the .dbf"
        claims.append((LANGUAGE_IDS[texts.language_id], "language_id", origin))
    return claims


def _refuse_wide(texts: _Texts, claims: list[tuple[str, str, str]], path: Path) -> None:
    """Refuse UTF-16 in a dBASE table, whose names end at the first zero byte."""
    marked = any(
        name.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) for name in texts.names
    )
    if marked and any(codec in WIDE for codec, _, _ in claims):
        raise SourceError(
            f"{path.name} is in UTF-16, which a dBASE table cannot hold: its names and texts end at "
            "the first zero byte",
            where=str(path),
            fix="export the table again in UTF-8 or GBK, or as a GeoPackage",
            code="wrong_encoding",
        )


def _by_trial(texts: _Texts, disbelieved: list[str], *, western: bool) -> Encoding:
    """Choose by strict decoding, then by the letters that come out."""
    fault = texts.fault("utf-8")
    if fault is None:
        why = "all texts are valid UTF-8"
        return _chosen("utf-8", "trial", why, cut=texts.cut("utf-8"), disbelieved=disbelieved)
    data = texts.whole()
    faults = {codec: texts.fault(codec) for codec in trials.LOOKS}
    looks = {codec: trials.look(data, codec) for codec, bad in faults.items() if bad is None}
    best, clear = _best(looks, western=western)
    tried = [("utf-8", fault), *((c, faults[c] or _came_of(c, looks[c], best)) for c in faults)]
    listed = tuple((titled(codec), came) for codec, came in tried)
    if not best:
        codec = "cp1252" if texts.fault("cp1252") is None else "latin-1"
        why = "texts are in none of UTF-8, GBK and Big5; read byte by byte"
        return _chosen(codec, "trial", why, tried=listed, disbelieved=disbelieved, doubt=True)
    found = looks[best]
    why = f"texts decode as {titled(best)}, {found.share:.0%} of {found.letters} characters common in it"
    return _chosen(
        best,
        "trial",
        why,
        tried=listed,
        disbelieved=disbelieved,
        doubt=not clear,
        cut=texts.cut(best),
    )


def _best(looks: dict[str, trials.Look], *, western: bool) -> tuple[str, bool]:
    """Return the codec that the letters speak for, or none, and whether no doubt remains."""
    blank = trials.Look(0, 0.0)
    for codec, least in (("cp932", SURE_KANA), ("euc_jp", SURE_KANA), ("cp949", SURE_HANGUL)):
        one = looks.get(codec, blank)
        if one.telling >= least and one.share >= PLAUSIBLE:
            return codec, False
    shares = {codec: looks[codec].share for codec in CHINESE if codec in looks}
    best = max(shares, key=lambda codec: (shares[codec], codec == "gb18030"), default="")
    found = looks.get(best, blank)
    thin = found.share < PLAUSIBLE or found.letters < ENOUGH_HANZI
    if not best or found.share < IMPLAUSIBLE or (western and thin):
        kanji = looks.get("cp932", blank)
        if kanji.share >= PLAUSIBLE and kanji.letters >= ENOUGH_HANZI:
            return "cp932", False
        return ("cp1251" if looks.get("cp1251", blank).telling >= SURE_CYRILLIC else ""), False
    others = [share for codec, share in shares.items() if codec != best]
    clear = not thin and (not others or found.share - max(others) >= CLEAR_LEAD)
    return best, clear and not _could_be_korean(looks)


def _could_be_korean(looks: dict[str, trials.Look]) -> bool:
    return "cp949" in looks and looks["cp949"].telling > 0


def _came_of(codec: str, found: trials.Look, best: str) -> str:
    said = f"{found.share:.0%} of {found.letters} characters common in it"
    if codec == best:
        return f"chosen: {said}"
    likely = codec in CHINESE and found.share >= PLAUSIBLE
    return f"{POSSIBLE}: {said}" if likely or found.telling else f"unlikely: {said}"
