"""Criteria as planners keep them in Excel and CSV: any headings, any signs, every fault with its cell."""

import datetime as dt

import openpyxl
import pytest

from renewal_geo.foundation.criterion_words import OTHER_HEADINGS, VALUES, heading_key, value_of
from renewal_geo.foundation.errors import SchemaError, SourceError
from renewal_geo.foundation.potential_settings import CRITERION
from renewal_geo.io import read_criteria
from renewal_geo.potential.criteria import checked

HEADS = [
    "编号",
    "名称",
    "来源",
    "列",
    "图层",
    "方向",
    "转换",
    "分段",
    "得分",
    "下限",
    "上限",
    "类别得分",
    "否决",
    "权重",
    "缺失",
]


def day(*parts):
    return dt.datetime(*parts)  # noqa: DTZ001 - workbooks know no zones


def book(path, rows, *, name="因子", formats=None, **sheets):
    made = openpyxl.Workbook()
    page = made.active
    page.title = name
    for row in rows:
        page.append(row)
    for place, form in (formats or {}).items():
        page[place].number_format = form
    for title, cells in sheets.items():
        other = made.create_sheet(title)
        for row in cells:
            other.append(row)
    made.save(path)
    return path


def row(**cells):
    """Return a row under HEADS."""
    return [cells.get(head) for head in HEADS]


def read(tmp_path, *rows, **more):
    return read_criteria(book(tmp_path / "a.xlsx", rows, **more))


def refused(tmp_path, *rows, **more):
    with pytest.raises(SchemaError) as found:
        read(tmp_path, *rows, **more)
    return found.value


def test_a_chinese_table(tmp_path):
    found = read(
        tmp_path,
        ["龙岗区连片改造评价因子"],
        [],
        HEADS,
        row(编号="age", 名称="建成年代", 来源="列", 列="built_year", 转换="分段", 分段="1995；2005；2012", 得分="1；0.75；0.35；0", 权重=3),
        row(编号="slope", 名称="坡度", 来源="栅格", 图层="dem", 方向="负向", 转换="S形", 下限=0, 上限="１５", 否决="＞ 25", 权重=1, 缺失=0),
        [],
        row(编号="use", 来源="列", 列="land_use", 类别得分="M1＝1；M0：0.6", 否决="in [‘G1’，“E2”]", 权重=1.5),
    )  # fmt: skip
    assert found.criteria == [
        {"id": "age", "title": "建成年代", "source": "column", "column": "built_year", "transform": "breaks",
         "breaks": [1995, 2005, 2012], "scores": [1, 0.75, 0.35, 0], "weight": 3},
        {"id": "slope", "title": "坡度", "source": "raster", "layer": "dem", "direction": "cost",
         "transform": "sigmoid", "low": 0, "high": 15, "veto": "> 25", "weight": 1, "missing": 0},
        {"id": "use", "source": "column", "column": "land_use", "categories": {"M1": 1, "M0": 0.6},
         "veto": """in ['G1',"E2"]""", "weight": 1.5},
    ]  # fmt: skip
    assert [one.id for one in checked(found.criteria)] == ["age", "slope", "use"]
    assert found.sources[0].layer == "因子"
    assert found.sources[0].rows == 7
    assert len(found.sources[0].sha256) == 64


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv(tmp_path, codec):
    text = "编号,名称,列,权重,类别得分\nuse,现状用途,用地性质代码,3,M1=1; M0=0.6\nage,建成年代,建成年份,2,\n"
    (tmp_path / "a.csv").write_bytes(text.encode(codec))
    found = read_criteria("a.csv", folder=tmp_path)
    assert found.criteria == [
        {"id": "use", "title": "现状用途", "column": "用地性质代码", "categories": {"M1": 1.0, "M0": 0.6}, "weight": 3.0},
        {"id": "age", "title": "建成年代", "column": "建成年份", "weight": 2.0},
    ]  # fmt: skip
    assert found.sources[0].path == "a.csv"
    assert found.sources[0].encoding


