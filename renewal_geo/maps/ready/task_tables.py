"""The programme as one row per project: gates with their days, the next one, land and money."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from renewal_geo.foundation.labels import has_label
from renewal_geo.maps.controls import days_after
from renewal_geo.maps.ready.ready_tables import (
    days_of,
    identified,
    said,
    strangers_said,
    texts_of,
)
from renewal_geo.maps.spec import Text, both

# tasks of the programme in their order, with what people write for them
TASKS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "plan_listing": ("计划审批", "计划立项", "计划", "列入计划"),
        "land_info_check": ("土地信息核查", "信息核查"),
        "unit_plan": ("单元规划报批", "规划审批", "单元规划", "规划"),
        "collective_asset": ("集体资产处置备案",),
        "soil_survey": ("土壤调查", "土壤环境调查"),
        "implementer": ("实施主体确认", "主体确认"),
        "demolition": ("拆除", "建筑物拆除"),
        "title_cancelled": ("产权注销",),
        "land_approval": ("用地报批", "用地审批"),
        "land_lease": ("签合同", "出让", "用地出让", "签订出让合同"),
        "construction_start": ("开工",),
        "stat_inclusion": ("入库纳统", "纳统"),
        "public_land_handover": ("移交入库", "入库", "公共用地移交入库"),
    }
)
GATES = ("plan_listing", "unit_plan", "implementer", "land_lease", "public_land_handover")
PLAN = frozenset({"plan", "计划", "年度计划"})
ACTUAL = frozenset({"actual", "实际", "已供", "完成", "已完成", "reported", "申报", "declared"})
YEAR = re.compile(r"(?:19|20)\d\d")


@dataclass(frozen=True, slots=True, eq=False)
class Programme:
    """One row per project, in the order of the projects, and what was decided on the way.

    Attributes
    ----------
    table
        Where there are milestones: ``due_<gate>, done_<gate>``; ``next_gate, next_gate_en``, the first
        that is not passed, and how many are ``passed``; ``next_task, next_task_en, next_dept, next_due,
        days_left`` of the open task that is due first, and the ``state`` that follows. Where there is
        land or money: ``supply_plan_m2, supply_actual_m2, invest_plan_wan, invest_actual_wan``.
    gates
        Codes of the gates that some milestone speaks of.
    """

    table: pd.DataFrame
    gates: tuple[str, ...]
    notes: tuple[Text, ...]


def programme(
    ids: pd.Series,
    milestones: pd.DataFrame | None,
    supply: pd.DataFrame | None,
    investment: pd.DataFrame | None,
    *,
    gates: Sequence[str] = GATES,
    as_of: dt.date | None = None,
    warn_days: int = 30,
) -> Programme:
    """Return the programme of projects by their ids; tables as :func:`renewal_geo.maps.task_map` has them."""
    made = pd.DataFrame(index=ids.index)
    notes: list[Text] = []
    found: tuple[str, ...] = ()
    if milestones is not None:
        tasks, more = _tasks(ids, milestones, as_of)
        there = set(tasks["code"])
        found = tuple(gate for gate in dict.fromkeys(map(task_code, gates)) if gate in there)
        made = made.assign(**_next(ids, tasks, as_of, warn_days), **_gates(ids, tasks, found))
        notes += more
    amounts = (
        ("supply", supply, "area_m2", "supply_{}_m2"),
        ("investment", investment, "amount_wan", "invest_{}_wan"),
    )
    for role, table, column, name in amounts:
        if table is not None:
            sums, more = _sums(ids, table, role, column, as_of)
            made[name.format("plan")], made[name.format("actual")] = sums["plan"], sums["actual"]
            notes += more
    return Programme(made, found, tuple(notes))


def task_code(text: str) -> str:
    """Return the code of a task by its code or a name that people use, else the text itself."""
    plain = text.strip()
    return next((code for code, names in TASKS.items() if plain == code or plain in names), plain)


def _tasks(
    ids: pd.Series, milestones: pd.DataFrame, as_of: dt.date | None
) -> tuple[pd.DataFrame, list[Text]]:
    """Return one row per project and task: ``project_id, code, dept, due_on, done_on, open``."""
    what = both("task.milestones")
    table = identified(milestones, "milestones", ["project_id", "code", "due_on"])
    table["project_id"] = texts_of(table, "project_id")
    table["code"] = texts_of(table, "code").map(task_code)
    table["dept"] = texts_of(table, "dept")
    table["due_on"], notes = days_of(table, "due_on", what)
    if "done_on" in table.columns:
        table["done_on"], more = days_of(table, "done_on", what)
        notes += more
    else:
        table["done_on"] = pd.Series(pd.NaT, index=table.index, dtype=table["due_on"].dtype)
    strange = ~table["project_id"].isin(set(ids))
    notes += strangers_said(table.loc[strange, "project_id"], what)
    table = table[~strange]
    if as_of is not None:
        ahead = table["done_on"] > pd.Timestamp(as_of)
        table = table.assign(done_on=table["done_on"].where(~ahead))
        if ahead.any():
            notes.append(said("task.done_ahead", what, count=int(ahead.sum())))
    key = ["project_id", "code"]
    twice = int(table.duplicated(key).sum())
    if twice:
        notes.append(said("task.twice", what, count=twice))
    # of several rows the open one that is due first counts; else the one that was done last
    still = table[table["done_on"].isna()].sort_values("due_on", kind="stable")
    over = table[table["done_on"].notna()].sort_values("done_on", ascending=False, kind="stable")
    table = pd.concat([still, over]).drop_duplicates(key)
    return table.assign(open=table["done_on"].isna()), notes


def _gates(ids: pd.Series, tasks: pd.DataFrame, gates: tuple[str, ...]) -> dict[str, pd.Series]:
    """Return when each gate is due and was passed, and the first that is not passed."""
    made: dict[str, pd.Series] = {}
    stage = pd.DataFrame({"zh": "", "en": "", "number": 0.0}, index=ids.index, dtype=object)
    ahead, there = (pd.Series(data=False, index=ids.index) for _ in range(2))
    for gate in gates:
        own = tasks[tasks["code"] == gate].set_index("project_id")
        made[f"due_{gate}"] = _spread(own["due_on"], ids)
        made[f"done_{gate}"] = _spread(own["done_on"], ids)
        has, done = ids.isin(own.index), made[f"done_{gate}"].notna()
        first = has & ~done & ~ahead
        title = gate_title(gate)
        stage.loc[first, ["zh", "en"]] = [title.zh, title.en]
        stage["number"] += done
        ahead, there = ahead | first, there | has
    end = both("task.all_passed")
    stage.loc[there & ~ahead, ["zh", "en"]] = [end.zh, end.en]
    number = stage["number"].astype(float)
    return {"next_gate": stage["zh"], "next_gate_en": stage["en"], "passed": number, **made}


def _spread(days: pd.Series, ids: pd.Series) -> pd.Series:
    """Return the value of each project; missing where there is none."""
    return pd.Series(days.reindex(ids).to_numpy(), index=ids.index)


def _next(
    ids: pd.Series, tasks: pd.DataFrame, as_of: dt.date | None, warn_days: int
) -> dict[str, pd.Series]:
    """Return the open task that is due first, who must do it, and the state that follows."""
    soonest = tasks[tasks["open"]].sort_values("due_on", kind="stable", na_position="last")
    first = soonest.drop_duplicates("project_id").set_index("project_id")
    titles = {code: task_title(code) for code in first["code"]}
    made = {
        "next_task": _spread(first["code"].map(lambda one: titles[one].zh), ids).fillna(""),
        "next_task_en": _spread(first["code"].map(lambda one: titles[one].en), ids).fillna(""),
        "next_due": _spread(first["due_on"], ids),
    }
    if (tasks["dept"] != "").any():
        made["next_dept"] = _spread(first["dept"], ids).fillna("")
    if as_of is None:
        return made
    left = days_after(made["next_due"], as_of)
    over = ids.isin(tasks["project_id"]) & ~ids.isin(first.index)
    with np.errstate(invalid="ignore"):
        tests = [over.to_numpy(), left < 0, left <= warn_days, left > warn_days]
    state = np.select(tests, ["done", "overdue", "due_soon", "on_course"], "undated")
    return {
        **made,
        "days_left": pd.Series(left, index=ids.index),
        "state": pd.Series(state, index=ids.index, dtype=object),
    }


def task_title(code: str) -> Text:
    """Return the title of a task, the text itself for one that we do not know."""
    return both(f"task.{code}") if code in TASKS else Text(code, code)


def gate_title(gate: str) -> Text:
    """Return the short title of a stage gate."""
    key = f"task.gate_{gate}"
    return both(key) if has_label(key) else task_title(gate)


def _sums(
    ids: pd.Series, amounts: pd.DataFrame, role: str, column: str, as_of: dt.date | None
) -> tuple[dict[str, pd.Series], list[Text]]:
    """Return per project what is planned and what is actual in the year of the data day."""
    what = both(f"task.{role}")
    table = identified(amounts, role, ["project_id", "kind", column])
    owner, kind = texts_of(table, "project_id"), texts_of(table, "kind").str.casefold()
    value = pd.to_numeric(table[column], errors="coerce").fillna(0.0)
    strange = ~owner.isin(set(ids))
    notes = strangers_said(owner[strange], what)
    other = ~strange & ~kind.isin(PLAN | ACTUAL)
    if other.any():
        notes.append(said("task.other_kinds", what, list(kind[other])))
    kept = ~strange & ~other
    if as_of is not None and "period" in table.columns:
        years = texts_of(table, "period").str.extract(f"({YEAR.pattern})")[0]
        away = kept & years.notna() & (years != str(as_of.year))
        if away.any():
            notes.append(said("task.other_years", what, count=int(away.sum()), year=as_of.year))
        kept &= ~away
    made = {}
    for name, words in (("plan", PLAN), ("actual", ACTUAL)):
        rows = kept & kind.isin(words)
        made[name] = ids.map(value[rows].groupby(owner[rows]).sum()).fillna(0.0).astype(float)
    return made, notes
