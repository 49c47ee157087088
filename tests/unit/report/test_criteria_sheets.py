"""The form for criteria: what is written reads back equal, words drop down, reciprocals are live."""

import io
import zipfile

import numpy as np
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renewal_geo.foundation.errors import InputError
from renewal_geo.foundation.potential_settings import CRITERION
from renewal_geo.io import read_criteria
from renewal_geo.potential.criteria import checked
from renewal_geo.potential.criterion import Criterion
from renewal_geo.potential.pairwise import judged
from renewal_geo.report import criteria_workbook

SHEETS = {
    "zh": ["评价因子", "填写说明", "判断矩阵"],
    "en": ["Criteria", "How to fill in", "Comparisons"],
}
THREE = [
    {"id": "age", "title": "建成年代", "column": "built_year", "breaks": [1995, 2005], "scores": [1, 0.5, 0], "weight": 3},
    {"id": "slope", "title": "坡度", "title_en": "Slope", "source": "raster", "layer": "dem", "derive": "slope_percent",
     "direction": "cost", "low": 0, "high": 15, "veto": "> 25", "weight": 1, "missing": 0, "unit": "%"},
    {"id": "metro", "source": "distance", "layer": "stations", "by": "network", "transform": "sigmoid", "weight": 2},
    {"id": "use", "column": "land_use", "veto": "in ['G1']"},
]  # fmt: skip


def opened(content):
    return openpyxl.load_workbook(io.BytesIO(content))


def read_back(content, folder, **more):
    (folder / "a.xlsx").write_bytes(content)
    return read_criteria(folder / "a.xlsx", **more)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_what_is_written_reads_back_equal(lang, tmp_path):
    criteria = checked(THREE)
    content = criteria_workbook(criteria, lang=lang)
    assert opened(content).sheetnames == SHEETS[lang]
    assert checked(read_back(content, tmp_path).criteria) == criteria
    assert criteria_workbook(criteria, lang=lang) == content


def test_an_empty_form(tmp_path):
    content = criteria_workbook((), study_name="龙岗")
    assert opened(content).sheetnames == SHEETS["zh"][:2]
    assert opened(content).properties.title == "龙岗 评价因子表"
    with pytest.raises(InputError, match="no criteria below"):
        read_back(content, tmp_path)


def test_words_drop_down_for_every_row():
    for lang, words in (("zh", '"正向,负向"'), ("en", '"benefit,cost"')):
        sheet = opened(criteria_workbook(checked(THREE), lang=lang)).worksheets[0]
        heads = [cell.value for cell in sheet[1]]
        found = {one.formula1: str(one.sqref) for one in sheet.data_validations.dataValidation}
        letter = sheet.cell(
            1, heads.index("方向" if lang == "zh" else "direction") + 1
        ).column_letter
        assert found[words] == f"{letter}2:{letter}200"
        assert len(found) == 6
        # a list of words in a formula holds at most 255 signs
        assert all(len(one) <= 257 for one in found)
        assert sheet.freeze_panes == "C2"


def test_every_key_is_explained_in_one_line():
    for lang in ("zh", "en"):
        sheet = opened(criteria_workbook((), lang=lang)).worksheets[1]
        lines = [
            [cell.value for cell in row]
            for row in sheet.iter_rows(min_row=4, max_row=3 + len(CRITERION))
        ]
        assert [line[1] for line in lines] == list(CRITERION)
        assert all(line[0] and len(line[2]) > 5 and "\n" not in line[2] for line in lines)


def test_text_never_becomes_a_formula(tmp_path):
    hostile = Criterion(
        "a",
        title="=1+1",
        column="a",
        weight=(1.0,),
        reference="=HYPERLINK(1)",
        unit="@x",
        veto="> 2",
    )
    content = criteria_workbook([hostile])
    sheet = opened(content).worksheets[0]
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    assert checked(read_back(content, tmp_path).criteria) == (hostile,)


def test_several_experts_have_a_column_each(tmp_path):
    criteria = checked([{"column": "a", "weight": [60, 50]}, {"column": "b", "weight": [40, 50]}])
    content = criteria_workbook(criteria)
    assert {"权重1", "权重2"} <= {cell.value for cell in opened(content).worksheets[0][1]}
    assert checked(read_back(content, tmp_path).criteria) == criteria


MATRIX = [[1, 3, "1/5"], ["1/3", 1, "1/9"], [5, 9, 1]]


def test_comparisons_read_back_and_their_reciprocals_are_live(tmp_path):
    criteria = checked(THREE)
    content = criteria_workbook(criteria, matrices=[MATRIX, [[1] * 3] * 3], lang="en")
    first, second = opened(content).worksheets[2:]
    assert (first.title, second.title) == ("Comparisons", "Comparisons 2")
    assert first["C5"].value == '=IF(D4="","",1/D4)'
    assert first["D4"].value == 3
    found = read_back(content, tmp_path, matrix_sheets=["Comparisons", "Comparisons 2"])
    expected = [[1, 3, 1 / 5], [1 / 3, 1, 1 / 9], [5, 9, 1]]
    assert np.array(found.matrices[0]) == pytest.approx(np.array(expected), abs=1e-8)
    assert found.matrices[1] == [[1.0] * 3] * 3
    assert checked(found.criteria, weighting="ahp")[3].weight == (0.0,)