def test_every_key_has_headings_of_its_own_in_both_languages():
    meant = {}
    for key in CRITERION:
        for one in (key, *OTHER_HEADINGS[key]):
            assert heading_key(one) == key, one
            assert meant.setdefault(one.casefold(), key) == key
    for key, values in VALUES.items():
        for value, words in values.items():
            for word in (value, value.upper(), *words):
                assert value_of(key, word) == value, word


@pytest.mark.parametrize(
    ("heading", "key"),
    [
        ("编号 id", "id"), ("ＩＤ", "id"), ("权重（张工）", "weight"), ("权重2", "weight"), ("Weight 1", "weight"),
        ("周边范围（米）", "within_m"), ("Title EN", "title_en"), ("得分", "scores"), ("类别得分", "categories"),
        ("权", ""), ("", ""), ("坡度", ""),
    ],
)  # fmt: skip
def test_headings(heading, key):
    assert heading_key(heading) == key


def test_columns_for_people_and_totals_are_passed_over(tmp_path):
    found = read(
        tmp_path,
        ["序号", "编号", "列", "权重", "备注"],
        [1, "a", "a", 30, "x"],
        ["合计", None, None, 30],
    )
    assert found.criteria == [{"id": "a", "column": "a", "weight": 30}]
    assert found.notes == (
        "column 序号 was passed over", "column 备注 was passed over", "row 3 is a total and was passed over",
    )  # fmt: skip


def test_several_experts(tmp_path):
    found = read(
        tmp_path, ["编号", "列", "否决", "权重1", "权重2", "权重（李工）"], ["a", "a", None, 60, 50, 40],
        ["b", "b", None, 40, 50, 60], ["c", "c", "> 2", None, None, None], ["d", "d", "> 2", 0, None, None],
    )  # fmt: skip
    assert [one.get("weight") for one in found.criteria] == [[60, 50, 40], [40, 50, 60], None, 0]
    assert len(checked(found.criteria)) == 4
    fault = refused(tmp_path, ["编号", "列", "权重1", "权重2"], ["a", "a", 60, None])
    assert fault.what == "D2: one expert gives no weight, and another does"


def test_percentages(tmp_path):
    """30 % is 30 percent as a weight and 0.3 as a rating; as a figure the source tells."""
    heads = ["编号", "来源", "列", "图层", "派生", "下限", "上限", "权重", "缺失", "单位"]
    rows = [
        heads,
        ["a", "占比", None, "tenure", None, 0.1, "60%", 0.3, 0.5, None],
        ["b", "栅格", None, "dem", "坡度(%)", 0.07, "２５％", "70 %", None, None],
        ["c", "列", "rate", None, None, 0.1, None, None, None, "%"],
    ]
    form = dict.fromkeys(("F2", "H2", "I2", "F3", "F4"), "0%")
    found = read(tmp_path, *rows, formats=form).criteria
    assert (found[0]["low"], found[0]["high"], found[0]["weight"], found[0]["missing"]) == (
        0.1,
        0.6,
        30.0,
        0.5,
    )
    assert (found[1]["low"], found[1]["high"], found[1]["weight"]) == (7.0, 25.0, 70.0)
    assert found[2]["low"] == 10.0
    fault = refused(
        tmp_path, ["编号", "列", "下限", "权重"], ["a", "rate", 0.25, 1], formats={"C2": "0.0%"}
    )
    assert "C2 (low) is the percentage 25 %" in fault.what
    assert fault.fix == "write 25 or 0.25, whichever the figure is, as a plain number"


@pytest.mark.parametrize(
    ("cell", "figures"),
    [
        ("10; 25", [10, 25]), ("10；25；", [10, 25]), ("10，25、40", [10, 25, 40]), ("1,000; 2,000", [1000, 2000]),
        (10, [10]), ("−5;１．５", [-5, 1.5]), ("1e3\n2e3", [1000, 2000]),
    ],
)  # fmt: skip
def test_lists_of_figures(tmp_path, cell, figures):
    found = read(tmp_path, ["编号", "列", "分段", "得分", "权重"], ["a", "a", cell, "0;1", 1])
    assert found.criteria[0]["breaks"] == figures


