"""Which encoding, on what evidence."""

import pytest

from renewal_geo.foundation.errors import SourceError
from renewal_geo.io import encodings

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
