"""What texts look like when they are read in one encoding or another: strict, then by their letters.

Every encoding of East Asia decodes much of what was written in another. What tells them apart is
where the everyday characters of a language lie in its code table, and kana and Hangul, which no
other language uses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

SCORED_BYTES = 4 << 20
PAIR = 2
# GB 2312 keeps its 3,755 everyday characters at lead bytes B0-D7 with trail bytes from A1, Big5 its
# 5,401 at A4-C6, JIS X 0208 its 2,965 at rows 16 to 47 and kana at rows 4 and 5.
GB_COMMON, GB_SIGNS, GB_TRAIL = (0xB0, 0xD7), (0xA1, 0xA3), 0xA1
BIG5_COMMON = (0xA1, 0xC6)
EUC_JP_COMMON, EUC_JP_SIGNS, EUC_JP_KANA = (0xB0, 0xCF), 0xA1, (0xA4, 0xA5)
SHIFT_JIS_COMMON = ((0x81, 0x83), (0x88, 0x98))
KANA = ("\u3041", "\u30fa")
HANGUL = ("\uac00", "\ud7a3")
CYRILLIC = ("\u0410", "\u0451")
KANA_SHARE = 0.05
HANGUL_SHARE = 0.95
CYRILLIC_SHARE = 0.95
RARE_SHARE = 0.05
LETTERS_IN_A_ROW = 2.5


@dataclass(frozen=True, slots=True)
class Look:
    """How texts look in one encoding: characters beyond ASCII, and the share that is everyday.

    `telling` counts different letters of a script that only one language uses (kana, Hangul,
    Cyrillic); 0 for Chinese encodings.
    """

    letters: int
    share: float
    telling: int = 0


def look(data: bytes, codec: str) -> Look:
    """Return how `data` looks in `codec`, one of those of :data:`LOOKS`."""
    return LOOKS[codec](special(data, codec), codec, data)


def special(data: bytes, codec: str) -> Counter[str]:
    """Count the characters beyond ASCII; one that a narrow field has cut is left out."""
    counted = Counter(data[:SCORED_BYTES].decode(codec, "replace"))
    return Counter({c: n for c, n in counted.items() if c >= "\u0080" and c != "\ufffd"})


def _chinese(letters: Counter[str], codec: str, data: bytes) -> Look:
    del data
    fits = _is_common_big5 if codec == "cp950" else _is_common_gb
    return _shared(letters, codec, fits)


def _japanese(letters: Counter[str], codec: str, data: bytes) -> Look:
    """Japanese has kana: without them, kanji in EUC-JP cannot be told from GBK."""
    del data
    fits = _is_common_euc_jp if codec == "euc_jp" else _is_common_shift_jis
    found = _shared(letters, codec, fits)
    kana = {c: n for c, n in letters.items() if KANA[0] <= c <= KANA[1]}
    enough = sum(kana.values()) >= KANA_SHARE * found.letters
    return Look(found.letters, found.share, len(kana) if enough else 0)


def _korean(letters: Counter[str], codec: str, data: bytes) -> Look:
    """Everyday Hangul lies in KS X 1001; what cp949 added is rare and looks like anything."""
    del data
    found = _by_script(letters, HANGUL, HANGUL_SHARE)
    rare = sum(n for c, n in letters.items() if c.encode(codec, "replace")[-1] < GB_TRAIL)
    return found if rare <= RARE_SHARE * found.letters else Look(found.letters, 0.0)


def _russian(letters: Counter[str], codec: str, data: bytes) -> Look:
    """Cyrillic stands in words; the accents of Western languages stand alone."""
    del codec
    found = _by_script(letters, CYRILLIC, CYRILLIC_SHARE)
    runs = [len(run) for run in _runs(data[:SCORED_BYTES])]
    in_words = bool(runs) and sum(runs) / len(runs) >= LETTERS_IN_A_ROW
    return found if in_words else Look(found.letters, 0.0)


def _runs(data: bytes) -> list[bytes]:
    plain = bytes(range(0x80))
    return data.translate(bytes(0x20 if b in plain else b for b in range(256))).split()


def _by_script(letters: Counter[str], script: tuple[str, str], least: float) -> Look:
    own = {c: n for c, n in letters.items() if script[0] <= c <= script[1]}
    total = letters.total()
    share = sum(own.values()) / total if total else 0.0
    return Look(total, share, len(own) if share >= least else 0)


def _shared(letters: Counter[str], codec: str, fits: Callable[[int, int], bool]) -> Look:
    good = 0
    for character, times in letters.items():
        pair = character.encode(codec, "replace")
        good += times * (len(pair) == PAIR and fits(pair[0], pair[1]))
    total = letters.total()
    return Look(total, good / total if total else 0.0)


def _is_common_gb(lead: int, trail: int) -> bool:
    everyday = GB_COMMON[0] <= lead <= GB_COMMON[1] or GB_SIGNS[0] <= lead <= GB_SIGNS[1]
    return everyday and trail >= GB_TRAIL


def _is_common_big5(lead: int, trail: int) -> bool:
    del trail
    return BIG5_COMMON[0] <= lead <= BIG5_COMMON[1]


def _is_common_euc_jp(lead: int, trail: int) -> bool:
    del trail
    everyday = EUC_JP_COMMON[0] <= lead <= EUC_JP_COMMON[1]
    return everyday or lead == EUC_JP_SIGNS or EUC_JP_KANA[0] <= lead <= EUC_JP_KANA[1]


def _is_common_shift_jis(lead: int, trail: int) -> bool:
    del trail
    return any(low <= lead <= high for low, high in SHIFT_JIS_COMMON)


LOOKS: dict[str, Callable[[Counter[str], str, bytes], Look]] = {
    "gb18030": _chinese,
    "cp950": _chinese,
    "cp932": _japanese,
    "euc_jp": _japanese,
    "cp949": _korean,
    "cp1251": _russian,
}
