"""A table beside the drawing, joined to it: several rows need a rule, losses are counted."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import pandas as pd

from renewal_geo.foundation import schema
from renewal_geo.foundation.errors import Faults, InputError, SchemaError, some_ids
from renewal_geo.io.tables import as_key

JOINED = "_joined"
Rule = Callable[[pd.Series], Any]


@dataclass(frozen=True, slots=True)
class Joined:
    """A table with the joined columns, how conform finds them, and what was counted."""

    frame: gpd.GeoDataFrame | pd.DataFrame
    columns: dict[str, Any]
    notes: tuple[str, ...]


def join_rows(
    frame: gpd.GeoDataFrame | pd.DataFrame,
    table: pd.DataFrame,
    *,
    on: Mapping[str, str],
    columns: Mapping[str, Any],
    many: Mapping[str, str] | None = None,
    mapped: Mapping[str, Any] | None = None,
    role: str = "parcels",
    where: str = "",
) -> Joined:
    """Join columns of a table to the rows of a layer.

    Keys are compared as text: 3, 3.0 and " 3 " are one; an empty key matches nothing.

    Parameters
    ----------
    frame
        n rows as read, indexed by the driver's feature id; not changed.
    table
        The table to join, in any order.
    on
        Column of the layer (canonical or its own) -> column of the table; all must agree.
    columns
        New name -> column of the table, or ``{"name": ..., "unit": ...}``.
    many
        New name -> ``sum min max mean first last count mode any all join``: what to do with
        several rows for one key. Empty cells are left out; a tie of ``mode`` goes to the value
        that comes first in order, ``join`` puts ";" between texts.
    mapped
        The layer's own mapping of canonical columns, to find canonical names of `on`.
    role
        Role of the layer.
    where
        File and role, for errors.

    Returns
    -------
    Joined
        The rows of `frame` in their order with the joined columns added under the table's names;
        `columns` maps the new names to them, with units, as ``schema.conform`` reads it.

    Raises
    ------
    InputError
        ``unknown_column, unknown_rule, join_many`` (several rows and no rule), ``join_nothing``
        (no key matches); all faults of a kind at once.
    """
    rules = dict(many or {})
    wanted = {name: _named(asked) for name, asked in columns.items()}
    _check_names(table, on, wanted, rules, where)
    left_names = {one: _own_column(frame, one, mapped or {}, role, where) for one in on}
    left = _keys([_values(frame, left_names[one]) for one in on])
    right = _keys([table[one] for one in on.values()])
    matched = right[right.isin(set(left)) & (right != "")]
    if matched.empty:
        raise InputError(
            f"the join matches nothing: the layer has keys such as {some_ids(_some(left), 3)}, the "
            f"table {some_ids(_some(right), 3)}",
            where=where,
            fix="check that on = names the columns that hold the same ids",
            code="join_nothing",
        )
    _require_rules(matched, wanted, rules, where)
    made = frame.copy()
    found: dict[str, Any] = {}
    for name, (original, asked) in wanted.items():
        values = _one_per_key(table.loc[matched.index, original], matched, rules.get(name, "first"))
        place = original if original not in made.columns else f"{original}{JOINED}"
        while place in made.columns:
            place += JOINED
        made[place] = left.map(values).to_numpy()
        found[name] = {"name": place, **({"unit": asked["unit"]} if "unit" in asked else {})}
    return Joined(made, found, _counted(left, right, matched))


def _check_names(
    table: pd.DataFrame,
    on: Mapping[str, str],
    wanted: Mapping[str, tuple[str, Any]],
    rules: Mapping[str, str],
    where: str,
) -> None:
    faults = Faults(SchemaError)
    there = [str(name) for name in table.columns]
    asked = [("on", name) for name in on.values()] + [(n, o) for n, (o, _) in wanted.items()]
    for target, original in asked:
        if original not in there:
            near = difflib.get_close_matches(original, there, n=3, cutoff=0.4)
            faults.add(
                f"the table has no column {original!r} (asked for {target})",
                where=where,
                fix=f"nearest: {', '.join(near)}" if near else f"there are: {', '.join(there)}",
                code="unknown_column",
            )
    for name, rule in rules.items():
        if name not in wanted:
            faults.add(
                f"many has a rule for {name!r}, which the join does not bring",
                where=where,
                fix=f"use one of: {', '.join(wanted)}",
                code="unknown_column",
            )
        if rule not in RULES:
            near = difflib.get_close_matches(str(rule), RULES, n=1, cutoff=0.4)
            faults.add(
                f"{rule!r} is no rule for several rows",
                where=where,
                fix=f"did you mean {near[0]}?" if near else f"use one of: {', '.join(RULES)}",
                code="unknown_rule",
            )
    faults.raise_if_any()


def _named(asked: object) -> tuple[str, dict[str, Any]]:
    if isinstance(asked, Mapping):
        return str(asked.get("name", "")), dict(asked)
    return str(asked), {}


def _own_column(
    frame: pd.DataFrame, name: str, mapped: Mapping[str, Any], role: str, where: str
) -> str | None:
    """Return the layer's column for `name`; None where it is the id and the feature id serves."""
    if name in mapped:
        original = _named(mapped[name])[0]
        if original in frame.columns:
            return original
    if name in frame.columns:
        return name
    if name == schema.table(role).id_column and name not in mapped:
        return None
    near = difflib.get_close_matches(name, [str(c) for c in frame.columns], n=3, cutoff=0.4)
    raise SchemaError(
        f"the layer has no column {name!r} to join on",
        where=where,
        fix=f"nearest: {', '.join(near)}"
        if near
        else f"there are: {', '.join(map(str, frame.columns))}",
        code="unknown_column",
    )


