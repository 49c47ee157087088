"""What the page is made of: the order of its scripts and styles, and those of others it carries."""

from __future__ import annotations

import functools
import importlib.resources
import re

# Every script parses alone; joined in this order inside one function they share their names, and
# `frame`, the last one, starts the page.
SCRIPTS = (
    "words", "payload", "shapes", "selection", "drawing", "tiles", "canvas",
    "working_crs", "readout", "measure", "compare", "gates", "wall",
    "basemap",
    "legend", "popup", "search", "filters", "totals", "deadlines", "timeline", "summary", "links",
    "exports", "outlook", "frame",
)  # fmt: skip
STYLES = ("frame", "panels", "outlook", "tools", "sizes")
_ASIDE = re.compile(r"^[ \t]*(?://.*\n)?", re.MULTILINE)
INFLATER = "fflate/fflate.js"


@functools.cache
def asset(name: str) -> str:
    """Return the text of a file of ``assets``, lines ended by a line feed."""
    folder = importlib.resources.files("renewal_geo.maps") / "assets"
    return folder.joinpath(*name.split("/")).read_text(encoding="utf-8").replace("\r\n", "\n")


@functools.cache
def own_script() -> str:
    """Return the page's script: the inflater for old browsers, then ours in a scope of their own."""
    parts = "\n".join(_bare(asset(f"page/{name}.js")) for name in SCRIPTS)
    return f'{asset(INFLATER)}\n(function () {{\n"use strict";\n{parts}\n}}());\n'


def _bare(script: str) -> str:
    """Return a script without indents and lines of comment: no text of ours runs over lines."""
    return _ASIDE.sub("", script)


@functools.cache
def own_style() -> str:
    """Return the page's style, later parts over earlier ones."""
    return "\n".join(asset(f"page/{name}.css") for name in STYLES)
