"""Which encoding, on what evidence."""

import pytest

from renewal_geo.foundation.errors import SourceError
from renewal_geo.io import encodings, read_table

SIMPLIFIED = "龙岗区城市更新和土地整备局旧工业区综合整治项目一览表"
TRADITIONAL = "南崁新市鎮都市計畫住宅區工業區公園用地學校用地"


@pytest.mark.parametrize(
    ("text", "codec", "found"),
    [
        (SIMPLIFIED, "gbk", "gb18030"),
        (SIMPLIFIED, "utf-8", "utf-8"),
        (SIMPLIFIED, "utf-8-sig", "utf-8-sig"),
        (SIMPLIFIED, "utf-16", "utf-16"),
        (TRADITIONAL, "big5", "cp950"),
        (TRADITIONAL, "utf-8", "utf-8"),
        ("plain", "ascii", "utf-8"),
    ],
)
def test_plain_text(text, codec, found):
    chosen = encodings.encoding_of_bytes(text.encode(codec), "auto", "x.csv")
    assert chosen.codec == found
    assert not chosen.doubt
    assert text.encode(codec).decode(chosen.codec).lstrip("\ufeff") == text


def test_two_characters_are_not_enough():
    assert encodings.encoding_of_bytes("工业".encode("gbk"), "auto", "x.csv").doubt


def test_french_is_not_chinese():
    chosen = encodings.encoding_of_bytes("café à côté".encode("latin-1"), "auto", "x.csv")
    assert chosen.codec == "cp1252"
    assert chosen.doubt


def test_wrong_encoding_given_names_the_line():
    data = "编号\n1\n工业\n".encode("gbk")
    with pytest.raises(SourceError, match="line 1") as caught:
        encodings.encoding_of_bytes(data, "UTF-8", "x.csv")
    assert caught.value.code == "wrong_encoding"


@pytest.mark.parametrize(
    ("name", "codec"),
    [("936", "gb18030"), ("ANSI 936", "gb18030"), ("UTF-8", "utf-8"), ("65001", "utf-8"),
     ("Big-5", "cp950"), ("OEM 950", "cp950"), ("88591", "iso8859-1"), ("1252", "cp1252"),
     ("shift_jis", "shift_jis"), ("no such", None), ("", None)],
)  # fmt: skip
def test_names_of_code_pages(name, codec):
    assert encodings.codec_named(name) == codec


def table(path, rows, *, width=20, name=b"NAME", kind=b"C", decimals=0, ldid=0, more=()):
    """Write a dBASE table of one column (and `more`) from bytes."""
    columns = [(name, kind, width, decimals), *more]
    size = 1 + sum(one[2] for one in columns)
    head = 32 + 32 * len(columns) + 1
    data = bytes([3, 95, 7, 26]) + len(rows).to_bytes(4, "little") + head.to_bytes(2, "little")
    data += size.to_bytes(2, "little") + bytes(17) + bytes([ldid]) + bytes(2)
    for title, letter, wide, places in columns:
        data += title.ljust(11, b"\0") + letter + bytes(4) + bytes([wide, places]) + bytes(14)
    data += b"\r"
    for row in rows:
        cells = row if isinstance(row, tuple) else (row,)
        data += b" " + b"".join(
            cell.ljust(one[2]) for cell, one in zip(cells, columns, strict=True)
        )
    path.write_bytes(data + b"\x1a")
    return path


KOREAN = "서울특별시 강남구 역삼동 대치동 삼성동 청담동 논현동 신사동 압구정동"
JAPANESE = "ひたちなか市 かつしか区 さいたま市 つくば市"
KANJI = "新潟県西蒲原郡弥彦村 愛媛県松山市 栃木県宇都宮市"
RUSSIAN = "Москва Казань Новосибирск"


@pytest.mark.parametrize(
    ("text", "written", "codec", "sure"),
    [
        (SIMPLIFIED, "gbk", "gb18030", True),
        (TRADITIONAL, "big5", "cp950", True),
        (SIMPLIFIED, "utf-8", "utf-8", True),
        (JAPANESE, "euc_jp", "euc_jp", False),
        (JAPANESE, "shift_jis", "cp932", False),
        (KANJI, "shift_jis", "cp932", False),
        (KOREAN, "euc_kr", "cp949", False),
        (RUSSIAN, "cp1251", "cp1251", False),
        ("Peçeña México", "latin-1", "cp1252", False),
    ],
)
def test_tables_without_a_word_on_their_encoding(tmp_path, text, written, codec, sure):
    words = [word.encode(written) for word in text.split()]
    path = table(tmp_path / "a.dbf", words, width=max(map(len, words)) + 2)
    chosen = encodings.encoding_of_table(path)
    assert chosen.codec == codec
    assert chosen.doubt != sure
    assert chosen.evidence.by == "trial"
    assert chosen.evidence.encoding == encodings.titled(codec)
    read, source = read_table(path)
    assert read["NAME"].tolist() == text.split()
    assert source.evidence == chosen.evidence
    assert any(note.startswith("encoding_doubt") for note in source.notes) != sure


