"""The page: a folium map whose one file asks no host for anything and runs no script but ours."""

from __future__ import annotations

import functools
import hashlib
import html
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import branca.element
import folium

from renewal_geo.foundation.errors import RenderError
from renewal_geo.maps.page import foreign
from renewal_geo.maps.page.basemaps import checked_basemap, online_mark
from renewal_geo.maps.page.parts import asset, own_script, own_style
from renewal_geo.maps.page.payload import encode, payload
from renewal_geo.maps.page.policy import assert_self_contained, policy
from renewal_geo.maps.public.editions import refuse_key
from renewal_geo.maps.spec import LayerSpec, MapSpec
from renewal_geo.maps.texts import both

ELEMENT_ID = "renewal_geo"
MB = 1_000_000
_PLACE = re.compile(r"\{\{(\w+)\}\}")
_FLAG = re.compile(r"""prefix:'<a href="https://leafletjs\.com".*?"Leaflet</a>\"""")

__all__ = ["Page", "PageReport", "assert_self_contained", "compose", "interactive"]


@dataclass(frozen=True, slots=True)
class PageReport:
    """What a page holds and what it may do.

    Attributes
    ----------
    path
        The file, None where it went into an open one.
    bytes, sha256
        Its size and its hash.
    edition
        ``internal`` or ``public``.
    features
        Rows per layer.
    columns
        Columns per layer whose values stand in the file; no other value of the table does.
    policy
        Its Content-Security-Policy; empty for an unprotected page.
    hosts
        Whom it may ask: nobody, unless its author wanted an online basemap or parts of others.
    """

    path: Path | None
    bytes: int
    sha256: str
    edition: str
    features: Mapping[str, int]
    columns: Mapping[str, tuple[str, ...]]
    policy: str
    hosts: tuple[str, ...]

    def __str__(self) -> str:
        asks = f"may ask {', '.join(self.hosts)}" if self.hosts else "asks no host"
        kind = "" if self.policy else ", unprotected"
        return f"{self.path or 'page'}: {self.bytes / MB:.2f} MB, {sum(self.features.values())} rows, {asks}{kind}"


def interactive(spec: MapSpec, max_mb: float | None = None) -> Page:
    """Return the page of a map: one file that works without any network.

    Parameters
    ----------
    spec
        What the map says.
    max_mb
        A page larger than this many megabytes (10^6 bytes) is refused; None for any size.

    Returns
    -------
    Page
        A :class:`folium.Map` with ``.save(path)`` and ``.html()``; shows itself in a notebook.
    """
    return Page(spec, max_mb)


class Page(folium.Map):
    """A folium map that draws a :class:`MapSpec`.

    The layers are drawn by a canvas layer of our own, from data that stands in a block which the
    browser never executes; popups, legend and lists are built from text nodes only. A
    Content-Security-Policy allows exactly our static scripts, by hash, and no connection.

    Parameters
    ----------
    spec
        What the map says.
    max_mb
        The largest page that may be made (10^6 bytes); None for any size.

    Attributes
    ----------
    report
        What was saved last, a :class:`PageReport`; None before.

    Notes
    -----
    folium's own ``default_js`` and ``default_css`` are emptied on this instance; the class, and so
    every other map in the process, stays as it is. Element ids are fixed: the same spec gives the
    same bytes. Folium elements of others bring scripts from elsewhere: :meth:`save` refuses them
    unless it is told to let them through.
    """

    def __init__(self, spec: MapSpec, max_mb: float | None = None) -> None:
        super().__init__(tiles=None)
        self.default_js: list[Any] = []
        self.default_css: list[Any] = []
        self.spec = spec
        self.max_mb = max_mb
        self.report: PageReport | None = None
        self._id = ELEMENT_ID
        self._sheet = _Sheet(self)
        self._sheet.add_child(self)

    def html(self, *, allow_foreign: bool = False) -> str:
        """Return the page as one HTML text.

        Parameters
        ----------
        allow_foreign
            Whether folium elements that were added are let into the page. Their scripts come from
            elsewhere and may run texts of the data: the page then has no policy, and says so.

        Raises
        ------
        RenderError
            If another folium element was added and not allowed, or is meant for a public edition;
            if the page would ask a host that its basemap does not name; if it is too large.
        """
        return self._made(allow_foreign)[0]

    def save(  # type: ignore[override] # a misspelt option is an error here
        self,
        outfile: str | bytes | Path | BinaryIO,
        close_file: bool = True,
        *,
        allow_foreign: bool = False,
    ) -> PageReport:
        """Write the page to `outfile` as UTF-8; an old file stays whole if writing fails.

        Parameters
        ----------
        outfile
            Path, or a file open for bytes.
        close_file
            Whether an open file is closed.
        allow_foreign
            See :meth:`html`.

        Returns
        -------
        PageReport
            Size, hash, columns, policy, hosts; also kept as ``.report``.

        Raises
        ------
        RenderError
            See :meth:`html`.
        """
        text, rules, hosts = self._made(allow_foreign)
        content, path = text.encode(), None
        if isinstance(outfile, (str, bytes, os.PathLike)):
            path = Path(os.fsdecode(outfile))
            _replace(path, content)
        else:
            outfile.write(content)
            if close_file:
                outfile.close()
        self.report = PageReport(
            path=path,
            bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            edition=self.spec.edition,
            features={layer.name: len(layer.geometry) for layer in self.spec.layers},
            columns={layer.name: _columns(layer) for layer in self.spec.layers},
            policy=rules,
            hosts=hosts,
        )
        return self.report

    def _made(self, allow_foreign: bool) -> tuple[str, str, tuple[str, ...]]:
        """Return the page, its policy, and the hosts that it may ask."""
        others = None
        if self._children:
            if not allow_foreign:
                foreign.refuse_foreign(self._children.values())
            if self.spec.edition == "public":
                raise RenderError(
                    "a public page carries no parts that others made",
                    fix="take them off, or publish them in an internal edition",
                    code="foreign_element",
                )
            others = foreign.rendered(self, self._sheet)
        text = compose(self.spec, others)
        hosts = self.spec.basemap.hosts if self.spec.basemap else ()
        if others is None:
            assert_self_contained(text, hosts)
        _require_size(len(text.encode()), self.max_mb)
        if others is not None:
            names = {host.partition("://")[2] for host in hosts} | set(others.hosts)
            return text, "", tuple(sorted(names))
        return text, _policy(self.spec), tuple(host.partition("://")[2] for host in hosts)