@pytest.mark.parametrize(
    ("cell", "codes"),
    [
        ("M1=1; M0=0.6", {"M1": 1, "M0": 0.6}), ("M1:1,M0：０．６", {"M1": 1, "M0": 0.6}), ("3=1", {"3": 1}),
        ("工业（一）=100%；住宅=0", {"工业（一）": 1, "住宅": 0}), ('"a;b=c"=1; "x""y=0', None),
        ('"a;b=c"=1; "say \\"x\\""=0', {"a;b=c": 1, 'say "x"': 0}), ("M1", None), ("M1=x", None), ("M1=1; M1=0", None),
    ],
)  # fmt: skip
def test_categories(tmp_path, cell, codes):
    rows = [["编号", "列", "类别得分", "权重"], ["a", "a", cell, 1]]
    if codes is None:
        assert "C2 (categories)" in refused(tmp_path, *rows).what
    else:
        assert read(tmp_path, *rows).criteria[0]["categories"] == codes


@pytest.mark.parametrize(
    ("cell", "codes"),
    [
        ("1；2", ["1", "2"]),
        (10, ["10"]),
        ("林地、草地", ["林地", "草地"]),
        ('"a;b"; c', ["a;b", "c"]),
    ],
)
def test_codes_of_a_raster(tmp_path, cell, codes):
    found = read(
        tmp_path,
        ["编号", "来源", "图层", "统计", "取值", "权重"],
        ["a", "栅格", "lc", "占比", cell, 1],
    )
    assert found.criteria[0]["values"] == codes


def test_expressions_keep_what_is_quoted(tmp_path):
    found = read(tmp_path, ["编号", "来源", "图层", "筛选", "权重"],
                 ["a", "占比", "t", "`用途（一）` ＝＝ ‘工业（一）’ and 面积 ＞ １０", 1])  # fmt: skip
    assert found.criteria[0]["where"] == "`用途（一）` == '工业（一）' and 面积 > 10"


@pytest.mark.parametrize("cell", ["-", "—", "/", "无", "  ", "N/A"])
def test_signs_of_nothing_are_empty(tmp_path, cell):
    found = read(
        tmp_path, ["编号", "列", "否决", "缺失", "图层", "权重"], ["a", "a", cell, cell, cell, 1]
    )
    assert found.criteria == [{"id": "a", "column": "a", "weight": 1}]


def test_codes_that_excel_keeps_as_numbers_are_text(tmp_path):
    found = read(
        tmp_path, ["编号", "名称", "列", "依据", "权重"], [7, 3.0, "a", day(2020, 6, 30), 1]
    )
    assert found.criteria[0] == {
        "id": "7",
        "title": "3",
        "column": "a",
        "reference": "2020-06-30",
        "weight": 1,
    }


@pytest.mark.parametrize(
    ("head", "cell", "said", "fix"),
    [
        (
            "方向",
            "正面",
            "C2 (direction) is '正面', none of the known words, did you mean '正向'",
            "正向, 负向",
        ),
        ("来源", "raster2", "did you mean 'raster'", "列, 占比, 栅格"),
        ("下限", "十", "C2 (low) is '十', not a number", "such as 25"),
        ("上限", True, "C2 (high) is True, yes or no", "a text or a number"),
        ("分段", "1;x", "C2 (breaks) is 'x', not a number", "such as 25"),
        (
            "分段",
            day(2026, 10, 25),
            "is the date or time 2026-10-25",
            "format the cell as text",
        ),
        (
            "否决",
            day(2026, 1, 3),
            "is the date or time 2026-01-03",
            "format the cell as text",
        ),
        ("类别得分", dt.time(1, 3), "is the date or time 01:03:00", "format the cell as text"),
        ("权重", "高", "C2 (weight) is '高', not a number", "such as 25"),
    ],
)
def test_bad_cells_are_named(tmp_path, head, cell, said, fix):
    fault = refused(tmp_path, ["编号", "列", head], ["a", "a", cell])
    assert fault.code == "bad_cell"
    assert said in fault.what
    assert fault.where.endswith("a.xlsx, sheet 因子, C2")
    assert fix in fault.fix