def test_what_was_tried_is_kept(tmp_path):
    path = table(tmp_path / "a.dbf", [SIMPLIFIED[:20].encode("gbk")], width=40)
    tried = dict(encodings.encoding_of_table(path).evidence.tried)
    assert "row 0" in tried["UTF-8"]
    assert tried["GBK (GB18030)"].startswith("chosen: 100%")
    assert set(tried) >= {"UTF-8", "GBK (GB18030)", "Big5", "EUC-JP"}


@pytest.mark.parametrize(
    ("cpg", "ldid", "by"),
    [
        ("GBK", 0, "cpg"),
        ("", 0x4D, "language_id"),
        ("Big5", 0x4D, "language_id"),
        ("UTF-8", 0, "trial"),
    ],
)
def test_who_decides(tmp_path, cpg, ldid, by):
    path = table(
        tmp_path / "a.dbf",
        ["塘坑工业区".encode("gbk"), SIMPLIFIED[:12].encode("gbk")],
        width=30,
        ldid=ldid,
    )
    if cpg:
        (tmp_path / "a.cpg").write_text(cpg)
    chosen = encodings.encoding_of_table(path, cpg=tmp_path / "a.cpg" if cpg else None)
    assert (chosen.codec, chosen.evidence.by) == ("gb18030", by)
    assert bool(chosen.evidence.disbelieved) == (cpg in {"Big5", "UTF-8"})


def test_a_cpg_that_decodes_but_reads_oddly_is_doubted(tmp_path):
    text = next(
        part
        for n in range(len(TRADITIONAL))
        if len(part := TRADITIONAL[n : n + 12]) == 12 and decodes(part.encode("big5"))
    )
    path = table(tmp_path / "a.dbf", [text.encode("big5")], width=30)
    (tmp_path / "a.cpg").write_text("GBK")
    chosen = encodings.encoding_of_table(path, cpg=tmp_path / "a.cpg")
    assert chosen.doubt
    assert "look more like Big5" in chosen.evidence.disbelieved[0]


def decodes(data):
    try:
        return bool(data.decode("gb18030"))
    except UnicodeDecodeError:
        return False


def test_utf16_cannot_stand_in_a_dbase_table(tmp_path):
    path = table(tmp_path / "a.dbf", [b"x"], name=b"\xff\xfei")
    (tmp_path / "a.cpg").write_text("UTF-16")
    with pytest.raises(SourceError, match="UTF-16") as caught:
        read_table(path)
    assert caught.value.code == "wrong_encoding"


def test_numbers_with_commas_are_not_cut(tmp_path):
    more = [(b"WHOLE", b"N", 9, 0), (b"RUBBISH", b"N", 9, 2)]
    rows = [(b"68,500", b"68,500", b"abc"), (b"1.5", b"7", b"****"), (b"", b"", b"2.5")]
    path = table(tmp_path / "a.dbf", rows, width=9, kind=b"N", decimals=3, more=more)
    read, source = read_table(path)
    assert read["NAME"].tolist()[:2] == [68.5, 1.5]
    assert read["WHOLE"].tolist()[:2] == [68500, 7]
    assert read["RUBBISH"].isna().tolist() == [True, True, False]
    assert any("68,500 was read as 68.500" in note for note in source.notes)
    assert any("'abc' (row 0)" in note for note in source.notes)
    assert path.read_bytes().count(b"68,500") == 2


def test_columns_of_one_name_are_told_apart(tmp_path):
    path = table(
        tmp_path / "a.dbf", [(b"a", b"b", b"c")], more=[(b"NAME", b"C", 5, 0), (b"", b"C", 5, 0)]
    )
    read, source = read_table(path)
    assert read.iloc[0].to_dict() == {"NAME": "a", "NAME_2": "b", "field_3": "c"}
    assert any("'NAME_2'" in note for note in source.notes)
