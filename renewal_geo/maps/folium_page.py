"""The page: a folium map whose one file asks no host for anything and runs no script but ours."""

from __future__ import annotations

import base64
import functools
import hashlib
import html
import importlib.resources
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, BinaryIO

import branca.element
import folium

from renewal_geo.foundation.errors import RenderError
from renewal_geo.foundation.labels import label
from renewal_geo.maps.payload import encode, payload
from renewal_geo.maps.spec import MapSpec

ELEMENT_ID = "renewal_geo"
LOADING_ATTRIBUTES = {
    "src", "href", "srcset", "data", "poster", "action", "formaction", "background", "xlink:href",
    "manifest", "ping", "cite", "longdesc", "codebase", "archive",
}  # fmt: skip
_LOCAL = re.compile(r"^(#|data:|about:srcdoc$|$)")
_STYLE_URL = re.compile(r"url\(\s*['\"]?\s*([^)'\"]*)", re.IGNORECASE)
_PLACE = re.compile(r"\{\{(\w+)\}\}")
_FLAG = re.compile(r"""prefix:'<a href="https://leafletjs\.com".*?"Leaflet</a>\"""")


class Page(folium.Map):
    """A folium map that draws a :class:`MapSpec`.

    The layers are drawn by a canvas layer of our own, from data that stands in a block which the
    browser never executes; popups, legend and lists are built from text nodes only. A
    Content-Security-Policy allows exactly our two static scripts, by hash, and no connection.

    Parameters
    ----------
    spec
        What the map says.

    Notes
    -----
    folium's own ``default_js`` and ``default_css`` are emptied on this instance; the class, and so
    every other map in the process, stays as it is. Element ids are fixed: the same spec gives the
    same bytes. Other folium elements would need scripts from elsewhere: :meth:`html` refuses them.
    """

    def __init__(self, spec: MapSpec) -> None:
        super().__init__(tiles=None)
        self.default_js: list[Any] = []
        self.default_css: list[Any] = []
        self.spec = spec
        self._id = ELEMENT_ID
        sheet = _Sheet(self)
        sheet.add_child(self)

    def html(self) -> str:
        """Return the page as one HTML text.

        Raises
        ------
        RenderError
            If another folium element was added, or if the page would ask a host for anything.
        """
        if self._children:
            raise RenderError(
                "this page carries no other folium elements: "
                + ", ".join(sorted(type(c).__name__ for c in self._children.values())),
                fix="publish them on a folium.Map of their own",
                code="foreign_element",
            )
        page = compose(self.spec)
        assert_self_contained(page)
        return page

    def save(
        self,
        outfile: str | bytes | Path | BinaryIO,
        close_file: bool = True,
        **_: object,
    ) -> None:
        """Write the page to `outfile` as UTF-8; an old file stays whole if writing fails."""
        if not isinstance(outfile, (str, bytes, os.PathLike)):
            outfile.write(self.html().encode())
            if close_file:
                outfile.close()
            return
        path = Path(os.fsdecode(outfile))
        beside = path.with_name(f".{path.name}.part")
        try:
            beside.write_text(self.html(), encoding="utf-8", newline="\n")
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)


class _Sheet(branca.element.Figure):
    """The root that folium asks to render itself: it answers with our page."""

    def __init__(self, page: Page) -> None:
        super().__init__(height="640px")
        self._id = f"{ELEMENT_ID}_sheet"
        self._page = page

    def render(self, **_: object) -> str:
        return self._page.html()


def compose(spec: MapSpec) -> str:
    """Return the page of `spec`; hashes are of static code, taken before data goes in."""
    leaflet, own = _leaflet_script(), _asset("outlook.js") + _asset("page.js")
    places = {
        "lang": "zh-CN" if spec.lang == "zh" else "en",
        "policy": policy(leaflet, own),
        "title": html.escape(spec.title.zh if spec.lang == "zh" else spec.title.en),
        "style": _leaflet_style() + _asset("page.css"),
        "noscript": html.escape(label("map.noscript", "zh") + " " + label("map.noscript", "en")),
        "data": encode(payload(spec)),
        "leaflet": leaflet,
        "own": own,
    }
    return _PLACE.sub(lambda found: places[found.group(1)], _asset("page.html"))