def test_every_fault_at_once(tmp_path):
    fault = refused(
        tmp_path,
        ["编号", "列", "方向", "下限", "颜色"],
        ["a", "a", "上", 1],
        ["b", "b", "正向", "x"],
    )
    for said in ("heading '颜色' is unknown", "C2 (direction)", "D3 (low)"):
        assert said in fault.what


def test_headings_that_are_wrong(tmp_path):
    fault = refused(tmp_path, ["编号", "列", "转换方法", "权重"], ["a", "a", "线性", 1])
    assert fault.code == "unknown_heading"
    assert "'转换方法' is unknown, did you mean '转换'" in fault.what
    assert fault.where.endswith("C1")
    fault = refused(tmp_path, ["编号", "列", "字段"], ["a", "a", "b"])
    assert fault.code == "heading_twice"
    assert "'列' and '字段' both mean column" in fault.what
    assert fault.where.endswith("B1 and C1")


@pytest.mark.parametrize("rows", [[["x", "y"], [1, 2]], [["编号", "列"]], [[]]])
def test_tables_without_criteria(tmp_path, rows):
    assert refused(tmp_path, *rows).code == "no_headings"


def test_files_that_are_none(tmp_path):
    book(tmp_path / "a.xlsx", [["编号", "列"], ["a", "a"]], 专家1=[[1]])
    with pytest.raises(SourceError, match="no sheet '专家', did you mean '专家1'"):
        read_criteria(tmp_path / "a.xlsx", sheet="专家")
    (tmp_path / "b.csv").write_text("编号,列\na,a\n")
    with pytest.raises(SourceError, match="has no sheet '专家1'"):
        read_criteria(tmp_path / "b.csv", matrix_sheets=["专家1"])
    (tmp_path / "c.xlsx").write_bytes(b"no zip")
    (tmp_path / "d.pdf").write_bytes(b"%PDF")
    (tmp_path / "e.csv").write_bytes(b"")
    for name in ("c.xlsx", "d.pdf", "e.csv", "f.xlsx"):
        with pytest.raises(SourceError):
            read_criteria(tmp_path / name)


TABLE = [
    ["编号", "名称", "列", "否决"],
    ["a", "甲", "x", None],
    ["b", "乙", "y", None],
    ["c", "丙", "z", None],
]


def matrix(tmp_path, rows, table=TABLE):
    path = book(tmp_path / "a.xlsx", table, 专家=rows)
    return read_criteria(path, matrix_sheets=["专家"])


def test_a_matrix_in_another_order_and_by_other_names(tmp_path):
    found = matrix(
        tmp_path,
        [
            ["判断矩阵"],
            [None, "丙", "A", "乙"],
            ["B", 2, "1/3", 1],
            ["甲", 8, 1, 3],
            ["c", 1, "１/8", 0.5],
        ],
    )
    assert found.matrices == [[[1, 3, 8], [1 / 3, 1, 2], [1 / 8, 0.5, 1]]]
    assert found.notes == ()
    assert [source.layer for source in found.sources] == ["因子", "专家"]


@pytest.mark.parametrize(
    "rows",
    [
        [[None, "a", "b", "c"], ["a", 1, 3, 8], ["b", None, 1, 2], ["c", None, None, 1]],
        [
            [None, "a", "b", "c"],
            ["a", None, None, None],
            ["b", "1/3", None, None],
            ["c", "1/8", "1/2"],
        ],
    ],
)
def test_half_a_matrix_suffices(tmp_path, rows):
    found = matrix(tmp_path, rows)
    assert found.matrices[0][0] == pytest.approx([1, 3, 8])
    assert found.matrices[0][2] == pytest.approx([1 / 8, 1 / 2, 1])
    assert found.notes == ("sheet 专家: 3 empty cells are the reciprocals of the others",)


