"""The workbook of a score: live formulas with the right values beside them, texts that stay texts, the same bytes."""

import io
import re
import zipfile

import numpy as np
import openpyxl
import pandas as pd
import pytest
from openpyxl.utils import get_column_letter, range_boundaries

from renewal_geo.foundation.errors import InputError
from renewal_geo.potential import acceptability, score, stability
from renewal_geo.report import potential_columns, potential_workbook
from renewal_geo.report.potential_columns import HEADING_ROW

FIRST = HEADING_ROW + 1
SHARED = {
    "AND", "COUNT", "COUNTBLANK", "COUNTIF", "COUNTIFS", "IF", "IFERROR", "INDEX", "INT", "ISNUMBER", "LARGE", "LEFT",
    "MATCH", "MAX", "MIN", "N", "NOT", "OR", "ROUND", "ROW", "SMALL", "SUM", "SUMIF", "SUMPRODUCT",
}  # fmt: skip
"""What Excel 2010, WPS and LibreOffice all have."""
HOSTILE = [
    '=cmd|"/c calc"!A1',
    "O'Brien [1]{0}{n}:\\/?*",
    "长" * 300,
    "第一行\n第二行",
    "😀<&>;\x0b\"'",
]
WEIGHTS = [35, 15, 20, 20, 10]


def parcels(n=60, ids=None):
    rng = np.random.default_rng(5)
    table = pd.DataFrame(
        {
            "metro": rng.integers(0, 9, n) * 250.0, "slope": rng.integers(0, 6, n) * 6.0, "legal": rng.integers(0, 5, n) / 4,
            "age": rng.integers(1, 8, n) * 5.0, "use": rng.choice(["M1", "W1"], n),
        },
        index=pd.Index(ids or [f"LG{i:03d}" for i in range(n)], name="parcel_id"),
    )  # fmt: skip
    table.loc[table.index[[4, 9]], "legal"] = np.nan
    return table


def criteria(names=None, ids=("metro", "slope", "legal", "age", "use")):
    asked = [
        {"column": "metro", "direction": "cost", "low": 0, "high": 2000, "unit": "m", "reference": "综合交通规划"},
        {"column": "slope", "breaks": [8, 15, 25], "scores": [1, 0.7, 0.3, 0], "veto": "> 27", "unit": "°"},
        {"column": "legal", "transform": "sigmoid", "low": 0.2, "high": 0.9},
        {"column": "age"},
        {"column": "use", "categories": {"M1": 1, "W1": 0.6}},
    ]  # fmt: skip
    for n, one in enumerate(asked):
        one |= {"id": ids[n], "weight": WEIGHTS[n], "title": names[n] if names else f"因子{n}"}
    return [*asked, {"id": "flood", "column": "age", "veto": "> 900", "weight": 0, "title": "蓝线"}]


@pytest.fixture(scope="module")
def made():
    return score(parcels(), criteria())


@pytest.fixture(scope="module")
def content(made):
    areas = pd.Series(np.arange(60.0) * 37.5 + 800, index=made.scores.index)
    return potential_workbook(
        made, acceptability=acceptability(made, draws=40), stability=stability(made), areas=areas, study_name="龙岗"
    )  # fmt: skip


def opened(raw, *, values=False):
    return openpyxl.load_workbook(io.BytesIO(raw), data_only=values)


def formulas(raw):
    return [
        c for sheet in opened(raw) for row in sheet.iter_rows() for c in row if c.data_type == "f"
    ]


def scores_of(raw):
    """Return the sheet of scores as a table by parcel, and its column of every heading."""
    sheet = opened(raw, values=True).worksheets[1]
    rows = [[c.value for c in row] for row in sheet.iter_rows(min_row=FIRST)]
    heads = {str(c.value): c.column_letter for c in sheet[HEADING_ROW] if c.value}
    table = pd.DataFrame(rows, columns=[c.column_letter for c in sheet[HEADING_ROW]], dtype=object)
    return table.set_index("B"), heads


