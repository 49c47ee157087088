"""Options that many commands share, and options made from a question's settings.

Every key of a question's table in ``study.toml`` is also an option of its command:
``area_budget_ha`` is ``--area-budget-ha``. An option given wins over the study, the study over
the documented default.
"""

from __future__ import annotations

import functools
import inspect
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from renewal_geo.foundation.errors import UsageError
from renewal_geo.foundation.settings import SETTINGS, Setting, checked

StudyArgument = Annotated[
    Path, typer.Argument(metavar="STUDY", help="Folder with study.toml, or that file.")
]
OutOption = Annotated[
    Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the answer; made if absent.")
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else.")
]


def settings_options(
    *questions: str, without: str = ""
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command one option per setting of `questions`, but those whose key begins with `without`.

    The command receives what was given on the line as ``given``: a dict from question to the
    keys that the user typed, parsed to the types that ``study.toml`` has.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(command, include_extras=True)
        own = inspect.signature(command).parameters.values()
        kept = [p.replace(annotation=hints[p.name]) for p in own if p.name != "given"]
        made: list[inspect.Parameter] = []
        homes: dict[str, tuple[str, str]] = {}
        for question in questions:
            for key, setting in SETTINGS[question].items():
                name = key if key not in homes else f"{question}_{key}"
                unheard = bool(without) and key.startswith(without)
                if unheard or any(p.name == name for p in kept):
                    continue
                homes[name] = (question, key)
                made.append(_parameter(name, setting))

        @functools.wraps(command)
        def wrapped(**values: Any) -> None:
            given: dict[str, dict[str, Any]] = {question: {} for question in questions}
            for name, (question, key) in homes.items():
                value = values.pop(name)
                if value is not None and value != []:
                    given[question][key] = _parsed(question, key, value)
            command(**values, given=given)

        parameters = [*kept, *made]
        wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        wrapped.__annotations__ = {p.name: p.annotation for p in parameters}
        return wrapped

    return decorate


def merged(
    study: Mapping[str, Mapping[str, Any]], given: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Return the study's settings with what was given on the command line put over them."""
    questions = {**study, **given}
    return {q: {**study.get(q, {}), **given.get(q, {})} for q in questions}


def _parameter(name: str, setting: Setting) -> inspect.Parameter:
    flag = "--" + name.replace("_", "-")
    unit = f" [{setting.unit}]" if setting.unit else ""
    text = f"{setting.help}{unit} (default: {setting.default!r})"
    if setting.kind == "bool":
        annotation: Any = Annotated[
            bool | None, typer.Option(f"{flag}/--no-{flag[2:]}", help=text, show_default=False)
        ]
        default: Any = None
    elif setting.kind in {"mapping", "list", "numbers"}:
        form = "NAME=VALUE" if setting.kind != "list" else "TEXT"
        annotation = Annotated[
            list[str] | None,
            typer.Option(flag, help=f"{text}; may be repeated", metavar=form, show_default=False),
        ]
        default = None
    else:
        python = {"float": float, "int": int}.get(setting.kind, str)
        flags = (flag, f"-{name}") if len(name) == 1 else (flag,)
        annotation = Annotated[
            python | None,
            typer.Option(*flags, help=text, show_default=False),
        ]
        default = None
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def _parsed(question: str, key: str, value: Any) -> Any:
    setting = SETTINGS[question][key]
    if setting.kind == "list":
        return [part.strip() for one in value for part in one.split(",") if part.strip()]
    if setting.kind in {"tables", "matrices"}:
        return _toml(question, key, value)
    if setting.kind not in {"mapping", "numbers"}:
        return value
    pairs: dict[str, Any] = {}
    for one in value:
        name, equals, text = one.partition("=")
        if not equals:
            raise UsageError(
                f"--{key.replace('_', '-')} {one!r} has no '='",
                fix=f"write --{key.replace('_', '-')} name=value",
            )
        try:
            pairs[name.strip()] = float(text) if setting.kind == "numbers" else text.strip()
        except ValueError as fault:
            raise UsageError(
                f"--{key.replace('_', '-')} {one!r}: {text!r} is not a number",
                fix=f"write --{key.replace('_', '-')} {name}=0.6",
            ) from fault
    return pairs


def _toml(question: str, key: str, text: str) -> Any:
    """Read a list of tables or of lists as TOML writes it in one line."""
    flag = f"--{key.replace('_', '-')}"
    try:
        value = tomllib.loads(f"{key} = {text}")[key]
    except tomllib.TOMLDecodeError as fault:
        raise UsageError(
            f"{flag}: {fault}",
            fix=f"write it in one line as in study.toml, such as {flag} '[[1, 3], [\"1/3\", 1]]'",
        ) from fault
    faults: list[tuple[str, str]] = []
    good = checked(question, {key: value}, lambda what, _, fix: faults.append((what, fix)))
    if faults:
        raise UsageError(f"{flag}: {faults[0][0]}", fix=faults[0][1])
    return good[key]
