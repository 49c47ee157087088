"""The expressions of ``study.toml``: a small language, parsed by ``ast``, evaluated by ourselves.

Grammar: comparisons (chained too), ``in``, ``not in``, ``and or not``, ``& | ~``, ``+ - * /``, literals
and lists, column names (back-ticked where odd), and the methods ``.str.contains``,
``.str.startswith``, ``.str.endswith`` (literal text), ``.isna()``, ``.notna()``, ``.isin([...])``,
``.between(a, b)``. A missing value makes a comparison false, ``!=`` and ``not in`` among them; ``not``
and ``~`` then negate the outcome of the comparison. Nothing is ever passed to ``eval``.
"""

from __future__ import annotations

import ast
import difflib
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from renewal_geo.foundation.errors import ExpressionError

LONGEST = 10_000
DEEPEST = 60
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_ARITHMETIC: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_TEXT_METHODS = ("contains", "startswith", "endswith")
_METHODS = ("isna", "notna", "isin", "between")
_QUOTED = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|`([^`]*)`")
GRAMMAR_FIX = (
    "use comparisons, in, and/or/not, + - * /, and .str.contains/.startswith/.endswith, "
    ".isna(), .notna(), .isin([...]), .between(a, b)"
)


def evaluate(expression: str, table: pd.DataFrame, *, where: str = "") -> pd.Series:
    """Evaluate `expression` on every row of `table`.

    Parameters
    ----------
    expression
        Text in the grammar above.
    table
        n rows; its column names are the names that the expression may use, the leftmost wins.
    where
        What the expression is for, for the error (``[zones] pool``).

    Returns
    -------
    Series
        Length n, the index of `table`; a constant is repeated.

    Raises
    ------
    ExpressionError
        If the text is outside the grammar (the offending piece is quoted), names an unknown
        column (the nearest names are offered), or compares text with numbers.

    Examples
    --------
    >>> rows = pd.DataFrame({"land_use": ["M1", "R2", None], "far": [1.0, 2.0, 3.0]})
    >>> evaluate("land_use in ['M1', 'M0'] or far > 2.5", rows).tolist()
    [True, False, True]
    """
    value = _Evaluator(_parsed(expression, where), table, where).result()
    if isinstance(value, pd.Series):
        return value
    return pd.Series([value] * len(table), index=table.index)


def select(expression: str, table: pd.DataFrame, *, where: str = "") -> pd.Series:
    """Return which rows satisfy `expression`, as booleans without missing values.

    Parameters and errors are those of :func:`evaluate`; besides, an expression that yields
    anything but yes or no is refused.
    """
    value = evaluate(expression, table, where=where)
    if not _is_bool(value):
        raise ExpressionError(
            f"{expression!r} gives {value.dtype} values, not yes or no",
            where=where,
            fix="compare it with something, as in floor_area_m2 > 0",
        )
    return _truth(value)


def columns_of(expression: str) -> tuple[str, ...]:
    """Return the column names that `expression` uses, in the order of their first appearance."""
    parsed = _parsed(expression, "")
    names = [n for n in ast.walk(parsed.tree) if isinstance(n, ast.Name)]
    names.sort(key=lambda n: (n.lineno, n.col_offset))
    return tuple(dict.fromkeys(parsed.original(n.id) for n in names))


@dataclass(frozen=True, slots=True)
class _Parsed:
    text: str
    source: str
    tree: ast.expr
    aliases: Mapping[str, str]

    def original(self, name: str) -> str:
        return self.aliases.get(name, name)

    def piece(self, node: ast.AST) -> str:
        text = ast.get_source_segment(self.source, node) or self.source
        for alias, name in self.aliases.items():
            text = text.replace(alias, f"`{name}`")
        return text


def _parsed(expression: str, where: str) -> _Parsed:
    if not isinstance(expression, str) or not expression.strip():
        raise ExpressionError(
            "the expression is empty", where=where, fix="write one, or leave it out"
        )
    if len(expression) > LONGEST:
        raise ExpressionError(
            f"the expression has {len(expression):,} characters, more than {LONGEST:,}",
            where=where,
            fix="put a column into the table instead",
        )
    aliases: dict[str, str] = {}

    def replace(match: re.Match[str]) -> str:
        name = match.group(1)
        if name is None:
            return match.group(0)
        alias = f"_column_{len(aliases)}_"
        aliases[alias] = name
        return alias

    source = _QUOTED.sub(replace, expression.strip())
    try:
        tree = ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as fault:
        offset = getattr(fault, "offset", None)
        place = f" near character {offset}" if offset else ""
        raise ExpressionError(
            f"{expression!r} cannot be read{place}", where=where, fix=GRAMMAR_FIX
        ) from fault
    if _depth(tree) > DEEPEST:
        raise ExpressionError(
            f"the expression is nested more than {DEEPEST} deep", where=where, fix="simplify it"
        )
    return _Parsed(expression, source, tree, aliases)


def _depth(tree: ast.AST) -> int:
    deepest, stack = 0, [(tree, 1)]
    while stack:
        node, level = stack.pop()
        deepest = max(deepest, level)
        stack.extend((child, level + 1) for child in ast.iter_child_nodes(node))
    return deepest


class _Evaluator:
    """Walks one parsed expression over one table."""

    def __init__(self, parsed: _Parsed, table: pd.DataFrame, where: str) -> None:
        self.parsed = parsed
        self.table = table
        self.where = where

    def result(self) -> Any:
        return self._of(self.parsed.tree)

    def _refuse(self, node: ast.AST, why: str, fix: str = GRAMMAR_FIX) -> NoReturn:
        raise ExpressionError(
            f"in {self.parsed.text!r}, {self.parsed.piece(node)!r} {why}", where=self.where, fix=fix
        )

    def _of(self, node: ast.expr) -> Any:  # noqa: C901 - one case per piece of grammar
        match node:
            case ast.Constant(value=value) if isinstance(value, (bool, str, int, float)):
                return self._constant(node, value)
            case ast.Name(id=name):
                return self._column(node, self.parsed.original(name))
            case ast.List() | ast.Tuple():
                return [self._literal(one) for one in node.elts]
            case ast.BoolOp(op=op, values=values):
                whole = self._condition(values[0])
                for one in values[1:]:
                    other = self._condition(one)
                    whole = (whole & other) if isinstance(op, ast.And) else (whole | other)
                return whole
            case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=operand):
                inner = self._condition(operand)
                return ~inner if isinstance(inner, pd.Series) else not inner
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as op, operand=operand):
                number = self._number(operand)
                return -number if isinstance(op, ast.USub) else number
            case ast.BinOp(left=left, op=ast.BitAnd() | ast.BitOr() as op, right=right):
                first, second = self._condition(left), self._condition(right)
                return first & second if isinstance(op, ast.BitAnd) else first | second
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                return self._arithmetic(node, left, op, right)
            case ast.Compare():
                return self._comparison(node)
            case ast.Call():
                return self._call(node)
            case _:
                self._refuse(node, "is not in the grammar")

    def _constant(self, node: ast.expr, value: bool | str | float) -> bool | str | float:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            try:
                if not np.isfinite(float(value)):
                    self._refuse(node, "is not a finite number")
            except OverflowError:
                self._refuse(node, "is too large a number")
        return value

    def _literal(self, node: ast.expr) -> bool | str | float:
        if isinstance(node, ast.Constant) and isinstance(node.value, (bool, str, int, float)):
            return self._constant(node, node.value)
        if (
            isinstance(node, ast.UnaryOp)
            and isinstance(node.op, ast.USub)
            and isinstance(node.operand, ast.Constant)
            and isinstance(node.operand.value, (int, float))
        ):
            return -float(node.operand.value)
        self._refuse(node, "is not a literal: a list holds texts and numbers only")

    def _column(self, node: ast.expr, name: str) -> pd.Series:
        places = np.flatnonzero(self.table.columns == name)
        geometry = getattr(self.table, "_geometry_column_name", None)
        if len(places) and name != geometry:
            return self.table.iloc[:, int(places[0])]
        names = [str(c) for c in self.table.columns if c != geometry]
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
        offered = f"nearest: {', '.join(near)}" if near else f"there are: {', '.join(names[:20])}"
        self._refuse(node, f"is not a column ({offered})", "name a column; back-tick an odd name")

    def _condition(self, node: ast.expr) -> Any:
        value = self._of(node)
        if isinstance(value, pd.Series) and _is_bool(value):
            return _truth(value)
        if isinstance(value, (bool, np.bool_)):
            return bool(value)
        self._refuse(
            node,
            "is neither yes nor no",
            "compare it with something, and put brackets around comparisons beside & and |",
        )

    def _number(self, node: ast.expr) -> Any:
        value = self._of(node)
        if isinstance(value, pd.Series):
            if _is_bool(value):
                return _truth(value).astype(float)
            if pd.api.types.is_numeric_dtype(value):
                return value.astype(float)
            if value.isna().all():
                return pd.Series(np.nan, index=value.index)
        elif isinstance(value, (bool, int, float)):
            return float(value)
        self._refuse(node, "is not a number", "arithmetic needs numeric columns")

    def _arithmetic(self, node: ast.expr, left: ast.expr, op: ast.operator, right: ast.expr) -> Any:
        first, second = self._number(left), self._number(right)
        if isinstance(op, ast.Div) and not isinstance(second, pd.Series) and second == 0:
            self._refuse(node, "divides by zero", "divide by something else")
        return _ARITHMETIC[type(op)](first, second)

    def _comparison(self, node: ast.Compare) -> Any:
        operands = [node.left, *node.comparators]
        whole: Any = True
        for op, left, right in zip(node.ops, operands[:-1], operands[1:], strict=True):
            if isinstance(op, (ast.In, ast.NotIn)):
                one = self._membership(node, left, right)
                if isinstance(op, ast.NotIn):
                    series = self._of(left)
                    one = ~one & series.notna() if isinstance(series, pd.Series) else not one
            elif type(op) in _COMPARISONS:
                one = self._compared(node, left, right, _COMPARISONS[type(op)])
            else:
                self._refuse(node, "is not in the grammar")
            whole = one & whole if isinstance(one, pd.Series) else whole & one
        return whole

    def _compared(
        self, node: ast.expr, left: ast.expr, right: ast.expr, compare: Callable[[Any, Any], Any]
    ) -> Any:
        first, second = self._of(left), self._of(right)
        if isinstance(first, list) or isinstance(second, list):
            self._refuse(node, "compares with a list", "write in instead of ==")
        first, second = self._alike(node, first, second)
        if not isinstance(first, pd.Series) and not isinstance(second, pd.Series):
            return bool(compare(first, second))
        present = pd.Series(data=True, index=self.table.index)
        for side in (first, second):
            if isinstance(side, pd.Series):
                present &= side.notna()
        outcome = np.zeros(len(present), dtype=bool)
        rows = present.to_numpy()
        if rows.any():
            one = first[rows] if isinstance(first, pd.Series) else first
            two = second[rows] if isinstance(second, pd.Series) else second
            outcome[rows] = np.asarray(compare(one, two), dtype=bool)
        return pd.Series(outcome, index=self.table.index)

    def _membership(self, node: ast.expr, left: ast.expr, right: ast.expr) -> Any:
        listed = self._of(right)
        if not isinstance(listed, list):
            self._refuse(right, "is not a list", "write a list, as in land_use in ['M1', 'M0']")
        value = self._of(left)
        if not isinstance(value, pd.Series):
            return value in listed
        alike = [self._alike(node, value, one) for one in listed]
        if alike:
            value = alike[0][0]
        return value.isin([one for _, one in alike]) & value.notna()

    def _alike(self, node: ast.expr, first: Any, second: Any) -> tuple[Any, Any]:
        kinds = {_kind(first), _kind(second)} - {"missing"}
        if kinds == {"date", "text"}:
            return _dated(first), _dated(second)
        if kinds == {"number", "text"}:
            numbers = _numeral(first), _numeral(second)
            if numbers[0] is not None and numbers[1] is not None:
                return numbers
        if len(kinds) > 1 and kinds != {"number", "bool"}:
            self._refuse(
                node,
                "compares text with a number" if "text" in kinds else "compares unlike things",
                "codes are text: write them in quotes, as in land_use == '3'",
            )
        return first, second

    def _call(self, node: ast.Call) -> Any:
        function = node.func
        if not isinstance(function, ast.Attribute) or node.keywords:
            self._refuse(node, "is not in the grammar")
        inner = function.value
        if isinstance(inner, ast.Attribute) and inner.attr == "str":
            return self._text_method(node, function.attr, inner.value)
        if function.attr not in _METHODS:
            self._refuse(node, "is not in the grammar")
        series = self._of(inner)
        if not isinstance(series, pd.Series):
            self._refuse(node, "asks a method of something that is no column")
        return self._method(node, function.attr, inner, series)

    def _method(self, node: ast.Call, name: str, inner: ast.expr, series: pd.Series) -> Any:
        wanted = {"isna": 0, "notna": 0, "isin": 1, "between": 2}[name]
        if len(node.args) != wanted:
            self._refuse(node, f"takes {wanted} values")
        if name == "isna":
            return series.isna()
        if name == "notna":
            return series.notna()
        if name == "isin":
            return self._membership(node, inner, node.args[0])
        low = self._compared(node, inner, node.args[0], operator.ge)
        return low & self._compared(node, inner, node.args[1], operator.le)

    def _text_method(self, node: ast.Call, name: str, inner: ast.expr) -> pd.Series:
        if name not in _TEXT_METHODS:
            self._refuse(node, "is not in the grammar")
        if len(node.args) != 1 or not isinstance(self._of(node.args[0]), str):
            self._refuse(node, "takes one text", "as in name.str.contains('工业')")
        series, wanted = self._of(inner), self._of(node.args[0])
        if not isinstance(series, pd.Series) or _kind(series) not in {"text", "missing"}:
            self._refuse(node, "asks a text method of something that is no text column")
        text = series.astype(object).where(series.notna(), "").astype(str)
        if name == "contains":
            found = text.map(lambda one: wanted in one)
        elif name == "startswith":
            found = text.map(lambda one: one.startswith(wanted))
        else:
            found = text.map(lambda one: one.endswith(wanted))
        return found.astype(bool) & series.notna()


def _is_bool(value: pd.Series) -> bool:
    if pd.api.types.is_bool_dtype(value):
        return True
    return value.dtype == object and pd.api.types.infer_dtype(value, skipna=True) == "boolean"


def _truth(value: pd.Series) -> pd.Series:
    missing = value.isna()
    if missing.any():
        value = value.astype(object).where(~missing, other=False)
    return value.astype(bool)


def _kind(value: Any) -> str:
    """Return text, number, bool, date, missing or other for a column or a literal."""
    if not isinstance(value, pd.Series):
        if isinstance(value, bool):
            return "bool"
        return "text" if isinstance(value, str) else "number"
    if pd.api.types.is_bool_dtype(value):
        return "bool"
    if pd.api.types.is_numeric_dtype(value):
        return "number"
    if pd.api.types.is_datetime64_any_dtype(value):
        return "date"
    inferred = pd.api.types.infer_dtype(value, skipna=True)
    return {
        "string": "text",
        "empty": "missing",
        "boolean": "bool",
        "integer": "number",
        "floating": "number",
        "mixed-integer-float": "number",
        "date": "date",
        "datetime": "date",
    }.get(inferred, "missing" if value.isna().all() else "text")


def _numeral(value: Any) -> Any:
    """Return a column of numerals, or one, as numbers; None where any text is no numeral.

    Codes are text, but ``use_code >= 400`` means the number that every code of the column spells.
    """
    if isinstance(value, pd.Series):
        numbers = pd.to_numeric(value, errors="coerce")
        return numbers if (numbers.notna() == value.notna()).all() else None
    return value if isinstance(value, (int, float)) else _numeral_text(value)


def _numeral_text(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def _dated(value: Any) -> Any:
    if isinstance(value, pd.Series):
        return pd.to_datetime(value, errors="coerce", utc=True)
    try:
        return pd.Timestamp(value).tz_localize("UTC")
    except (ValueError, TypeError) as fault:
        raise ExpressionError(f"{value!r} is not a date", fix="write it as '2020-06-30'") from fault
