"""The method of a score on one page: everything is said, nothing overlaps or leaves the page, same bytes."""

import dataclasses
import datetime as dt
import importlib.util
import re
import zlib
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from renewal_geo.foundation.errors import RenewalError
from renewal_geo.foundation.labels import label
from renewal_geo.maps import method_sheet
from renewal_geo.maps.ready.potential_tables import seen, told_criteria, top_of
from renewal_geo.maps.sheet import fonts
from renewal_geo.maps.sheet import method_sheet as sheets
from renewal_geo.maps.sheet.method_blocks import Worth
from renewal_geo.maps.sheet.method_curves import _beside, _ratings
from renewal_geo.maps.sheet.method_table import chosen
from renewal_geo.potential import score
from renewal_geo.potential.transforms import rated

HOSTILE = "</script>$\\frac{1}{2}$\"'`\u202e{name}%s"
A4 = (595.276, 841.89)
DAY = dt.date(2020, 6, 30)


@pytest.fixture(scope="module")
def potentials():
    path = Path(__file__).resolve().parents[2] / "drawn_potential.py"
    spec = importlib.util.spec_from_file_location("drawn_potential", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def whole(potentials):
    return potentials.found()


def laid(made, lang="zh", accepted=None, stable=None, name="研究", notes=()):
    """Return the sheet before it is exported, and its texts with their boxes in points."""
    worth = Worth(made, top_of(made, accepted, stable), accepted, stable)
    sheet = sheets._composed(worth, fonts.faces(), seen(name), lang, DAY, [seen(n) for n in notes])
    texts = [one for one in sheet.figure.texts if one.get_text()]
    with mpl.rc_context({"text.hinting": "none"}):
        canvas = FigureCanvasAgg(sheet.figure)
        canvas.draw()
        boxes = [one.get_window_extent(canvas.get_renderer()) for one in texts]
    return sheet, [(one.get_text(), box) for one, box in zip(texts, boxes, strict=True)]


def said(texts):
    return [text for text, _ in texts]


def overlapping(texts):
    """Return pairs of texts that lie on one another by more than the air round their letters."""
    boxes = np.array([[b.x0, b.y0, b.x1, b.y1] for _, b in texts])
    found = []
    for n in range(len(boxes)):
        across = np.minimum(boxes[n, 2], boxes[:, 2]) - np.maximum(boxes[n, 0], boxes[:, 0])
        down = np.minimum(boxes[n, 3], boxes[:, 3]) - np.maximum(boxes[n, 1], boxes[:, 1])
        for other in np.flatnonzero((across > 0.3) & (down > 1.2)):
            if other > n:
                found.append((texts[n][0], texts[other][0]))
    return found


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("count", [1, 3, 12, 20])
def test_whatever_the_number_of_criteria_nothing_overlaps_or_leaves_the_page(
    potentials, lang, count
):
    made = potentials.many(count)
    notes = [f"note {n}: the raster is read with cells of 30 m and nodata -9999" for n in range(30)]
    _, texts = laid(made, lang, notes=notes)
    assert overlapping(texts) == []
    for text, box in texts:
        assert box.x0 >= 28, text
        assert box.x1 <= A4[0] - 28, text
        assert box.y0 >= 20, text
        assert box.y1 <= A4[1] - 20, text


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_sheet_says_what_a_reviewer_asks_for(whole, lang):
    _, made, accepted, stable = whole
    _, texts = laid(made, lang, accepted, stable, "城北研究", ["样例为虚构数据"])
    everything = " ".join(said(texts))
    for one in told_criteria(made):
        assert one.title.said(lang) in everything
        assert f"{one.weight:.1%}" in everything
    for text in (
        "城北研究",
        DAY.isoformat(),
        label("method.synthetic", lang),
        "> 30",
        "规范第 4 条",
        "样例为虚构数据",
    ):
        assert text in everything
    kinds = accepted.table["class"].value_counts()
    for name in ("always", "likely", "possible", "never"):
        assert f"{label(f'method.{name}', lang)} {kinds[name]}" in everything
    cut = made.scores[(made.ranks <= 10).to_numpy()].min()
    assert label("method.cut_said", lang, top=10, cut=f"{cut:.3f}") in everything
    law = label("method.law_around", lang, draws=60, noise="0.5", seed=1)
    assert law.replace(" ", "") in everything.replace(" ", "")
    assert "renewal-geo" in everything
    near = stable.table["shift"].to_numpy() <= 0.05
    inside = (made.ranks <= 10).to_numpy()
    told = label(
        "method.near",
        lang,
        out=(near & inside).sum(),
        into=(near & ~inside).sum(),
        fast=(inside & stable.table["shift"].isna().to_numpy()).sum(),
    )
    assert told.replace(" ", "") in everything.replace(" ", "")  # fmt: skip


def test_without_draws_the_sheet_says_that_there_were_none(whole):
    _, texts = laid(whole[1])
    assert label("method.no_draws", "zh")[:12] in " ".join(said(texts))


def test_how_experts_agreed_is_said(potentials):
    matrices = [
        [[1, 2, 4], ["1/2", 1, 2], ["1/4", "1/2", 1]],
        [[1, 3, 5], ["1/3", 1, 2], ["1/5", "1/2", 1]],
    ]
    table = potentials.parcels().drop(columns="geometry")
    asked = [
        {"id": name, "column": name, "low": 0, "high": 3000} for name in ("slope", "metro", "year")
    ]
    made = score(table, asked, weighting="ahp", ahp=matrices)
    _, texts = laid(made, "en")
    everything = " ".join(said(texts))
    assert label("method.how_ahp", "en") in everything
    assert "2 experts" in everything
    for ratio in made.weighting.consistency["ratio"]:
        assert f"{ratio:.3f}" in everything  # fmt: skip


def test_more_criteria_than_fit_are_named_by_number_and_weight(potentials):
    made = potentials.many(30)
    shown = chosen(told_criteria(made), 120)
    assert len(shown.criteria) + len(shown.left_out) == 30
    assert shown.high <= 120
    least = min(one.weight for _, one in shown.criteria)
    assert max(one.weight for one in shown.left_out) <= least
    numbers = [number for number, _ in shown.criteria]
    assert numbers == sorted(numbers)
    _, texts = laid(made, "en")
    more = next(text for text in said(texts) if "further criteria" in text)
    rest = [one for one in told_criteria(made) if one.title.en not in said(texts)]
    assert more == label(
        "method.more", "en", count=len(rest), weight=f"{sum(one.weight for one in rest):.1%}"
    )


def test_curves_are_the_ratings_of_the_score(whole):
    made = whole[1]
    for one in told_criteria(made):
        found = _ratings(one, one.figures)
        np.testing.assert_allclose(found, made.ratings[one.asked.id].to_numpy(dtype=float))
    year = told_criteria(made)[2]
    below, at = _beside(year)
    steps, _, _ = rated(pd.Series([below[0], at[0]]), year.filled)
    assert steps.tolist() == [1.0, 0.5]


def test_hostile_names_are_drawn_as_they_are_and_turn_nothing_around(potentials):
    _, made, accepted, stable = potentials.found(lambda text: text + HOSTILE)
    sheet, texts = laid(made, "zh", accepted, stable, "研究" + HOSTILE, ["注" + HOSTILE])
    everything = "".join(said(texts))
    assert "\u202e" not in everything
    assert seen("注" + HOSTILE) in everything
    assert overlapping(texts) == []
    assert not any(one.get_parse_math() for one in sheet.figure.texts)


def test_ten_kilobytes_of_name_are_cut_and_stay_apart(potentials):
    _, made, accepted, stable = potentials.found(lambda text: text + "很长的名称" * 2000)
    _, texts = laid(made, "zh", accepted, stable, "很长" * 5000, ["很长的说明" * 2000] * 9)
    assert overlapping(texts) == []
    assert max(box.x1 for _, box in texts) <= A4[0] - 28


def test_all_vetoed_and_nothing_scored_are_sane_pages(potentials):
    table = potentials.parcels().drop(columns="geometry")
    none = score(table, [{"id": "slope", "column": "slope", "weight": 1, "veto": "> -1"}])
    _, texts = laid(none, "en")
    assert label("method.nothing", "en") in said(texts)
    assert method_sheet(none).startswith(b"%PDF")
    assert overlapping(texts) == []


def test_one_page_of_a4_with_its_fonts_and_the_same_bytes(whole):
    _, made, accepted, stable = whole
    look = {"acceptability": accepted, "stability": stable, "study_name": "研究", "as_of": DAY}
    first = method_sheet(made, **look)
    assert method_sheet(made, **look) == first
    assert len(re.findall(rb"/Type /Page\b", first)) == 1
    box = re.search(rb"/MediaBox \[ ([\d. ]+) \]", first)
    assert [float(one) for one in box[1].split()][2:] == pytest.approx(A4, abs=0.01)
    names = re.findall(rb"/BaseFont /(\S+)", first)
    assert names
    assert b"/FontFile2" in first or b"/CharProcs" in first  # outlines embedded, or drawn as Type 3
    assert b"D:20200630" in first
    assert b"/Subtype /Image" not in first
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", first, re.DOTALL)
    drawn = b"".join(_inflated(one) for one in streams)
    assert drawn.count(b"BT") > 60  # texts, not pictures of texts


def _inflated(stream):
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return b""


def test_a_picture_has_the_dots_that_were_asked_for(whole):
    data = method_sheet(whole[1], lang="en", form="png", dpi=72)
    wide, high = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
    assert (wide, high) == (595, 842)


def test_a_sign_that_no_font_has_is_a_box_and_is_said(whole):
    sheet, texts = laid(whole[1], "en", name="study \U000e0101\U0001f9ff")
    if not sheet.pen.lost:
        pytest.skip("a font here has every sign")
    assert any(fonts.MISSING in text for text in said(texts))
    assert label("method.boxes", "en", count=len(sheet.pen.lost)) in " ".join(said(texts))


def test_a_machine_without_chinese_fonts_says_so_in_english(whole, monkeypatch):
    fonts.chinese_family.cache_clear()
    monkeypatch.setattr(fonts, "FAMILIES", ())
    try:
        data = method_sheet(whole[1], lang="zh")
    finally:
        fonts.chinese_family.cache_clear()
    assert b"How land is scored" in data  # the title of the file


def test_what_belongs_to_another_score_is_refused(whole):
    _, made, accepted, _ = whole
    other = dataclasses.replace(accepted, table=accepted.table.iloc[::-1])
    with pytest.raises(RenewalError) as fault:
        method_sheet(made, acceptability=other)
    assert fault.value.code == "other_parcels"
    with pytest.raises(RenewalError):
        method_sheet(made, lang="fr")