def lines_of(raw):
    sheet = opened(raw, values=True).worksheets[0]
    return {row[0].value: row[2].value for row in sheet.iter_rows(min_row=10) if row[0].value}


def numbers(column):
    return pd.to_numeric(column.replace({"": None})).to_numpy(dtype=float)


def test_sheets_in_both_languages(made, content):
    zh = ["权重", "得分", "稳定性", "否决", "缺失", "方法"]
    assert opened(content).sheetnames == zh
    english = potential_workbook(made, stability=stability(made), lang="en")
    assert opened(english).sheetnames == [
        "Weights",
        "Scores",
        "Stability",
        "Vetoes",
        "Missing",
        "Method",
    ]
    assert opened(content).active.title == "权重"
    bare = potential_workbook(score(parcels().dropna(), [{"column": "metro", "weight": 1}]))
    assert opened(bare).sheetnames == ["权重", "得分", "方法"]


def test_values_beside_the_formulas_are_the_score(made, content):
    table, heads = scores_of(content)
    assert table.index.is_unique
    table = table.reindex(made.scores.index)
    np.testing.assert_allclose(numbers(table[heads["得分"]]), made.scores, atol=1e-12)
    for title in ("排名", "原排名"):
        np.testing.assert_array_equal(numbers(table[heads[title]]), made.ranks)
    top = acceptability(made, draws=1).top
    assert ((table[heads["入选"]] == "✓") == (made.ranks <= top)).all()
    names = {one.id: one.title for one in made.asked}
    assert table[heads["短板因子"]].tolist() == [names[one] for one in made.limiting["criterion"]]
    np.testing.assert_allclose(
        numbers(table[heads["短板评分"]]), made.limiting["rating"], atol=1e-12
    )
    for n, name in enumerate(made.ratings):
        part, rating = (table[heads[f"{kind}\n因子{n}"]] for kind in ("贡献", "评分"))
        np.testing.assert_allclose(numbers(part), made.contributions[name], atol=1e-12)
        np.testing.assert_allclose(numbers(rating), made.ratings[name], atol=0)
    assert table[heads["状态"]].dropna().str.startswith(("被否决：因子1", "缺数据：因子2")).all()
    assert table[heads["状态"]].notna().sum() == made.ranks.isna().sum()


def test_parcels_stand_by_rank_and_the_vetoed_last(made, content):
    table, heads = scores_of(content)
    ranks = numbers(table[heads["原排名"]])
    ranked = int(made.ranks.notna().sum())
    assert (np.diff(ranks[:ranked]) >= 0).all()
    assert np.isnan(ranks[ranked:]).all()
    assert made.is_vetoed[table.index[ranked:]].tolist() == sorted(
        made.is_vetoed[table.index[ranked:]]
    )


def test_formulas_reckon_with_the_cells_of_their_row_and_the_weights(made, content):
    """An evaluator of our own for what is plain: sums of products, products, differences, references."""
    book, stored = opened(content), opened(content, values=True)
    scores, heads = book.worksheets[1], scores_of(content)[1]

    def value(sheet, cell):
        text = book[sheet][cell].value
        if not str(text).startswith("="):
            return text or 0.0
        found = re.fullmatch(r"='?([^'!]+)'?!\$([A-Z]+)\$(\d+)", str(text))
        return value(found[1], found[2] + found[3]) if found else stored[sheet][cell].value

    def row(area):
        left, top, right, _ = range_boundaries(area.replace("$", ""))
        return [value(scores.title, f"{get_column_letter(c)}{top}") for c in range(left, right + 1)]

    seen = 0
    for n in range(FIRST, scores.max_row + 1):
        text = str(scores[f"{heads['得分']}{n}"].value)
        sums = re.search(r"ROUND\(SUMPRODUCT\((\S+?:\S+?),(\S+?:\S+?)\),12\)", text)
        expected = stored[scores.title][f"{heads['得分']}{n}"].value
        if expected in {None, ""}:
            assert "=0)" in text  # asks whether a figure is missing where there is a weight
            continue
        reckoned = round(float(np.dot(row(sums[1]), row(sums[2]))), 12)
        assert expected == pytest.approx(reckoned, abs=1e-12)
        for k in range(5):
            cell = f"{heads[f'贡献{chr(10)}因子{k}']}{n}"
            product = re.fullmatch(r"=([A-Z]+\d+)\*([A-Z]+\$3)", str(scores[cell].value))
            rating, weight = (value(scores.title, one.replace("$", "")) for one in product.groups())
            assert stored[scores.title][cell].value == pytest.approx(rating * weight, abs=1e-12)
        seen += 1
    assert seen == made.scores.notna().sum()


