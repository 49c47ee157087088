"""The drawer that answers what a planner asks next: how good, in which order, at what price."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from renewal_geo.foundation.labels import LANGUAGES, label
from renewal_geo.foundation.sentences import (
    gains,
    limit_priced,
    limits_named,
    plain_number,
    plain_share,
    proof_sentence,
    step_taken,
)
from renewal_geo.maps.ready.outlook_layers import drawn_key, zone_name
from renewal_geo.maps.spec import Curve, CurvePoint, Edition, Item, Panel, Section, Text, both, same

if TYPE_CHECKING:
    from renewal_geo.zones import (
        Delineation,
        Frontier,
        Obstacles,
        Outlook,
        Phases,
        Prices,
        Robustness,
    )

MOST_COMPONENTS = 8
PER_KM = 1e-3
# the kinds of prices whose sentences name no parcel
PUBLIC_KINDS = ("budget", "share", "min_area", "max_area")


def outlook_panel(delineation: Delineation, outlook: Outlook, edition: Edition) -> Panel:
    """Return the drawer; in the public edition without a sentence that could name a parcel.

    Parameters
    ----------
    delineation
        What the outlook is of.
    outlook
        Its parts may be missing (no time) or empty (no zone); then the section is left out.
    edition
        ``internal`` or ``public``.

    Returns
    -------
    Panel
        Sections in the order in which a planner asks: how good, when, at what price, how firm.
    """
    d, public = delineation, edition == "public"
    sections: list[Section | None] = [
        frontier_section(outlook.frontier) if outlook.frontier is not None else None,
        _phases(outlook.phases) if outlook.phases is not None else None,
        _prices(outlook.prices, public=public) if outlook.prices is not None else None,
        _crossings(outlook.prices, public=public) if outlook.prices is not None else None,
        _robustness(outlook.robustness, d) if outlook.robustness is not None else None,
    ]
    if outlook.obstacles is not None and not public:
        sections.append(_components(outlook.obstacles))
    lead = (proof_sentence(d.status, d.objective, d.bound, d.gap, lang) for lang in LANGUAGES)
    return Panel(
        title=both("map.outlook"),
        lead=Text(*lead),
        sections=tuple(one for one in sections if one is not None),
        # notes are free sentences of the analyses: they may name parcels
        notes=() if public else tuple(same(note) for note in _all_notes(outlook)),
    )


def frontier_section(frontier: Frontier) -> Section | None:
    """Return the frontier: value over budget with its proven bound, value over outline, figures."""
    table = frontier.table
    if not len(table):
        return None
    names = ("area_budget_ha", "boundary_weight", "net_value", "bound", "gap", "zone_count")
    heads = (both("outlook.kind"), *(both(f"column.{name}") for name in names))
    rows = []
    for _, row in table.iterrows():
        kind = both(f"outlook.kind_{row['kind']}")
        if bool(row["is_study"]):
            kind = Text(f"{kind.zh} ★{label('outlook.is_study', 'zh')}",
                        f"{kind.en} ★ {label('outlook.is_study', 'en').lower()}")  # fmt: skip
        rows.append(
            (
                kind, same(plain_number(row["area_budget_ha"], 1)),
                same(plain_number(row["boundary_weight"], 4)),
                same(plain_number(row["net_value"])), same(plain_number(row["bound"])),
                same(plain_share(row["gap"])), same(plain_number(row["zone_count"], 0)),
            )
        )  # fmt: skip
    return Section(
        name="frontier",
        title=both("outlook.frontier"),
        hint=both("outlook.frontier_hint"),
        curves=tuple(one for one in (budget_curve(table), boundary_curve(table)) if one),
        heads=heads,
        rows=tuple(rows),
        folded=True,
    )


def budget_curve(table: pd.DataFrame) -> Curve | None:
    """Return net value and bound over the budget, None with fewer than two points."""
    # a study without a budget stands where its area is
    placed = table.assign(area_budget_ha=table["area_budget_ha"].fillna(table["area_ha"]))
    rows = _curve_rows(placed, "budget", "area_budget_ha", ("net_value", "bound"))
    if rows is None:
        return None
    points = tuple(
        CurvePoint(float(x), float(found), float(bound), bool(own))
        for x, found, bound, own in rows[
            ["area_budget_ha", "net_value", "bound", "is_study"]
        ].itertuples(index=False)
    )
    mine = next((p for p in points if p.own), points[-1])
    figures = {
        "points": len(points), "low": f"{points[0].x:,.0f}", "high": f"{points[-1].x:,.0f}",
        "own": f"{mine.x:,.0f}", "value": f"{mine.found:,.2f}",
        "bound": plain_number(mine.bound),
    }  # fmt: skip
    alt = both("outlook.frontier_alt", **figures)
    return Curve(both("outlook.axis_budget"), both("outlook.axis_net"), points, alt)


def boundary_curve(table: pd.DataFrame) -> Curve | None:
    """Return value over the length of the outline, None with fewer than two points."""
    rows = _curve_rows(table, "boundary", "outline_m", ("value",))
    if rows is None:
        return None
    points = tuple(
        CurvePoint(float(x) * PER_KM, float(found), None, bool(own))
        for x, found, own in rows[["outline_m", "value", "is_study"]].itertuples(index=False)
    )
    return Curve(
        both("outlook.axis_outline"), both("outlook.axis_value"), points, both("outlook.boundary")
    )


def _curve_rows(table: pd.DataFrame, kind: str, x: str, ys: Sequence[str]) -> pd.DataFrame | None:
    rows = table[table["kind"] == kind].dropna(subset=[x, *ys]).sort_values(x, kind="stable")
    return rows if len(rows) > 1 else None


def _listed(zones: list[str]) -> Text:
    return Text("、".join(zones), ", ".join(zones))


def _phases(phases: Phases) -> Section | None:
    if not len(phases.table):
        return None
    members: dict[int, list[str]] = {}
    for zone, phase in phases.zones.dropna().items():
        members.setdefault(int(phase), []).append(str(zone))
    heads = ("phase", "cumulative_area_ha", "net_value", "cumulative_net_value", "bound", "gap")
    rows = tuple(
        (
            same(str(number)), _listed(sorted(members.get(int(str(number)), []))),
            same(plain_number(row["cumulative_area_ha"], 1)), same(plain_number(row["net_value"])),
            same(plain_number(row["cumulative_net_value"])), same(plain_number(row["bound"])),
            same(plain_share(row["gap"])),
        )
        for number, row in phases.table.iterrows()
    )  # fmt: skip
    titles = [both(f"column.{name}") for name in heads]
    return Section(
        name="phases",
        title=both("outlook.phases"),
        hint=both("outlook.phases_hint"),
        heads=(titles[0], both("outlook.phase_zones"), *titles[1:]),
        rows=rows,
        layer="phases",
        show=both("outlook.show_phases"),
    )


def _prices(prices: Prices, *, public: bool) -> Section | None:
    table = prices.table[prices.table["kind"] != "barrier"]
    if public:
        table = table[table["kind"].isin(PUBLIC_KINDS)]
    items = tuple(Item(_said(row) or _named(row)) for _, row in table.iterrows())
    if not items:
        return None
    return Section("prices", both("outlook.prices"), both("outlook.prices_hint"), items=items)


def _said(row: pd.Series) -> Text | None:
    """Return the sentence of a row, None where nobody wrote one."""
    zh, en = row["sentence_zh"], row["sentence_en"]
    return Text(zh, en) if isinstance(zh, str) and isinstance(en, str) and zh and en else None


def _named(row: pd.Series) -> Text:
    """Return which limit gives way, by how much, and what that would gain."""
    said = _gains(row)
    zh, en = (
        f"{limit_priced(row['kind'], row['name'], lang)} "
        f"{step_taken(row['step'], row['unit'], lang)}"
        for lang in LANGUAGES
    )
    return Text(f"{zh}：{said.zh}", f"{en}: {said.en}")


def _crossings(prices: Prices, *, public: bool) -> Section | None:
    rows = prices.barriers
    if not len(rows):
        return None
    sentences = prices.table.reindex(rows.index)
    items = []
    for number, (_, row) in enumerate(rows.iterrows()):
        said = None if public else _said(sentences.iloc[number])
        if said is None:
            gained = _gains(row)
            zh, en = (label(f"kind.{row['kind']}", lang) for lang in LANGUAGES)
            said = Text(f"{zh}：{gained.zh}", f"{en}: {gained.en}")
        items.append(
            Item(Text(f"{number + 1}. {said.zh}", f"{number + 1}. {said.en}"), None, number)
        )
    return Section(
        "crossings", both("outlook.crossings"), both("outlook.prices_hint"), items=tuple(items),
        layer="crossings",
    )  # fmt: skip


def _gains(row: pd.Series) -> Text:
    found, most = gains(
        row.get("kind"), row.get("step", 0.0), row["gain_found"], row["gain_at_most"]
    )
    return both(
        "outlook.gains",
        found=plain_number(found, signed=True),
        most=plain_number(most, signed=True),
    )


def _robustness(robustness: Robustness, delineation: Delineation) -> Section | None:
    table = robustness.zones
    if not len(table):
        return None
    names = ("mean_frequency", "least_frequency", "core_share")
    rows = tuple(
        (zone_name(delineation, str(zone)), *(same(plain_share(row[n], 0)) for n in names))
        for zone, row in table.iterrows()
    )
    return Section(
        name="robustness",
        title=both(drawn_key(robustness, "robustness", "outlook")),
        hint=both(
            drawn_key(robustness, "robustness_hint", "outlook"),
            draws=robustness.draws,
            noise=f"{robustness.noise:.0%}",
        ),
        heads=(both("map.zone_list"), *(both(drawn_key(robustness, name)) for name in names)),
        rows=rows,
    )


def _components(obstacles: Obstacles) -> Section | None:
    """Return the components that can never hold a zone, largest first."""
    missed = obstacles.table[obstacles.table["limit"].astype(str) != ""]
    missed = missed.sort_values("area_ha", ascending=False, kind="stable").head(MOST_COMPONENTS)
    items = tuple(
        Item(
            Text(str(row["sentence_zh"]), str(row["sentence_en"])),
            Text(*(limits_named(row["limit"], lang) for lang in LANGUAGES)),
        )
        for _, row in missed.iterrows()
    )
    if not items:
        return None
    return Section("components", both("outlook.components"), same(""), items=items)


def _all_notes(outlook: Outlook) -> list[str]:
    parts = (outlook.frontier, outlook.phases, outlook.prices, outlook.robustness,
             outlook.obstacles)  # fmt: skip
    found = [str(note) for part in parts if part is not None for note in part.notes]
    return list(dict.fromkeys([*map(str, outlook.notes), *found]))