def _values(frame: pd.DataFrame, name: str | None) -> pd.Series:
    return pd.Series(frame.index, index=frame.index) if name is None else frame[name]


def _keys(columns: list[pd.Series]) -> pd.Series:
    texts = [column.map(as_key).astype(object) for column in columns]
    if len(texts) == 1:
        return texts[0]
    whole = pd.concat(texts, axis=1).agg("\x1f".join, axis=1)
    empty = pd.concat([text == "" for text in texts], axis=1).any(axis=1)
    return whole.where(~empty, "")


def _some(keys: pd.Series) -> list[str]:
    return [key.replace("\x1f", " + ") for key in dict.fromkeys(keys) if key][:3]


def _require_rules(
    matched: pd.Series, wanted: Mapping[str, Any], rules: Mapping[str, str], where: str
) -> None:
    several = matched[matched.duplicated(keep=False)]
    lacking = [name for name in wanted if name not in rules]
    if several.empty or not lacking:
        return
    keys = [key.replace("\x1f", " + ") for key in dict.fromkeys(several)]
    rules_shown = ", ".join(f'{name} = "first"' for name in lacking)
    raise InputError(
        f"{len(keys):,} keys have several rows in the table, and {', '.join(lacking)} "
        f"{'has' if len(lacking) == 1 else 'have'} no rule for them",
        where=f"{where}, keys {some_ids(keys)}",
        fix=f"say what to take: many = {{ {rules_shown} }} ({', '.join(RULES)})",
        code="join_many",
    )


def _one_per_key(values: pd.Series, keys: pd.Series, rule: str) -> pd.Series:
    groups = values.groupby(keys.to_numpy(), sort=True)
    if rule in {"min", "max", "mean", "sum"} and pd.api.types.is_numeric_dtype(values):
        return groups.sum(min_count=1) if rule == "sum" else groups.agg(rule)
    if rule in {"first", "last"}:
        return groups.agg(rule)
    if rule == "count":
        return groups.count()
    if rule == "mode":
        return _most_frequent(values, keys)
    several = keys.duplicated(keep=False).to_numpy()
    alone = zip(keys.to_numpy()[~several], values.to_numpy()[~several], strict=True)
    made = {key: _of_one(rule, value) for key, value in alone}
    for key, part in values[several].groupby(keys.to_numpy()[several], sort=True):
        made[key] = RULES[rule](part.dropna())
    return pd.Series(made, dtype=object).infer_objects()


def _of_one(rule: str, value: str | float | bool | None) -> object:
    if rule in {"any", "all"}:
        return not pd.isna(value) and _truth([value])[0]
    if pd.isna(value):
        return None
    if rule == "join":
        return as_key(value)
    return RULES[rule](pd.Series([value])) if rule in {"sum", "mean"} else value


def _most_frequent(values: pd.Series, keys: pd.Series) -> pd.Series:
    counts = (
        pd.DataFrame({"key": keys.to_numpy(), "value": values.to_numpy()})
        .dropna()
        .groupby(["key", "value"], sort=True)
        .size()
        .rename("times")
        .reset_index()
        .sort_values(["key", "times"], ascending=[True, False], kind="stable")
        .drop_duplicates("key")
    )
    return counts.set_index("key")["value"]


def _sum(values: pd.Series) -> object:
    return None if values.empty else _numeric(values).sum()


def _mean(values: pd.Series) -> object:
    return None if values.empty else _numeric(values).mean()


def _numeric(values: pd.Series) -> pd.Series:
    try:
        return pd.to_numeric(values)
    except (ValueError, TypeError) as fault:
        raise InputError(
            f"column {values.name!r} of the joined table holds texts that do not add up: {fault}",
            fix="use first, mode or join for texts, or correct the cells",
            code="not_a_number",
        ) from fault


def _truth(values: Iterable[Any]) -> list[bool]:
    return [str(one).strip().lower() in schema.TRUE_WORDS for one in values]


RULES: dict[str, Rule] = {
    "sum": _sum,
    "min": lambda values: None if values.empty else values.min(),
    "max": lambda values: None if values.empty else values.max(),
    "mean": _mean,
    "first": lambda values: None if values.empty else values.iloc[0],
    "last": lambda values: None if values.empty else values.iloc[-1],
    "count": len,
    "mode": lambda values: None if values.empty else values.mode().iloc[0],
    "any": lambda values: any(_truth(values)),
    "all": lambda values: bool(len(values)) and all(_truth(values)),
    "join": lambda values: ";".join(dict.fromkeys(map(as_key, values))) or None,
}


def _counted(left: pd.Series, right: pd.Series, matched: pd.Series) -> tuple[str, ...]:
    keys = set(matched)
    without = int((~left.isin(keys)).sum())
    unused = int((~right.isin(keys)).sum())
    unused_keys = len(set(right[~right.isin(keys)]) - {""})
    sharing = left[left.isin(keys)]
    shared = int(sharing.duplicated(keep=False).sum())
    notes = [
        f"joined {len(matched):,} rows of the table to {len(sharing):,} rows of the layer",
        f"{without:,} rows of the layer have no row in the table",
        f"{unused:,} rows of the table ({unused_keys:,} keys) have no row in the layer",
    ]
    if shared:
        notes.append(f"{shared:,} rows of the layer share a key: each carries the joined values")
    return tuple(notes)