def test_the_sheet_reckons_weights_and_consistency(tmp_path):
    """The formulas' values as we store them: near the eigenvector's, and exactly its of a consistent matrix."""
    content = criteria_workbook(checked(THREE), matrices=[MATRIX])
    (tmp_path / "a.xlsx").write_bytes(content)
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx", data_only=True)["判断矩阵"]
    weights = [sheet.cell(10, 3 + j).value for j in range(3)]
    exact = judged(np.array([[1, 3, 1 / 5], [1 / 3, 1, 1 / 9], [5, 9, 1]]))
    assert weights == pytest.approx(
        exact.weights.tolist(), abs=1e-8
    )  # of three criteria they are equal
    assert sheet["C11"].value == pytest.approx(exact.ratio, abs=1e-8)
    assert opened(content)["判断矩阵"]["C11"].value.startswith("=(SUMPRODUCT(")


def test_matrices_of_other_criteria_are_refused():
    for matrix in ([[1, 2], [0.5, 1]], [[1, 2, 3], [1, 1, "x"], [1, 1, 1]]):
        with pytest.raises(InputError, match="matrix 1 does not compare the 3 weighted criteria"):
            criteria_workbook(checked(THREE), matrices=[matrix])


def test_every_entry_has_a_fixed_date():
    with zipfile.ZipFile(io.BytesIO(criteria_workbook(checked(THREE)))) as packed:
        assert {entry.date_time for entry in packed.infolist()} == {(2020, 1, 1, 0, 0, 0)}


# ---- whatever a criterion says, the form says it ----
signs = st.characters(
    codec="utf-8", categories=("L", "N", "P", "S", "Zs"), exclude_characters="`\"'{}[];_"
)
texts = st.text(signs, max_size=12).map(str.strip)
names = st.text(
    st.characters(categories=("Ll", "Lo", "Nd"), codec="utf-8"), min_size=1, max_size=10
)
codes = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=6
)


def numbers(low, high):
    """Floats of 12 digits: a workbook keeps 15."""
    return st.floats(low, high, allow_nan=False).map(lambda one: float(f"{one:.12g}"))


figures = numbers(-1e9, 1e9) | st.integers(-3000, 3000)
rates = st.floats(0, 1) | st.sampled_from([0, 1, 0.1])


@st.composite
def ratings(draw):
    kind = draw(st.sampled_from(["breaks", "linear", "sigmoid", "category"]))
    if kind == "breaks":
        breaks = sorted(draw(st.sets(figures, min_size=1, max_size=4)))
        return {"breaks": breaks, "scores": [draw(rates) for _ in range(len(breaks) + 1)]}
    if kind == "category":
        return {"categories": draw(st.dictionaries(codes, rates, min_size=1, max_size=4))}
    low, high = sorted(draw(st.sets(figures, min_size=2, max_size=2)))
    asked = {"transform": kind, "direction": draw(st.sampled_from(["benefit", "cost"]))}
    return asked | draw(
        st.sampled_from([{}, {"low": low}, {"high": high}, {"low": low, "high": high}])
    )


@st.composite
def origins(draw):
    reach = {"within_m": draw(numbers(0, 1e4))}
    return draw(
        st.sampled_from(
            [
                {"column": "built_year"},
                {"column": "a / `楼面（一）`"},
                {"source": "share", "layer": "tenure", "where": "kind in ['国有', 'a;b']", **reach},
                {
                    "source": "raster",
                    "layer": "dem",
                    "derive": "slope_deg",
                    "statistic": "max",
                    **reach,
                },
                {
                    "source": "raster",
                    "layer": "lc",
                    "statistic": "share",
                    "values": [3, "a;b", "无", "="],
                },
                {"source": "distance", "layer": "metro", "by": "network"},
                {"source": "density", "layer": "plants", "column": "capacity", **reach},
            ]
        )
    )


@st.composite
def tables(draw):
    experts = draw(st.integers(1, 3))
    rows = []
    for at in range(draw(st.integers(1, 4))):
        weight = [draw(numbers(0.1, 100)) for _ in range(experts)]
        words = {key: draw(texts) for key in ("title", "title_en", "unit", "reference")}
        row = {
            "id": f"{draw(names)}{at}",
            **draw(origins()),
            **draw(ratings()),
            "weight": weight,
            **words,
        }
        rows.append(row | draw(st.sampled_from([{}, {"missing": 0.25}])))
    return rows


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables(), st.sampled_from(["zh", "en"]))
def test_any_criteria_read_back_equal(tmp_path, rows, lang):
    criteria = checked(rows)
    found = read_back(criteria_workbook(criteria, lang=lang), tmp_path)
    assert checked(found.criteria) == criteria