def test_every_row_has_its_own_formulas(made, content):
    """Each live column holds one formula: that of the first row with the number of the row put in its place."""
    sheet, heads = opened(content).worksheets[1], scores_of(content)[1]
    for title in ("排名", "入选", "名次变化", "短板因子"):
        found = set()
        for n in range(FIRST, sheet.max_row + 1):
            text = sheet[f"{heads[title]}{n}"].value
            if text is not None:
                assert f"{n}" in text
                found.add(re.sub(rf"(?<=[A-Z]){n}\b", "#", text))
        assert len(found) == 1, title
    vetoed = [
        n for n in range(FIRST, sheet.max_row + 1) if sheet[f"{heads['排名']}{n}"].value is None
    ]
    assert len(vetoed) == made.is_vetoed.sum()


def test_the_summary_says_what_it_counts(made, content):
    lines, top = lines_of(content), acceptability(made, draws=1).top
    is_in = made.ranks <= top
    assert lines["入选宗数 N（可改）"] == top
    for title in ("现入选宗数（含并列）", "原权重下入选宗数（含并列）", "两者都入选"):
        assert lines[title] == is_in.sum()
    assert lines["占现入选"] == 1
    assert lines["新入选"] == lines["落选"] == lines["下降名次"] == 0
    assert lines["入选线（第 N 名得分）"] == pytest.approx(made.scores[is_in].min(), abs=1e-9)
    areas = pd.Series(np.arange(60.0) * 37.5 + 800, index=made.scores.index)
    assert lines["现入选面积（公顷）"] == pytest.approx(areas[is_in].sum() / 1e4, abs=1e-9)
    assert lines["核对"].startswith("✓")


