"""LibreOffice reckons our workbooks anew: the same figures; and with other weights the figures of a new score."""

import importlib.util
import io
import re
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest

from renewal_geo import quality, report
from renewal_geo.ledger import tally
from renewal_geo.potential import acceptability, score, stability
from renewal_geo.report import potential_columns

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:.*extension is not supported and will be removed:UserWarning"),
]  # fmt: skip
TESTS = Path(__file__).resolve().parents[1]
TO = 1e-9
HEADS = 5  # row of the column heads of the scores
HOSTILE = {
    "metro": '=cmd|"/c calc"!A1', "slope": "O'Brien \"x\" [1]{0}{n}", "legal": "很长的名称" * 60, "age": "第一行\n第二行\n第三行",
    "use": "😀<&>;*?~",
}  # fmt: skip
WEIGHTS = {"metro": 35.0, "slope": 15.0, "legal": 20.0, "age": 20.0, "use": 10.0}
OTHERS = {
    "one is raised": {**WEIGHTS, "legal": 55.0},
    "points, not shares": {"metro": 1, "slope": 7, "legal": 3, "age": 11, "use": 2},
    "two are nothing, and who lacked a figure of one has a score": {**WEIGHTS, "legal": 0.0, "slope": 0.0},
    "all alike: ties": dict.fromkeys(WEIGHTS, 1.0),
    "one is all": {**dict.fromkeys(WEIGHTS, 0.0), "metro": 1.0},
    "tiny figures": {name: one * 1e-7 for name, one in {**WEIGHTS, "age": 60.0}.items()},
}  # fmt: skip


