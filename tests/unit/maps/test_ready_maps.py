"""The maps of handover and of the task board say what their tables say, and nothing more."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point, box

from renewal_geo.foundation.errors import CRSError, InputError
from renewal_geo.maps import handover_spec, record, task_spec
from renewal_geo.maps.controls import total
from renewal_geo.maps.ready.ready_tables import days_of
from renewal_geo.maps.texts import same

CRS = "EPSG:4547"
DAY = dt.date(2020, 6, 30)
OFFICER, PHONE, OWNER = "经办人张三丰", "0755-8888-0001", "陈某某"


def squares(count, size=100.0):
    return [box(520_000 + 200 * i, 2_510_000, 520_000 + 200 * i + size, 2_510_000 + size) for i in range(count)]  # fmt: skip


def sites(**changes):
    columns = {
        "site_id": ["S1", "S2", "S3", "S4", "S5", "S6"],
        "name": ["甲", "乙", "丙", "丁", "戊", "己"],
        "project_id": ["P1", "P1", "P2", "P2", "P9", "P1"],
        "status": ["承诺", "已清", "备案", "入库", "待定", None],
        "use": ["教育设施用地", "道路用地", "道路用地", "公园绿地", None, "道路用地"],
        "due_on": ["2020-07-01", "2020/6/29", "2020年7月30日", "20200105", "2020.7.31", "年底"],
        "area_m2": [1000.0, 2000.0, 3000.0, 4000.0, 500.0, 600.0],
        "sub_district": ["平湖", "平湖", "布吉", "布吉", "布吉", "平湖"],
        "officer": OFFICER,
        "phone": PHONE,
        "owner": OWNER,
    }
    columns.update(changes)
    columns = {name: one for name, one in columns.items() if one is not ...}
    return gpd.GeoDataFrame(columns, geometry=squares(6), crs=CRS)


def projects(**changes):
    columns = {
        "project_id": ["P1", "P2", "P3"], "name": ["一期", "二期", "三期"],
        "category": ["续建", "新建", "前期"], "sub_district": ["平湖", "布吉", "布吉"],
        "area_m2": [50_000.0, 40_000.0, 30_000.0], "officer": OFFICER, "phone": PHONE,
        "developer": "某某置业",
    }  # fmt: skip
    columns.update(changes)
    return gpd.GeoDataFrame(columns, geometry=squares(3, 180.0), crs=CRS)


def milestones():
    rows = [
        ("P1", "计划审批", "2019-01-10", "2019-01-05"),
        ("P1", "单元规划报批", "2020-03-01", "2020-02-20"),
        ("P1", "拆除", "2020-06-20", None),
        ("P1", "签合同", "2020-09-30", None),
        ("P2", "plan_listing", "2019-05-01", "2019-05-01"),
        ("P2", "实施主体确认", "2020-07-15", "2020-07-10"),  # after the data day: not yet
        ("P3", "计划审批", "2018-01-01", "2018-01-01"),
        ("P8", "计划审批", "2020-01-01", None),
    ]
    return pd.DataFrame(rows, columns=["project_id", "code", "due_on", "done_on"])


def supply():
    rows = [("P1", "2020-08", "计划", 10_000.0), ("P2", "2020-03", "plan", 6_000.0),
            ("P2", "2020-04", "实际", 4_000.0), ("P2", "2019-11", "实际", 9_999.0),
            ("P2", "2020-04", "估计", 7_777.0)]  # fmt: skip
    return pd.DataFrame(rows, columns=["project_id", "period", "kind", "area_m2"])


def investment():
    rows = [("P1", "2020Q1", "计划", 12_000.0), ("P3", "2020Q2", "计划", 8_000.0),
            ("P1", "2020Q1", "申报", 5_000.0)]  # fmt: skip
    return pd.DataFrame(rows, columns=["project_id", "period", "kind", "amount_wan"])


def layer(spec, name):
    return next(one for one in spec.layers if one.name == name)


def figures(spec):
    return {one.name: total(spec, one) for one in spec.totals}


def notes(spec, lang="en"):
    return " | ".join(note.said(lang) for note in spec.notes)


def everything(spec):
    """All that a rendering could write."""
    return repr(record(spec)) + "".join(
        layer.values.to_csv() + repr(layer.captions) + repr(layer.marks) for layer in spec.layers
    )


def test_handover_figures_are_those_of_the_table():
    spec = handover_spec(sites(), projects(), as_of=DAY)
    assert figures(spec) == {
        "sites": 6,
        "area": pytest.approx(1.11),
        "reserve_area": pytest.approx(0.4),
        "reserve_share": pytest.approx(100 * 4000 / 11_100),
        "due": 2,  # S1 after one day, S3 after thirty; S5 after thirty-one
        "overdue": 1,  # S2; S4 is in reserve
    }
    assert [one.name for one in spec.bars] == ["sub_district", "use"]
    assert spec.deadlines.due == spec.timeline.date == "due_on"
    assert "1 dates cannot be read and count as missing: 年底" in notes(spec)


def test_statuses_in_either_language_and_those_that_nobody_knows():
    spec = handover_spec(sites(status=["Committed", "已清场", "filed", "in_reserve", "待定", None]))
    own = layer(spec, "sites")
    counts = {one.value: (one.count, one.area_m2) for one in own.classes}
    assert counts == {
        "committed": (1, 1000), "cleared": (1, 2000), "filed": (1, 3000), "in_reserve": (1, 4000),
        "other": (1, 500), "none": (1, 600),
    }  # fmt: skip
    assert own.values["status"].tolist() == ["承诺", "已清", "备案", "入库", "待定", "未填"]
    assert own.values["status_en"].tolist()[3:] == ["In reserve", "待定", "Not stated"]
    assert (own.class_of >= 0).all()


def test_schemes_show_deadlines_and_uses():
    own = layer(handover_spec(sites(), as_of=DAY), "sites")
    due, use = own.schemes
    assert {c.value: c.count for c in due.classes} == {
        "done": 1, "overdue": 1, "due_soon": 2, "later": 1, "no_due": 1,
    }  # fmt: skip
    assert sum(one.count for one in use.classes) == 6


@pytest.mark.parametrize("edition", ["internal", "public"])
def test_names_of_people_are_nowhere_unless_asked_for(edition):
    for spec in (
        handover_spec(sites(), projects(), as_of=DAY, edition=edition, owners="owner"),
        task_spec(projects(), milestones(), supply(), investment(), as_of=DAY, edition=edition),
    ):
        assert not any(secret in everything(spec) for secret in (OFFICER, PHONE, OWNER, "某某置业"))


def test_asked_columns_are_shown_inside_and_never_outside():
    shown = handover_spec(sites(), columns=["officer"])
    assert OFFICER in everything(shown)
    assert OFFICER not in everything(handover_spec(sites(), columns=["officer"], edition="public"))
    with pytest.raises(InputError, match="officr"):
        handover_spec(sites(), columns=["officr"])


def test_a_column_that_is_lacking_is_named_with_its_mapping():
    table = sites().rename(columns={"status": "移交状态"})
    with pytest.raises(InputError, match="no column status") as caught:
        handover_spec(table)
    assert 'status = "移交状态"' in caught.value.fix
    assert caught.value.code == "unknown_column"


def test_panels_whose_column_is_lacking_are_absent():
    bare = sites(use=..., due_on=..., sub_district=..., area_m2=..., name=..., project_id=...)
    spec = handover_spec(bare, as_of=DAY)
    assert (spec.bars, spec.deadlines, spec.timeline) == ((), None, None)
    assert "due" not in figures(spec)
    assert figures(spec)["area"] == pytest.approx(6.0)  # drawn: six squares of one hectare
    assert "planar" in notes(spec)
    undated = handover_spec(sites())
    assert undated.deadlines is None  # no data day: nobody knows what is overdue
    assert undated.timeline is not None


def test_areas_without_a_record_need_a_crs_that_measures():
    degrees = sites(area_m2=...).to_crs(4326)
    with pytest.raises(CRSError):
        handover_spec(degrees)
    assert figures(handover_spec(sites().to_crs(4326)))["area"] == pytest.approx(1.11)


def test_gaps_in_recorded_areas_are_measured_and_said():
    spec = handover_spec(sites(area_m2=[1000.0, None, 3000.0, 4000.0, 500.0, 600.0]))
    assert figures(spec)["area"] == pytest.approx((9100 + 10_000) / 1e4)
    assert "1 rows have none and are measured" in notes(spec)


def test_no_rows_no_shapes_and_points():
    empty = handover_spec(sites().iloc[:0], as_of=DAY)
    assert figures(empty)["area"] == 0
    assert figures(empty)["reserve_share"] is None
    null = sites()
    null["geometry"] = None
    spec = handover_spec(gpd.GeoDataFrame(null, geometry="geometry", crs=CRS), as_of=DAY)
    assert figures(spec)["sites"] == 6
    assert "6 rows have no shape" in notes(spec)
    mixed = sites()
    mixed.loc[[1, 4], "geometry"] = [Point(520_000, 2_510_500), Point(520_100, 2_510_500)]
    spec = handover_spec(mixed, as_of=DAY)
    assert [(one.name, one.kind, len(one.geometry)) for one in spec.layers] == [
        ("sites", "polygon", 6), ("sites_points", "point", 2),
    ]  # fmt: skip
    assert figures(spec)["sites"] == 6


def test_five_hundred_uses_and_hostile_texts():
    many = gpd.GeoDataFrame(
        {"site_id": [f"S{i}" for i in range(500)], "status": "承诺", "area_m2": 1.0,
         "use": [f"用途{i} <img src=x onerror=alert(1)>{{count}}" for i in range(500)],
         "due_on": [f"{{0}}{i}" for i in range(500)]},
        geometry=squares(500, 50.0), crs=CRS,
    )  # fmt: skip
    spec = handover_spec(many, as_of=DAY, title="<b>标题</b>")
    scheme = layer(spec, "sites").schemes[1]
    assert len(scheme.classes) <= 30
    assert sum(one.count for one in scheme.classes) == 500
    assert "500 dates cannot be read" in notes(spec)


def test_an_earlier_day_makes_a_swipe_for_the_house_only():
    spec = handover_spec(sites(), before=sites(), before_as_of=dt.date(2019, 12, 31), as_of=DAY)
    assert [one.side for one in spec.layers] == ["before", "after"]
    assert (spec.compare.before.zh, spec.compare.after.zh) == ("2019-12-31", "2020-06-30")
    public = handover_spec(sites(), before=sites(), as_of=DAY, edition="public")
    assert public.compare is None
    assert [one.name for one in public.layers] == ["sites"]


def test_an_unknown_keyword_is_refused():
    with pytest.raises(TypeError, match="tittle"):
        handover_spec(sites(), tittle="x")


def test_base_layers_lie_below_and_roads_are_not_drawn_twice():
    lines = gpd.GeoDataFrame(
        {"class": ["local", "expressway"]},
        geometry=[box(520_000, 2_510_000, 520_500, 2_510_100).exterior] * 2, crs=CRS,
    )  # fmt: skip
    around = gpd.GeoDataFrame(
        {"kind": ["river", "expressway"], "name": "x"}, geometry=squares(2), crs=CRS
    )
    spec = handover_spec(
        sites(),
        context={
            "roads": lines,
            "barriers": around,
            "sub_districts": around.to_crs(4526),
            "rivers": None,
        },
    )
    assert [one.name for one in spec.layers] == ["barriers", "roads", "sub_districts", "sites"]
    assert len(layer(spec, "barriers").geometry) == 1
    assert layer(spec, "sub_districts").geometry.crs == CRS
    assert {one.group.zh for one in spec.layers[:3]} == {"底图"}
    with pytest.raises(InputError, match="did you mean 'roads'"):
        handover_spec(sites(), context={"road": lines})


def test_the_task_board_reckons_states_from_the_data_day():
    spec = task_spec(projects(), milestones(), supply(), investment(), as_of=DAY)
    own = layer(spec, "projects").values
    assert own["state"].tolist() == ["已逾期", "30 日内到期", "全部完成"]
    assert own["next_task_en"].tolist() == ["Demolition", "Implementer confirmed", ""]
    assert own["days_left"].tolist()[:2] == [-10, 15]
    assert own["next_gate_en"].tolist() == ["Lease", "Implementer", "All passed"]
    assert own["passed"].tolist() == [2, 1, 1]
    assert np.isnan(own["days_left"][2])
    assert figures(spec) == {
        "projects": 3, "overdue": 1, "due_soon": 1, "suppliers": 2,
        "supply_plan": pytest.approx(1.6), "supply_actual": pytest.approx(0.4),
        "invest_plan": pytest.approx(2.0), "invest_actual": pytest.approx(0.5),
    }  # fmt: skip
    said = notes(spec)
    assert "1 rows belong to no project of the table and are left out: P8" in said
    assert "1 are done after the data day" in said
    assert "1 rows are not of 2020" in said
    assert "neither plan nor actual and are left out: 估计" in said


def test_the_wall_has_the_gates_in_their_order():
    spec = task_spec(projects(), milestones(), as_of=DAY, seconds=5)
    assert [gate.title.zh for gate in spec.wall.gates] == ["计划", "规划", "主体确认", "出让"]
    assert spec.wall.seconds == 5
    names = {one.name for one in layer(spec, "projects").columns}
    assert {gate.due for gate in spec.wall.gates} | set(spec.wall.columns) <= names
    own = task_spec(projects(), milestones(), as_of=DAY, gates=["拆除", "签合同"])
    assert [gate.due for gate in own.wall.gates] == ["due_demolition", "due_land_lease"]


def test_the_pace_is_what_is_left_by_day_over_what_was_done_by_day():
    spec = task_spec(projects(), None, supply(), as_of=DAY)
    assert [fact.content.en for fact in spec.facts] == [
        "25.0%", f"{(12_000 / 184) / (4_000 / 182):.2f} × the daily rate so far (184 days left)",
    ]  # fmt: skip
    assert spec.wall is None
    assert spec.deadlines is None


def test_projects_alone_are_a_map():
    spec = task_spec(projects())
    assert figures(spec) == {"projects": 3, "area": pytest.approx(12.0)}
    assert [one.value for one in layer(spec, "projects").classes] == ["project"]
    bare = gpd.GeoDataFrame({"project_id": ["A"]}, geometry=squares(1), crs=CRS)
    assert layer(task_spec(bare), "projects").captions == ("A",)


def test_several_rows_of_one_task_count_once_and_the_open_one_wins():
    twice = pd.DataFrame(
        [("P1", "拆除", "2020-01-01", "2020-01-02"), ("P1", "拆除", "2020-12-01", None),
         ("P1", "拆除", "2020-10-01", None), ("P2", "拆除", "2020-01-01", "2020-01-02"),
         ("P2", "拆除", "2020-03-01", "2020-03-02")],
        columns=["project_id", "code", "due_on", "done_on"],
    )  # fmt: skip
    spec = task_spec(projects(), twice, as_of=DAY, gates=["demolition"])
    own = layer(spec, "projects").values
    assert own["next_due"][0] == pd.Timestamp("2020-10-01")
    assert own["done_demolition"][1] == pd.Timestamp("2020-03-02")
    assert own["state"].tolist() == ["按期推进", "全部完成", "无节点日期"]
    assert "stand there several times" in notes(spec)


def test_how_late_a_project_is_stays_in_the_house():
    spec = task_spec(projects(), milestones(), supply(), as_of=DAY, edition="public")
    assert [one.value for one in layer(spec, "projects").classes] == ["project"]
    assert not any(word in everything(spec) for word in ("逾期", "拆除", "Demolition"))
    assert spec.facts == ()
    assert figures(spec) == {"projects": 3, "area": pytest.approx(12.0)}
    assert [one.name for one in spec.bars] == ["street"]
    assert (spec.wall.gates, spec.deadlines, spec.timeline) == ((), None, None)


@pytest.mark.parametrize(
    ("role", "table"),
    [
        ("milestones", milestones().drop(columns="code")),
        ("supply", supply().drop(columns="area_m2")),
        ("investment", investment().drop(columns="kind")),
    ],
)
def test_tables_of_the_programme_name_what_they_lack(role, table):
    with pytest.raises(InputError, match=f"the table {role} has no column"):
        task_spec(projects(), **{role: table})


@pytest.mark.parametrize(
    ("text", "day"),
    [("2020-06-30", "2020-06-30"), ("2020/6/3", "2020-06-03"), ("2020年12月1日", "2020-12-01"),
     (20200630, "2020-06-30"), (20200630.0, "2020-06-30"), ("2020-06-30 12:00:00", "2020-06-30"),
     (dt.date(2020, 6, 30), "2020-06-30"), (pd.Timestamp(2020, 6, 30, 8), "2020-06-30"),
     ("2020-02-30", None), ("六月底", None), ("2020-13-01", None), ("", None), (None, None)],
)  # fmt: skip
def test_days_in_the_forms_that_people_write(text, day):
    table = pd.DataFrame({"d": pd.Series([text], dtype=object)})
    days, said = days_of(table, "d", same("x"))
    assert days.tolist() == [pd.Timestamp(day)] if day else days.isna().all()
    assert bool(said) == (day is None and text not in ("", None))


def test_the_same_tables_give_the_same_fingerprint():
    one, two = (handover_spec(sites(), as_of=DAY) for _ in range(2))
    assert one.fingerprint == two.fingerprint
    assert handover_spec(sites(area_m2=1.0)).fingerprint != one.fingerprint