class _Sheet(branca.element.Figure):
    """The root that folium asks to render itself: it answers with our page."""

    def __init__(self, page: Page) -> None:
        super().__init__(height="640px")
        self._id = f"{ELEMENT_ID}_sheet"
        self._page = page

    def render(self, **_: object) -> str:
        return self._page.html()


def compose(spec: MapSpec, others: foreign.Foreign | None = None) -> str:
    """Return the page of `spec`; hashes are of static code, taken before data goes in.

    Parameters
    ----------
    spec
        What the map says.
    others
        Folium elements that the author lets in: the page has no policy then, and says so.

    Raises
    ------
    RenderError
        For a basemap that the page cannot draw.
    InputError
        For a public edition with a basemap whose address carries a key.
    """
    marks = []
    if spec.edition == "public":
        _require_released(spec)
    if spec.basemap is not None:
        marks.append(online_mark(checked_basemap(spec.basemap)))
    if others is not None:
        marks.append(foreign.mark())
    without = both("basemap.noscript_asking" if marks else "map.noscript")
    rules = f'<meta http-equiv="Content-Security-Policy" content="{_policy(spec)}">'
    places = {
        "lang": "zh-CN" if spec.lang == "zh" else "en",
        "policy": rules if others is None else "",
        "title": html.escape(_writable(spec.title.said(spec.lang))),
        "style": _style(),
        "noscript": html.escape(
            " ".join(text for one in (without, *marks) for text in (one.zh, one.en))
        ),
        "data": encode(payload(spec, marks)),
        "leaflet": _leaflet_script(),
        "own": own_script(),
        "foreign": others.html if others is not None else "",
    }
    return _PLACE.sub(lambda found: places[found.group(1)], asset("page.html"))


def _require_released(spec: MapSpec) -> None:
    """Refuse to call public what nobody released."""
    refuse_key(spec.basemap)
    for layer in spec.layers:
        inside = [one.name for one in layer.columns if one.name not in layer.public_columns]
        if inside or layer.owners is not None:
            what = f"the column {inside[0]!r}" if inside else "owners"
            raise RenderError(
                f"the layer {layer.name!r} of a public page still has {what}",
                fix="make the public edition with maps.public_spec, which leaves out what is not released",
                code="not_released",
            )


def _policy(spec: MapSpec) -> str:
    hosts = spec.basemap.hosts if spec.basemap else ()
    return policy((_leaflet_script(), own_script()), (_style(),), hosts)


def _require_size(size: int, max_mb: float | None) -> None:
    if max_mb is not None and size > max_mb * MB:
        raise RenderError(
            f"the page would be {size / MB:.2f} MB, more than the {max_mb:g} MB that are allowed",
            fix="show fewer layers or columns, or allow more with max_mb",
            code="page_size",
        )


def _writable(text: str) -> str:
    """Return a text without what no HTML file can hold: NUL, and halves of surrogate pairs."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _columns(layer: LayerSpec) -> tuple[str, ...]:
    english = (one.english for one in layer.columns if one.english)
    return (*(one.name for one in layer.columns), *english)


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _style() -> str:
    return _leaflet_style() + own_style()


@functools.cache
def _leaflet_script() -> str:
    """Return Leaflet without its source-map address, and without link and flag of its own."""
    text = asset("leaflet/leaflet.js")
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
    text = asset("leaflet/leaflet.css")
    text = re.sub(r"background-image:\s*url\(images/[^)]*\);?", "", text)
    return re.sub(r"behavior:\s*url\([^)]*\);?", "", text)