def test_a_fraction_that_excel_made_a_date_of(tmp_path):
    with pytest.raises(SchemaError) as found:
        matrix(
            tmp_path,
            [
                [None, "a", "b", "c"],
                ["a", 1, day(2026, 1, 3), dt.time(1, 3)],
                ["b", None, 1, 2],
                ["c"],
            ],
        )
    assert (
        "C2 of sheet 专家 is the date or time 2026-01-03: Excel takes a fraction such as 1/3"
        in found.value.what
    )
    assert "type =1/3 in C2" in found.value.fix
    assert "D2 of sheet 专家 is the date or time 01:03:00" in found.value.what


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([[None, "a", "b", "c"], ["a", 1, "x", 2], ["b", None, 1, 2], ["c"]], "C2 of sheet 专家 is 'x', not a positive"),
        ([[None, "a", "b", "c"], ["a", 1, -3, 2], ["b", None, 1, 2], ["c"]], "C2 of sheet 专家 is -3, not a positive"),
        ([[None, "a", "b", "c"], ["a", 1, None, 2], ["b", None, 1, 2], ["c"]], "C2 and B3 of sheet 专家 are empty: a is not compared with b"),
        ([[None, "a", "b", "c"], ["a", 1, 2, 2], ["b", None, 1, 2]], "not square: c stands"),
        ([[None, "a", "b", "d"], ["a", 1, 2, 2], ["b", None, 1, 2], ["c"]], "D1 of sheet 专家 names 'd', which is no criterion"),
        ([[None, "a", "b", "甲"], ["a", 1, 2, 2], ["b", None, 1, 2], ["c"]], "B1 and D1 of sheet 专家 both name '甲'"),
        ([[None, "a", "b", "c"], ["a", 1, 3, 2], ["b", 0.5, 1, 2], ["c"]], "C2 of sheet 专家 is 3, but its counterpart B3 is 1/2: not reciprocal"),
        ([[None, "a", "b", "c"], ["a", 2, 3, 2], ["b", None, 1, 2], ["c"]], "B2 of sheet 专家 compares a criterion with itself and is 2, not 1"),
        ([[None, "a", "b", "c"], ["a", 1, 46025, 2], ["b", None, 1, 2], ["c"]], "C2 of sheet 专家 is the date or time 2026-01-03 (as the number 46025)"),
        ([["p", "q"], [1, 2]], "no row that names the criteria"),
        ([[None, "a", "b"], ["a", 1, 2], ["b", None, 1]], "criterion c is not compared on sheet 专家, and it is not only a veto"),
    ],
)  # fmt: skip
def test_matrices_that_are_none(tmp_path, rows, said):
    with pytest.raises(SchemaError) as found:
        matrix(tmp_path, rows)
    assert found.value.code == "bad_comparisons"
    assert said in found.value.what


def test_what_is_not_compared_is_only_a_veto(tmp_path):
    table = [*TABLE[:3], ["c", "丙", "z", "> 25"]]
    found = matrix(tmp_path, [[None, "a", "b"], ["a", 1, 3], ["b", "1/3", 1]], table)
    assert found.criteria[2]["weight"] == 0.0
    assert "criterion c is not compared and counts as a veto only" in found.notes
    assert [one.weight for one in checked(found.criteria, weighting="ahp")] == [(), (), (0.0,)]


def test_experts_compare_the_same_criteria(tmp_path):
    table = [*TABLE[:3], ["c", "丙", "z", "> 25"]]
    three = [[None, "a", "b", "c"], ["a", 1, 3, 3], ["b", None, 1, 1], ["c"]]
    two = [[None, "a", "b"], ["a", 1, 3], ["b", "1/3", 1]]
    path = book(tmp_path / "a.xlsx", table, 甲=three, 乙=two)
    with pytest.raises(SchemaError, match="do not compare the same criteria"):
        read_criteria(path, matrix_sheets=["甲", "乙"])
