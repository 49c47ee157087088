"""The year's projects on the wall: stage gates, days left, land and money. 挂图作战."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Unpack

import geopandas as gpd
import numpy as np
import pandas as pd

from renewal_geo.foundation.quantities import M2_PER_HA
from renewal_geo.maps import palettes
from renewal_geo.maps.classes import classed
from renewal_geo.maps.controls import Bars, Deadlines, Gate, Timeline, Total, Wall, Where
from renewal_geo.maps.page.folium_page import Page
from renewal_geo.maps.ready.publications import (
    Look,
    counted,
    hectare_bars,
    hectares,
    owners_of,
    published,
    require_look,
)
from renewal_geo.maps.ready.ready_tables import (
    Code,
    Coded,
    areas_of,
    by_kind,
    coded,
    column,
    gaps_said,
    identified,
    own_columns,
    texts_of,
    values_of,
)
from renewal_geo.maps.ready.task_tables import GATES, Programme, gate_title, programme
from renewal_geo.maps.spec import (
    Fact,
    LayerSpec,
    MapClass,
    MapColumn,
    MapSpec,
    Scheme,
    Text,
    both,
    same,
)

LINE = "#2b3640"
STATE_INKS = {
    "overdue": palettes.Ink("#d55e00", "cross", LINE, 0.8),
    "due_soon": palettes.Ink("#f0e442", "horizontal", LINE, 0.8),
    "on_course": palettes.Ink("#56b4e9", "dots", LINE, 0.8),
    "done": palettes.Ink("#0072b2", "", LINE, 0.8),
    "undated": palettes.Ink("#f4f2ec", "backward", LINE, 0.8),
}
PLAIN = palettes.Ink("#8fb8d6", "", LINE, 0.8)
WAN_PER_YI = 10_000.0
# Default-deny: only these ever leave the tables, and what the caller names in `columns`.
PROJECT_COLUMNS = (
    "project_id", "name", "state", "next_task", "next_due", "days_left", "next_dept", "next_gate",
    "passed", "category", "unit_type", "sub_district", "lead_dept", "area_m2", "supply_card",
    "invest_card", "supply_plan_m2", "supply_actual_m2",
    "invest_plan_wan", "invest_actual_wan",
)  # fmt: skip
PUBLIC_COLUMNS = ("name", "category", "unit_type", "sub_district", "area_m2")
TEXTS = ("name", "category", "unit_type", "sub_district", "lead_dept")
FILTERS = (
    "state", "next_gate", "category", "unit_type", "sub_district", "next_dept", "supplies",
    "days_left",
)  # fmt: skip
SHARED_TITLES = ("project_id", *TEXTS, "area_m2")


def task_map(
    projects: gpd.GeoDataFrame,
    milestones: pd.DataFrame | None = None,
    supply: pd.DataFrame | None = None,
    investment: pd.DataFrame | None = None,
    *,
    gates: Sequence[str] = GATES,
    warn_days: int = 30,
    seconds: float = 8.0,
    **look: Unpack[Look],
) -> Page:
    """Draw the year's projects for the wall: the state of each on the data day, its gates, land and money.

    Parameters
    ----------
    projects
        n areas or points by ``project_id``; optional ``name, category, unit_type, sub_district,
        lead_dept, area_m2``. Officers, phones and developers are shown only where `columns` names them.
    milestones
        Rows ``project_id, code`` (a task of the programme, such as 计划审批 or plan_listing), ``due_on`` and
        ``done_on``, optional ``dept``. The open task that is due first tells the state of a project.
        Without milestones there are no gates, states, deadlines and no wall.
    supply
        Rows ``project_id, kind`` (plan 计划, actual 实际), ``area_m2`` and ``period``; those of another year
        than the data day's are left out, and said.
    investment
        Rows ``project_id, kind`` (plan 计划, actual or reported 申报), ``amount_wan`` and ``period``.
    gates
        Tasks that are stage gates, in their order.
    warn_days
        So many days after the data day a gate counts as near.
    seconds
        How long the wall shows each project.
    **look
        As in :class:`renewal_geo.maps.ready.publications.Look`.

    Returns
    -------
    Page
        As for :func:`renewal_geo.maps.handover_map`; its wall mode shows one project after the other.

    Raises
    ------
    InputError
        Naming a column that is needed or asked for and not there, and how to map it.
    """
    return Page(
        task_spec(
            projects, milestones, supply, investment, gates=gates, warn_days=warn_days,
            seconds=seconds, **look,
        )
    )  # fmt: skip


def task_spec(
    projects: gpd.GeoDataFrame,
    milestones: pd.DataFrame | None = None,
    supply: pd.DataFrame | None = None,
    investment: pd.DataFrame | None = None,
    *,
    gates: Sequence[str] = GATES,
    warn_days: int = 30,
    seconds: float = 8.0,
    **look: Unpack[Look],
) -> MapSpec:
    """Return what a map of the programme says; parameters as in :func:`task_map`."""
    require_look(look)
    what = both("task.projects")
    table = identified(projects, "projects")
    notes = gaps_said(table, what)
    if "area_m2" in table.columns:
        table["area_m2"], more = areas_of(table, what)
        notes += more
    for name in TEXTS:
        if name in table.columns:
            table[name] = texts_of(table, name)
    as_of = look.get("as_of")
    plan = programme(
        table["project_id"], milestones, supply, investment, gates=gates, as_of=as_of,
        warn_days=warn_days,
    )  # fmt: skip
    table = gpd.GeoDataFrame(table.assign(**{str(c): plan.table[c] for c in plan.table}))
    layer = _projects(table, plan, look, warn_days)
    names = {one.name for one in layer.columns}
    facts = _facts(plan.table, as_of)
    return published(
        both("task.title"),
        by_kind(layer),
        look,
        projects.crs,
        notes=[*notes, *plan.notes],
        facts=facts,
        totals=_totals(names, warn_days),
        bars=_bars(names),
        deadlines=_deadlines(names),
        timeline=Timeline(both("task.timeline"), "projects", "next_due")
        if "next_due" in names
        else None,
        wall=_wall(names, plan, seconds),
    )


def _projects(table: gpd.GeoDataFrame, plan: Programme, look: Look, warn_days: int) -> LayerSpec:
    # how late a project is is for the house: the public edition has one colour for all of them
    told = look.get("edition", "internal") == "internal"
    state = _states(table, warn_days, told=told)
    if "state" in table.columns:
        table = (
            table.assign(state=state.zh, state_en=state.en) if told else table.drop(columns="state")
        )
    if "supply_plan_m2" in table.columns:
        yes, no = both("task.yes"), both("task.no")
        some = table["supply_plan_m2"] > 0
        table = table.assign(
            supplies=some.map({True: yes.zh, False: no.zh}),
            supplies_en=some.map({True: yes.en, False: no.en}),
        )
    for kind, unit, factor in (("supply", "m2", M2_PER_HA), ("invest", "wan", WAN_PER_YI)):
        if f"{kind}_plan_{unit}" in table.columns:
            table = table.assign(**{f"{kind}_card": _card(table, kind, unit, factor)})
    shown = tuple(
        _column(table, name) for name in (*PROJECT_COLUMNS, "supplies") if name in table.columns
    )
    shown += own_columns(table, look.get("columns", ()), shown, "the projects")
    shown += tuple(
        column(table, f"{kind}_{gate}", both(f"task.gate_{kind}", gate=gate_title(gate)))
        for gate in plan.gates
        for kind in ("due", "done")
    )
    names = {one.name for one in shown}
    return LayerSpec(
        name="projects",
        title=both("task.projects"),
        kind="polygon",
        geometry=table.geometry,
        classes=state.classes,
        class_of=state.class_of,
        columns=shown,
        values=values_of(table, shown),
        captions=tuple(table["name" if "name" in names else "project_id"]),
        marks=tuple(table["project_id"]),
        scheme=both("task.state") if "state" in names else None,
        schemes=_schemes(table),
        area="area_m2" if "area_m2" in names else "",
        search=tuple(name for name in ("project_id", "name") if name in names),
        filters=tuple(name for name in FILTERS if name in names),
        public_columns=PUBLIC_COLUMNS,
        owners=owners_of(table, look),
    )


def _card(table: pd.DataFrame, kind: str, unit: str, factor: float) -> pd.Series:
    """Return what is done of what is planned as a text for the wall, empty where nothing is planned."""
    actual, plan = (table[f"{kind}_{part}_{unit}"] / factor for part in ("actual", "plan"))
    said = [f"{a:,.2f} / {b:,.2f}" if a or b else "" for a, b in zip(actual, plan, strict=True)]
    return pd.Series(said, index=table.index, dtype=object)


def _states(table: gpd.GeoDataFrame, warn_days: int, *, told: bool) -> Coded:
    """Return the states as classes; one class for all where they are not known or not told."""
    area = table["area_m2"].to_numpy(dtype=float) if "area_m2" in table.columns else None
    if "state" not in table.columns or not told:
        one = Code("project", both("task.projects"), PLAIN)
        return coded(pd.Series("project", index=table.index), [one], area)
    codes = [
        Code(name, both(f"task.state_{name}", days=warn_days), ink)
        for name, ink in STATE_INKS.items()
    ]
    return coded(table["state"], codes, area)


def _column(table: pd.DataFrame, name: str) -> MapColumn:
    if name == "supplies":
        return column(table, name, both("task.suppliers"), english="supplies_en")
    group = "ready" if name in SHARED_TITLES else "task"
    english = f"{name}_en" if f"{name}_en" in table.columns else ""
    decimals = 1 if name.endswith(("_m2", "_wan")) else 0
    return column(table, name, both(f"{group}.{name}"), decimals=decimals, english=english)


def _schemes(table: gpd.GeoDataFrame) -> tuple[Scheme, ...]:
    """Return further colourings: by next gate, by category, by kind of project."""
    area = np.zeros(len(table))
    if "area_m2" in table.columns:
        area = np.asarray(table["area_m2"], dtype=float)
    made = []
    for name, title in (
        ("next_gate", "task.stage"),
        ("category", "ready.category"),
        ("unit_type", "ready.unit_type"),
    ):
        if name not in table.columns:
            continue
        titles = {}
        if f"{name}_en" in table.columns:
            pairs = zip(table[name], table[f"{name}_en"], strict=True)
            titles = {zh: Text(zh, en) for zh, en in pairs}
        found = classed(table[name], area, title=both(title), titles=titles)
        classes = tuple(_outlined(one) for one in found.classes)
        made.append(Scheme(name, both(title), classes, found.class_of))
    return tuple(made)


def _outlined(one: MapClass) -> MapClass:
    return MapClass(
        one.value, one.title, one.fill, LINE, 0.8, one.hatch, one.shades, one.count, one.area_m2
    )


def _totals(names: set[str], warn_days: int) -> tuple[Total, ...]:
    unit = both("task.count_unit")
    made = [counted("projects", both("task.count"), "projects", unit)]
    if "area_m2" in names and "state" not in names:
        made.append(hectares("area", both("task.area"), "projects"))
    if "state" in names:
        for state, key in (("overdue", "overdue_count"), ("due_soon", "due_count")):
            text = both(f"task.state_{state}", days=warn_days).zh
            where = (Where("state", texts=(text,)),)
            made.append(
                counted(state, both(f"task.{key}", days=warn_days), "projects", unit, where)
            )
    if "supply_plan_m2" in names:
        some = (Where("supplies", texts=(both("task.yes").zh,)),)
        made += [
            counted("suppliers", both("task.suppliers"), "projects", unit, some),
            hectares("supply_plan", both("task.supply_plan"), "projects", "supply_plan_m2"),
            hectares("supply_actual", both("task.supply_actual"), "projects", "supply_actual_m2"),
        ]
    if "invest_plan_wan" in names:
        made += [
            _yi("invest_plan", "invest_plan_wan"),
            _yi("invest_actual", "invest_actual_wan"),
        ]
    return tuple(made)


def _yi(name: str, values: str) -> Total:
    return Total(
        name, both(f"task.{name}"), "projects", values, unit=both("task.yi"),
        factor=1 / WAN_PER_YI, decimals=2,
    )  # fmt: skip


def _facts(sums: pd.DataFrame, as_of: dt.date | None) -> tuple[Fact, ...]:
    """Return how much of the plan is done, and how fast the rest of the year must run.

    The pace is (plan - actual) / days left over actual / days gone, days of the year of the data day.
    """
    made = []
    for kind, unit in (("supply", "m2"), ("invest", "wan")):
        if f"{kind}_plan_{unit}" not in sums.columns:
            continue
        plan = float(sums[f"{kind}_plan_{unit}"].sum())
        actual = float(sums[f"{kind}_actual_{unit}"].sum())
        if plan > 0:
            made.append(Fact(both(f"task.ratio_{kind}"), same(f"{actual / plan:.1%}"), strong=True))
        if as_of is None or not 0 < actual < plan:
            continue
        left = (dt.date(as_of.year, 12, 31) - as_of).days
        gone = as_of.timetuple().tm_yday
        if left:
            pace = (plan - actual) / left / (actual / gone)
            made.append(
                Fact(both(f"task.pace_{kind}"), both("task.pace", pace=f"{pace:.2f}", days=left))
            )
    return tuple(made)


def _bars(names: set[str]) -> tuple[Bars, ...]:
    made = []
    if {"supply_plan_m2", "sub_district"} <= names:
        made.append(
            hectare_bars(
                "supply", both("task.bars_street"), "projects", "sub_district", "supply_plan_m2"
            )
        )
    if {"invest_plan_wan", "category"} <= names:
        made.append(
            Bars(
                "investment", both("task.bars_category"), "projects", "category", "invest_plan_wan",
                both("task.yi"), 1 / WAN_PER_YI, 2,
            )
        )  # fmt: skip
    if "next_gate" in names:
        made.append(Bars("gates", both("task.bars_gate"), "projects", "next_gate"))
    if "sub_district" in names:
        made.append(Bars("street", both("task.bars_state"), "projects", "sub_district"))
    return tuple(made)


def _deadlines(names: set[str]) -> Deadlines | None:
    if not {"next_due", "state"} <= names:
        return None
    head = "name" if "name" in names else "project_id"
    return Deadlines(
        both("task.deadlines"), "projects", "next_due", (head, "next_task"),
        done=(Where("state", texts=(both("task.state_done").zh,)),),
    )  # fmt: skip


def _wall(names: set[str], plan: Programme, seconds: float) -> Wall | None:
    if not plan.gates:
        return None
    wanted = (
        "project_id", "category", "unit_type", "sub_district", "lead_dept", "next_task", "next_dept",
        "days_left", "supply_card", "invest_card",
    )  # fmt: skip
    gates = tuple(Gate(gate_title(gate), f"due_{gate}", f"done_{gate}") for gate in plan.gates)
    head = "name" if "name" in names else "project_id"
    lines = tuple(name for name in wanted if name in names and name != head)
    return Wall("projects", head, lines, gates, seconds)