def loaded(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def parcels(n=120):
    """Parcels with coarse figures, so that many scores tie; some vetoed, some without a figure."""
    rng = np.random.default_rng(3)
    table = pd.DataFrame(
        {
            "metro": rng.integers(0, 20, n) * 100.0, "slope": rng.integers(0, 6, n) * 6.0,
            "legal": rng.integers(0, 5, n) / 4, "age": rng.integers(1, 8, n) * 5.0,
            "use": rng.choice(["M1", "W1", "M0"], n), "flood": rng.uniform(0, 1, n),
        },
        index=pd.Index([f"LG{i:04d}" for i in range(n)], name="parcel_id"),
    )  # fmt: skip
    table.loc[table.index[[5, 17, 40]], "legal"] = np.nan
    table.loc[table.index[17], "use"] = None
    return table


def criteria(weights, names=None):
    """Every weighted criterion has a veto, so that it may weigh nothing and still stand."""
    asked = [
        {"id": "metro", "column": "metro", "direction": "cost", "low": 0, "high": 2000, "veto": "> 90000"},
        {"id": "slope", "column": "slope", "breaks": [8, 15, 25], "scores": [1, 0.7, 0.3, 0], "veto": "> 27"},
        {"id": "legal", "column": "legal", "transform": "sigmoid", "low": 0.2, "high": 0.9, "veto": "> 2"},
        {"id": "age", "column": "age", "low": 5, "high": 35, "veto": "> 200"},
        {"id": "use", "column": "use", "categories": {"M1": 1, "W1": 0.6, "M0": 0.2}, "veto": "in ['none']"},
        {"id": "flood", "column": "flood", "veto": "> 0.9", "weight": 0},
    ]  # fmt: skip
    for one in asked[:-1]:
        one["weight"] = weights[one["id"]]
        one["title"] = (names or {}).get(one["id"], f"因子 {one['id']}")
    return asked


def scored(weights, names=None):
    return score(parcels(), criteria(weights, names), weights_are="points")


def workbook(potential, **more):
    areas = pd.Series(np.arange(len(potential.scores)) * 37.5 + 800, index=potential.scores.index)
    return report.potential_workbook(
        potential, acceptability=acceptability(potential, draws=50), stability=stability(potential),
        areas=areas, **more,
    )  # fmt: skip


def edited(content, sheet, cells):
    """Return a workbook with other figures in some cells, and nothing else touched."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w") as new:
        for entry in old.infolist():
            body = old.read(entry.filename)
            if entry.filename == f"xl/worksheets/sheet{sheet}.xml":
                for cell, figure in cells.items():
                    form = rf'(<c r="{cell}"[^>]*><v>)[^<]*(</v>)'.encode()
                    body, count = re.subn(form, rb"\g<1>%s\g<2>" % repr(figure).encode(), body)
                    assert count == 1, cell
            new.writestr(entry, body)
    return made.getvalue()


def opened(source, **options):
    return openpyxl.load_workbook(
        io.BytesIO(source) if isinstance(source, bytes) else source, data_only=True, **options
    )


def figures(source, formulas):
    """Return what every formula of a workbook gives: (sheet, cell) -> value, None for the empty text."""
    book = opened(source)
    return {(s, c): None if book[s][c].value == "" else book[s][c].value for s, c in formulas}


def formulas_of(content):
    book = openpyxl.load_workbook(io.BytesIO(content))
    found = [
        (sheet.title, cell.coordinate) for sheet in book for row in sheet.iter_rows() for cell in row
        if cell.data_type == "f"
    ]  # fmt: skip
    assert found
    return found


def same(ours, theirs):
    if isinstance(ours, (int, float)) and isinstance(theirs, (int, float)):
        return abs(ours - theirs) <= TO
    return ours == theirs


def assert_reckoned(recalculated, folder, content):
    """Every formula gives in LibreOffice what stands beside it in our file."""
    file = folder / "ours.xlsx"
    file.write_bytes(content)
    formulas = formulas_of(content)
    ours, theirs = figures(content, formulas), figures(recalculated(file), formulas)
    differing = {
        one: (ours[one], theirs[one]) for one in formulas if not same(ours[one], theirs[one])
    }
    assert not differing
    return len(formulas)


def table_of(source, heads=HEADS):
    """Return the sheet of scores by parcel, columns by their letters."""
    sheet = opened(source).worksheets[1]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=heads + 1)]
    letters = [cell.column_letter for cell in sheet[heads]]
    table = pd.DataFrame(rows, columns=letters, dtype=object).set_index("B")
    return table.replace({"": None}), {
        str(cell.value): cell.column_letter for cell in sheet[heads] if cell.value
    }


def assert_scored(table, heads, expected, top, names):
    """The sheet says what a new score says: scores, ranks, the top, the limiting criterion, the parts."""
    table = table.reindex(expected.scores.index)

    def column(title):
        return pd.to_numeric(table[heads[title]]).to_numpy(dtype=float)

    np.testing.assert_allclose(column("得分"), expected.scores, atol=TO)
    np.testing.assert_array_equal(column("排名"), expected.ranks)
    is_in = (expected.ranks <= top).to_numpy()
    assert ((table[heads["入选"]] == "✓").to_numpy() == is_in).all()
    said = [names[one] if one else None for one in expected.limiting["criterion"]]
    assert table[heads["短板因子"]].where(table[heads["短板因子"]].notna(), None).tolist() == said
    np.testing.assert_allclose(column("短板评分"), expected.limiting["rating"], atol=TO)
    parts = [letter for title, letter in heads.items() if title.startswith("贡献")]
    for letter, name in zip(parts, WEIGHTS, strict=True):
        found = pd.to_numeric(table[letter]).to_numpy(dtype=float)
        if name in expected.contributions:
            np.testing.assert_allclose(found, expected.contributions[name], atol=TO)
        else:
            assert (found[~np.isnan(found)] == 0).all()
    return is_in


@pytest.mark.parametrize("names", [None, HOSTILE], ids=["plain", "hostile"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_score_comes_out_as_it_was_written(recalculated, tmp_path, names, lang):
    count = assert_reckoned(recalculated, tmp_path, workbook(scored(WEIGHTS, names), lang=lang))
    assert count > 1_000


@pytest.mark.parametrize("weights", OTHERS.values(), ids=OTHERS)
def test_other_weights_give_what_a_new_score_gives(recalculated, tmp_path, weights):
    before, after = scored(WEIGHTS, HOSTILE), scored(weights, HOSTILE)
    content, top = workbook(before), 9
    cells = {f"C{4 + n}": float(one) for n, one in enumerate(weights.values())}
    row = row_of_top(content)
    file = tmp_path / "changed.xlsx"
    file.write_bytes(edited(content, 1, {**cells, f"C{row}": top}))
    made = recalculated(file)
    table, heads = table_of(made)
    is_in = assert_scored(table, heads, after, top, HOSTILE)
    old = before.ranks.reindex(after.ranks.index).to_numpy()
    lines = {r[0].value: r[2].value for r in opened(made).worksheets[0].iter_rows(min_row=row)}
    was_in = old <= top
    loss = (after.ranks.to_numpy() - old)[was_in]
    assert lines["现入选宗数（含并列）"] == is_in.sum()
    assert lines["原权重下入选宗数（含并列）"] == was_in.sum()
    assert lines["两者都入选"] == (is_in & was_in).sum()
    assert lines["下降名次"] == np.nanmax(loss)
    if np.nanmax(loss) > 0:
        parcel = lines["名次损失最大的原入选地块"]
        assert after.ranks[parcel] - before.ranks[parcel] == np.nanmax(loss)
        assert lines["现排名"] == after.ranks[parcel]
    assert lines["入选线（第 N 名得分）"] == pytest.approx(
        after.scores.to_numpy()[is_in].min(), abs=TO
    )
    assert_first(made, after, top)


def row_of_top(content):
    sheet = opened(content).worksheets[0]
    return next(r for r in range(1, 40) if sheet.cell(r, 1).value == "入选宗数 N（可改）")


def assert_first(made, after, top):
    """The list beside the weights holds the first twelve, each once."""
    sheet = opened(made).worksheets[0]
    head = next(r for r in range(1, 60) if sheet.cell(r, 5).value == "现排名最前的地块")
    rows = [[sheet.cell(r, c).value for c in range(5, 11)] for r in range(head + 2, head + 14)]
    ids = [row[1] for row in rows]
    assert len(set(ids)) == 12
    ranks = after.ranks[ids].tolist()
    assert [row[0] for row in rows] == ranks == sorted(after.ranks.dropna())[:12]
    assert [row[4] not in {None, ""} for row in rows] == [one <= top for one in ranks]
    assert [row[5] for row in rows] == [
        HOSTILE[one] for one in after.limiting.loc[ids, "criterion"]
    ]


def test_the_original_weights_bring_everything_back(recalculated, tmp_path):
    content = workbook(scored(WEIGHTS))
    formulas = formulas_of(content)
    changed = edited(content, 1, {"C4": 0.9})
    (tmp_path / "changed.xlsx").write_bytes(changed)
    moved = figures(recalculated(tmp_path / "changed.xlsx"), formulas)
    before = figures(content, formulas)
    assert sum(not same(before[one], moved[one]) for one in formulas) > 300
    (tmp_path / "back.xlsx").write_bytes(edited(changed, 1, {"C4": 0.35}))
    back = figures(recalculated(tmp_path / "back.xlsx"), formulas)
    assert all(same(before[one], back[one]) for one in formulas)


@pytest.mark.parametrize(
    ("cells", "said"),
    [({"C4": -0.1}, "不得为负"), (dict.fromkeys(("C4", "C5", "C6", "C7", "C8"), 0.0), "合计为 0")],
)
def test_weights_without_a_meaning_give_no_ranks_and_say_so(recalculated, tmp_path, cells, said):
    (tmp_path / "bad.xlsx").write_bytes(edited(workbook(scored(WEIGHTS)), 1, cells))
    made = recalculated(tmp_path / "bad.xlsx")
    table, heads = table_of(made)
    for title in ("得分", "排名", "入选", "短板因子", "名次变化"):
        assert table[heads[title]].isna().all(), title
    sheet = opened(made).worksheets[0]
    assert any(said in str(sheet.cell(r, 3).value) for r in range(1, 30))
    cells = [c.value for one in opened(made) for row in one.iter_rows() for c in row]
    assert not [one for one in cells if isinstance(one, str) and one.startswith(("#", "Err:"))]


def test_an_n_without_a_meaning_puts_nobody_in_and_says_so(recalculated, tmp_path):
    content = workbook(scored(WEIGHTS))
    row = row_of_top(content)
    (tmp_path / "bad.xlsx").write_bytes(edited(content, 1, {f"C{row}": 0.0}))
    made = recalculated(tmp_path / "bad.xlsx")
    table, heads = table_of(made)
    assert table[heads["入选"]].isna().all()
    assert table[heads["排名"]].notna().any()
    assert "N 须为" in opened(made).worksheets[0].cell(row + 1, 3).value


def test_beyond_a_size_ranks_are_live_where_a_parcel_is_or_was_at_the_top(
    recalculated, tmp_path, monkeypatch
):
    monkeypatch.setattr(potential_columns, "LIVE_RANKS", 50)
    before, weights = scored(WEIGHTS), OTHERS["points, not shares"]
    content = workbook(before)
    assert_reckoned(recalculated, tmp_path, content)
    cells = {f"C{4 + n}": float(one) for n, one in enumerate(weights.values())}
    (tmp_path / "changed.xlsx").write_bytes(edited(content, 1, cells))
    table, heads = table_of(recalculated(tmp_path / "changed.xlsx"))
    after = scored(weights)
    table, top = table.reindex(after.ranks.index), acceptability(before, draws=1).top
    is_in, was_in = (after.ranks <= top).to_numpy(), (before.ranks <= top).to_numpy()
    assert (is_in & ~was_in).any()
    assert (was_in & ~is_in).any()
    shown = pd.to_numeric(table[heads["排名"]]).to_numpy(dtype=float)
    np.testing.assert_array_equal(shown, np.where(is_in | was_in, after.ranks, np.nan))
    assert ((table[heads["入选"]] == "✓").to_numpy() == is_in).all()


def test_weights_of_experts_and_comparisons(recalculated, tmp_path):
    asked = criteria(WEIGHTS)
    for one in asked[:-1]:
        one["weight"] = [one["weight"], 100 - one["weight"]]
    assert_reckoned(recalculated, tmp_path, workbook(score(parcels(), asked)))
    for one in asked[:-1]:
        del one["weight"], one["veto"]
    pairs = [
        [1, 3, 2, 2, 4],
        ["1/3", 1, "1/2", "1/2", 1],
        ["1/2", 2, 1, 1, 2],
        ["1/2", 2, 1, 1, 2],
        ["1/4", 1, "1/2", "1/2", 1],
    ]
    compared = score(parcels(), asked, weighting="ahp", ahp=[pairs, pairs])
    assert_reckoned(recalculated, tmp_path, workbook(compared, lang="en"))


def zone_book():
    drawn = loaded(TESTS / "drawn.py")
    d = drawn.delineation()
    use = d.parcels[["land_use", "geometry"]].dropna(subset=["geometry"])
    use = use.assign(land_use=[f"M{n % 3}" for n in range(len(use))])
    book = tally(d.zones, gpd.GeoDataFrame(use, geometry="geometry", crs=drawn.CRS), by="land_use")
    return report.zone_workbook(
        d, ledgers=[book], outlook=loaded(TESTS / "drawn_outlook.py").outlook(d)
    )


def ledger_book():
    drawn = loaded(TESTS / "drawn.py")
    d = drawn.delineation()
    use = d.parcels[["land_use", "geometry"]].dropna(subset=["geometry"])
    use = use.assign(land_use=[f"R{n % 4}" for n in range(len(use))])
    use.geometry = use.geometry.translate(3.3, 1.7)
    zones = gpd.GeoDataFrame(use, geometry="geometry", crs=drawn.CRS)
    return report.ledger_workbook(tally(d.zones, zones, by="land_use"))


def handover_book():
    drawn = loaded(TESTS / "unit" / "handover" / "drawn.py")
    units = loaded(TESTS / "unit" / "handover" / "test_workbook.py")
    return report.handover_workbook(drawn.assess(*units.RULES, **units.thirds()))


def findings_book():
    parcels = loaded(TESTS / "drawn.py").delineation().parcels[["land_use", "geometry"]]
    parcels = pd.concat([parcels, parcels.iloc[:2]])
    found = quality.check(parcels)
    return report.findings_workbook(found, quality.repair(parcels, found))


@pytest.mark.parametrize("made", [zone_book, ledger_book, handover_book, findings_book])
def test_workbooks_of_other_questions_come_out_the_same(recalculated, tmp_path, made):
    assert assert_reckoned(recalculated, tmp_path, made()) > 3