def test_weights_are_inputs_that_refuse_what_has_no_meaning(made, content):
    sheet = opened(content).worksheets[0]
    asked = {str(one.sqref): one for one in sheet.data_validations.dataValidation}
    assert (asked["C4:C8"].type, asked["C4:C8"].operator, asked["C4:C8"].formula1) == (
        "decimal", "greaterThanOrEqual", "0",
    )  # fmt: skip
    top = next(one for one in asked.values() if one.type == "whole")
    assert (top.formula1, top.formula2) == ("1", str(int(made.ranks.notna().sum())))
    fills = {sheet.cell(row, 3).fill.fgColor.rgb for row in range(4, 9)}
    assert fills == {sheet[str(top.sqref)].fill.fgColor.rgb} != {sheet["D4"].fill.fgColor.rgb}
    assert [sheet.cell(row, 3).value for row in range(4, 9)] == [one / 100 for one in WEIGHTS]
    assert [sheet.cell(row, 5).value for row in range(4, 9)] == [one / 100 for one in WEIGHTS]
    assert sheet["C9"].value == "仅否决"
    assert sheet["D9"].value is None


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_hostile_names_and_ids_stay_texts_and_out_of_formulas(lang):
    ids = ["=1+1", "+A1", "@x", "-2", "\t=3", *(f"P{n}" for n in range(55))]
    made = score(parcels(ids=ids), criteria(HOSTILE))
    raw = potential_workbook(
        made, acceptability=acceptability(made, draws=5), stability=stability(made), study_name="=HYPERLINK(1)",
        lang=lang, notes=["=1+2", "http://example.org"],
    )  # fmt: skip
    for cell in formulas(raw):
        bare = re.sub(r'"[^"]*"', "", cell.value)
        assert set(re.findall(r"([A-Z][A-Z.]*)\(", bare)) <= SHARED, cell.value
        assert not re.search(r"cmd|Brien|长|😀|HYPERLINK", cell.value)
    book = opened(raw, values=True)
    assert [book.worksheets[0].cell(row, 1).value for row in range(4, 9)] == [
        one.replace("\x0b", "\ufffd") for one in HOSTILE
    ]
    shown = {row[1].value for row in book.worksheets[1].iter_rows(min_row=FIRST)}
    assert {"=1+1", "+A1", "@x", "-2"} <= shown
    for title in book.sheetnames:
        assert len(title) <= 31
        assert not set(title) & set("[]:*?/\\'")
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        assert not any("hyperlink" in packed.read(n).decode().casefold() for n in packed.namelist() if "core" not in n and "sheet" not in n)  # fmt: skip
    assert all(
        c.hyperlink is None for sheet in opened(raw) for row in sheet.iter_rows() for c in row
    )


def test_formulas_use_what_all_programs_have(content):
    used = set()
    for cell in formulas(content):
        used |= set(re.findall(r"([A-Z][A-Z.]*)\(", re.sub(r'"[^"]*"', "", cell.value)))
    assert used <= SHARED
    assert {"SUMPRODUCT", "COUNTIF", "LARGE"} <= used


def test_the_same_score_gives_the_same_bytes_in_any_order(made, content):
    areas = pd.Series(np.arange(60.0) * 37.5 + 800, index=made.scores.index)
    turned = score(parcels().iloc[::-1], criteria())
    told = {"acceptability": acceptability(turned, draws=40), "stability": stability(turned)}
    again = potential_workbook(turned, areas=areas.iloc[::-1], study_name="龙岗", **told)
    first, second = scores_of(content)[0], scores_of(again)[0]
    pd.testing.assert_frame_equal(first, second)
    assert potential_workbook(made) == potential_workbook(score(parcels(), criteria()))
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert {entry.date_time for entry in packed.infolist()} == {(2020, 1, 1, 0, 0, 0)}


def test_stability_is_told_by_name_and_in_numbers(made, content):
    sheet = opened(content, values=True)["稳定性"]
    heads = [c.value for c in sheet[4]]
    assert all(
        sheet.cell(3, heads.index(one) + 1).value for one in ("稳定半径", "入选比例", "移动权重")
    )
    rows = pd.DataFrame(
        [[c.value for c in row] for row in sheet.iter_rows(min_row=5)], columns=heads
    ).set_index("地块编号")
    table = stability(made).table.loc[rows.index]
    np.testing.assert_allclose(numbers(rows["移动权重"]), table["shift"], atol=1e-12)
    names = {one.id: one.title for one in made.asked}
    said = [names.get(one, "") for one in table["from_criterion"]]
    assert rows["权重移出"].fillna("").tolist() == said
    shares = acceptability(made, draws=40).table["top_share"]
    np.testing.assert_allclose(numbers(rows["入选比例"]), shares[rows.index], atol=1e-12)
    assert set(rows["类别"]) <= {"始终入选", "多半入选", "可能入选", "从不入选", "被否决", "缺数据"}


