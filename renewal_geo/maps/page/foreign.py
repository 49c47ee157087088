"""Folium elements that others made: rendered on demand, with the hosts that they would ask.

They bring scripts from elsewhere and put texts of the data into HTML, which is why a page carries
them only when its author says so, without our policy, and says so to its readers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

import branca.element
import folium

from renewal_geo.foundation.errors import RenderError
from renewal_geo.maps.texts import Text, both

# folium's own assets, and the text by which an element shows that it needs them; Leaflet is ours
NEEDS = {
    "jquery": "$(",
    "bootstrap": "AwesomeMarkers",
    "bootstrap_css": "AwesomeMarkers",
    "glyphicons_css": "AwesomeMarkers",
    "awesome_markers": "AwesomeMarkers",
    "awesome_markers_font_css": "AwesomeMarkers",
    "awesome_markers_css": "AwesomeMarkers",
    "awesome_rotate_css": "AwesomeMarkers",
}
# Leaflet's own pin is a picture beside its style sheet: this one stands in the page
PIN = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='25' height='41' viewBox='0 0 25 41'%3E"
    "%3Cpath d='M12.5 40C9 31 1 22 1 12.5a11.5 11.5 0 0 1 23 0C24 22 16 31 12.5 40z' fill='%230072b2' stroke='white'"
    "/%3E%3Ccircle cx='12.5' cy='12.5' r='4.5' fill='white'/%3E%3C/svg%3E"
)
# waits for our map, gives it the name that the elements know, and runs their scripts as folium would
STARTER = """(function wait() {
  var ours = window.renewalGeo;
  if (!ours || !ours.map || !ours.map._loaded) { setTimeout(wait, 20); return; }
  window[%(name)s] = ours.map;
  L.Icon.Default.prototype._getIconUrl = function (part) { return part === "icon" ? %(pin)s : null; };
  var made = document.createElement("script");
  made.textContent = JSON.parse(document.getElementById("foreign").textContent);
  document.body.appendChild(made);
}());"""
_LINK = re.compile(r"(?:<|\\u003c)a\s.*?(?:>|\\u003e)", re.IGNORECASE | re.DOTALL)
_HOST = re.compile(r"(?:https?:)?\\?/\\?/((?:[\w-]|\{\w+\})+(?:\.(?:[\w-]|\{\w+\})+)+(?::\d+)?)")
_NAMESPACE = {"www.w3.org"}


@dataclass(frozen=True, slots=True)
class Foreign:
    """What elements of others add to a page: HTML for the end of its body, and their hosts."""

    html: str
    hosts: tuple[str, ...]


def refuse_foreign(elements: Iterable[branca.element.Element]) -> None:
    """Refuse elements that we did not make.

    Raises
    ------
    RenderError
        Naming them.
    """
    names = sorted(type(one).__name__ for one in elements)
    if names:
        raise RenderError(
            f"this page carries no other folium elements: {', '.join(names)}",
            fix="publish them on a folium.Map of their own, or save with allow_foreign=True: "
            "the page is then marked as unprotected",
            code="foreign_element",
        )


def mark() -> Text:
    """Return what such a page says of itself."""
    return both("basemap.foreign_mark")


def rendered(page: folium.Map, figure: branca.element.Figure) -> Foreign:
    """Return what the children of `page` put into `figure`, which is left as it was.

    Parameters
    ----------
    page
        Our map; its own assets are not among the result.
    figure
        Its root, into whose header, body and script the children render.
    """
    places = (figure.header, figure.html, figure.script)
    before = [place._children.copy() for place in places]  # noqa: SLF001 - branca has no other way in
    try:
        for child in page._children.values():  # noqa: SLF001
            child.render()
        new = [
            [child for name, child in place._children.items() if name not in known]  # noqa: SLF001
            for place, known in zip(places, before, strict=True)
        ]
        header, html, script = ("\n".join(child.render() for child in part) for part in new)
    finally:
        for place, known in zip(places, before, strict=True):
            place._children = known  # noqa: SLF001
    header = _assets(script) + header
    starter = STARTER % {"name": literal(page.get_name()), "pin": literal(PIN)}
    return Foreign(
        f'{header}\n{html}\n<script type="application/json" id="foreign">{literal(script)}</script>\n'
        f"<script>{starter}</script>",
        _hosts(f"{header}\n{html}\n{script}"),
    )


def literal(text: str) -> str:
    r"""Return a text as a literal of JSON and JavaScript that is safe inside a script element.

    >>> literal("</script>")
    '"\\u003c/script\\u003e"'
    """
    plain = json.dumps(text, ensure_ascii=True)
    return plain.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _assets(script: str) -> str:
    """Return the tags of those of folium's own assets that a script uses."""
    js = [
        branca.element.JavascriptLink(url)
        for name, url in folium.Map.default_js
        if NEEDS.get(name, "\0") in script
    ]
    css = [
        branca.element.CssLink(url)
        for name, url in folium.Map.default_css
        if NEEDS.get(name, "\0") in script
    ]
    return "\n".join(one.render() for one in (*css, *js))


def _hosts(text: str) -> tuple[str, ...]:
    """Return the hosts that a text names, but for links that somebody would have to click."""
    found = set(_HOST.findall(_LINK.sub("", text)))
    return tuple(sorted(found - _NAMESPACE))