def policy(*scripts: str) -> str:
    """Return a Content-Security-Policy: exactly these inline scripts, and no connection."""
    digests = (base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'"
    )


def assert_self_contained(page: str) -> None:
    """Refuse a page that could ask a host for anything, or run a script that is not in its policy.

    Raises
    ------
    RenderError
        Naming the first element that breaks the promise.
    """
    reader = _Reader()
    reader.feed(page)
    reader.close()
    faults = list(reader.faults)
    if not reader.policy:
        faults.append("no Content-Security-Policy")
    for script in reader.scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        if f"'sha256-{digest}'" not in reader.policy:
            faults.append(f"a script that the policy does not name: {script[:60]!r}")
    if faults:
        raise RenderError(
            f"the page would not be self-contained: {faults[0]}",
            fix="keep addresses and scripts of others out of the page",
            code="not_self_contained",
        )


class _Reader(HTMLParser):
    """Collects scripts, the policy, and everything that could load from elsewhere."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.scripts: list[str] = []
        self.policy = ""
        self._inside = ""
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        for name, value in named.items():
            if name in LOADING_ATTRIBUTES and not _LOCAL.match(value.strip()):
                self.faults.append(f"<{tag} {name}={value[:80]!r}>")
            if name.startswith("on"):
                self.faults.append(f"<{tag} {name}=...> would run a script")
            if name == "style":
                self._check_style(value)
        if tag in {"iframe", "object", "embed", "base", "link"}:
            self.faults.append(f"<{tag}>")
        if tag == "meta":
            kind = named.get("http-equiv", "").lower()
            if kind == "content-security-policy":
                self.policy = named.get("content", "")
            elif kind == "refresh":
                self.faults.append("<meta http-equiv=refresh>")
        runs = named.get("type", "") in {"", "text/javascript", "module"}
        if tag == "style" or (tag == "script" and runs):
            self._inside, self._text = tag, []

    def handle_data(self, data: str) -> None:
        if self._inside:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag != self._inside:
            return
        text = "".join(self._text)
        if tag == "script":
            self.scripts.append(text)
        else:
            self._check_style(text)
        self._inside = ""

    def _check_style(self, text: str) -> None:
        if "@import" in text.lower():
            self.faults.append("@import in a style")
        for address in _STYLE_URL.findall(text):
            if not _LOCAL.match(address.strip()):
                self.faults.append(f"url({address[:80]}) in a style")


@functools.cache
def _asset(name: str) -> str:
    folder = importlib.resources.files("renewal_geo.maps") / "assets"
    return folder.joinpath(*name.split("/")).read_text(encoding="utf-8").replace("\r\n", "\n")


@functools.cache
def _leaflet_script() -> str:
    """Return Leaflet without its source-map address, and without link and flag of its own."""
    text = _asset("leaflet/leaflet.js")
    text = re.sub(r"\n?//# sourceMappingURL=\S+\s*$", "\n", text)
    text, count = _FLAG.subn('prefix:"Leaflet"', text)
    if count != 1 or "</script" in text.lower() or "<!--" in text:
        raise RenderError(
            "the vendored Leaflet is not the one that this page knows",
            fix="restore renewal_geo/maps/assets/leaflet from its manifest",
        )
    return text


@functools.cache
def _leaflet_style() -> str:
    """Return Leaflet's style without the rules that load pictures; we draw no picture markers."""
    text = _asset("leaflet/leaflet.css")
    text = re.sub(r"background-image:\s*url\(images/[^)]*\);?", "", text)
    return re.sub(r"behavior:\s*url\([^)]*\);?", "", text)