def test_vetoes_and_missing_figures_are_listed(made, content):
    book = opened(content, values=True)
    vetoes = [[c.value for c in row] for row in book["否决"].iter_rows(min_row=4)]
    assert [row[0] for row in vetoes] == made.vetoes["parcel_id"].tolist()
    assert all(
        row[2] == 30.0 and row[1:5:2] == ["因子1", "°"] and row[4] == "> 27" for row in vetoes
    )
    missing = [[c.value for c in row] for row in book["缺失"].iter_rows(min_row=4)]
    assert missing == [["LG004", "因子2", "没有数值"], ["LG009", "因子2", "没有数值"]]


def test_the_method_says_how_a_figure_becomes_a_rating(content, made):
    texts = [c.value for row in opened(content)["方法"].iter_rows() for c in row if c.value]
    assert "＜ 8: 1; 8–15: 0.7; 15–25: 0.3; ≥ 25: 0" in texts
    assert "线性：0 → 1，2000 → 0，两端之外持平" in texts
    assert "M1: 1; W1: 0.6" in texts
    assert any(str(one).startswith("40 次；围绕给定权重") for one in texts)
    assert set(made.notes) <= set(texts)


def test_experts_and_comparisons_have_a_sheet():
    asked = criteria()
    for one in asked[:-1]:
        one["weight"] = [one["weight"], 50 - one["weight"]]
    made = score(parcels(), asked)
    book = opened(potential_workbook(made), values=True)
    assert book.sheetnames[2] == "专家权重"
    sheet = book["专家权重"]
    shown = [[c.value for c in row[1:]] for row in sheet.iter_rows(min_row=4, max_row=8)]
    weights = made.weighting.weights[list(made.ratings)]
    expected = made.weighting.experts.loc[list(made.ratings)].assign(combined=weights)
    np.testing.assert_allclose(np.array(shown, dtype=float), expected, atol=1e-9)
    assert "专家权重" in book["权重"]["A2"].value


def test_beyond_a_size_ranks_stand_where_they_are_live_alone(made, monkeypatch):
    monkeypatch.setattr(potential_columns, "LIVE_RANKS", 20)
    raw = potential_workbook(made)
    table, heads = scores_of(raw)
    top = acceptability(made, draws=1).top
    shown = numbers(table[heads["排名"]])
    ranks = made.ranks[table.index].to_numpy()
    np.testing.assert_array_equal(shown, np.where(ranks <= top, ranks, np.nan))
    note = opened(raw).worksheets[1]["A2"].value
    assert "其余留空" in note


def test_print_set_up_and_frozen_heads(content):
    book = opened(content)
    for sheet in book:
        assert sheet.page_setup.orientation == "landscape"
        assert str(sheet.page_setup.paperSize) == "8"  # A3
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert "&P" in sheet.oddFooter.center.text
    scores = book.worksheets[1]
    assert scores.freeze_panes == f"C{FIRST}"
    assert scores.print_title_rows == f"${HEADING_ROW}:${HEADING_ROW}"
    assert scores.auto_filter.ref.startswith(f"A{HEADING_ROW}:")
    assert scores.auto_filter.ref.endswith(str(scores.max_row))
    assert scores.dimensions.endswith(str(scores.max_row))
    kinds = {rule.type for one in scores.conditional_formatting for rule in one.rules}
    assert kinds == {"expression", "dataBar"}


def test_areas_that_are_not_those_of_the_parcels_are_refused(made):
    with pytest.raises(InputError, match="areas"):
        potential_workbook(made, areas=pd.Series([1.0]))


def test_nobody_ranked_has_a_workbook_too():
    rows = pd.DataFrame({"a": [1.0, 2.0]}, index=["x", "y"])
    made = score(rows, [{"column": "a", "weight": 1, "low": 0, "high": 3, "veto": "> 0"}])
    raw = potential_workbook(made)
    assert lines_of(raw)["现入选宗数（含并列）"] == 0
    table, heads = scores_of(raw)
    assert numbers(table[heads["得分"]]).tolist() == pytest.approx([2 / 3, 1 / 3])
    assert np.isnan(numbers(table[heads["排名"]])).all()
