"""Online basemaps, for who asks for one: none is drawn by default, and none is asked in secret.

What there is stands in ``assets/basemaps.toml``. A page with a basemap asks its hosts for pictures,
and for nothing else; it says so in its head. A key stands readable in the file that it is used in.
"""

from __future__ import annotations

import functools
import importlib.resources
import os
import re
import tomllib
from typing import Any

from renewal_geo.foundation.errors import InputError, RenderError
from renewal_geo.maps.page.policy import checked_host
from renewal_geo.maps.spec import Basemap, Text
from renewal_geo.maps.texts import both

SYSTEMS = ("WGS84", "GCJ-02")
_KEY = re.compile(r"[A-Za-z0-9_-]{8,128}")
_ORIGIN = re.compile(r"(https?://[^/?#]+)[/?#]", re.IGNORECASE)


def basemap(name: str, key: str | None = None) -> Basemap:
    """Return an online basemap for :class:`renewal_geo.maps.spec.MapSpec`.

    Parameters
    ----------
    name
        ``tianditu`` (streets and names), ``tianditu_img`` (pictures from above and names), ``amap``
        or ``osm``.
    key
        What the owner of the service gave its user; default: the environment variable that the
        data file names (``TIANDITU_KEY``). Everyone who has the page can read it, which is why a
        public edition refuses it.

    Returns
    -------
    Basemap
        Tianditu is in CGCS2000, which is WGS 84 at this scale; Amap is in GCJ-02: its tiles are moved
        in the page, for every view anew, and never the data.

    Raises
    ------
    InputError
        For a basemap that is not there, a key that is missing, needless or no key.
    """
    known = _known()
    if name not in known:
        raise InputError(
            f"there is no basemap {name!r}", fix=f"one of: {', '.join(known)}", code="basemap"
        )
    entry = known[name]
    given = _key(name, entry.get("key_env", ""), key)
    subs = tuple(entry.get("sub_hosts", ()))
    return Basemap(
        name=name,
        title=Text(**entry["title"]),
        attribution=Text(**entry["attribution"]),
        address=tuple(one.replace("{key}", given) for one in entry["address"]),
        hosts=tuple(entry["host"].replace("{s}", s) for s in subs or ("",)),
        system=entry["system"],
        sub_hosts=subs,
        max_zoom=entry["max_zoom"],
    )


def checked_basemap(asked: Basemap) -> Basemap:
    """Return `asked` if every address leads to its hosts, and to no other.

    Raises
    ------
    RenderError
        For an address or a system that the page could not draw.
    """
    named = {checked_host(host) for host in asked.hosts}
    reached = set()
    for address in asked.address:
        found = _ORIGIN.match(address)
        if not found or not {"{x}", "{y}", "{z}"} <= set(re.findall(r"\{\w\}", address)):
            raise RenderError(
                f"the basemap {asked.name!r} has no tile address: {address[:80]!r}",
                fix="give https://host/... with {z}, {x} and {y}",
                code="basemap_address",
            )
        subs = asked.sub_hosts if "{s}" in found[1] else ("",)
        reached |= {found[1].replace("{s}", s) for s in subs}
    if not named or reached != named:
        odd = sorted(reached ^ named) or ["none"]
        raise RenderError(
            f"the basemap {asked.name!r} names other hosts than its addresses: {odd[0]}",
            fix="list exactly the origins of its addresses in hosts",
            code="basemap_host",
        )
    if asked.system not in SYSTEMS:
        raise RenderError(
            f"the page does not know the coordinates {asked.system!r} of the basemap {asked.name!r}",
            fix=f"one of: {', '.join(SYSTEMS)}",
            code="basemap_system",
        )
    return asked


def online_mark(asked: Basemap) -> Text:
    """Return what a page with a basemap says of itself."""
    names = [host.partition("://")[2] for host in asked.hosts]
    domains = sorted({one.partition(".")[2] if len(names) > 1 else one for one in names})
    return both("basemap.online_mark", hosts=", ".join(domains))


@functools.cache
def _known() -> dict[str, dict[str, Any]]:
    file = importlib.resources.files("renewal_geo.maps") / "assets" / "basemaps.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _key(name: str, variable: str, key: str | None) -> str:
    """Return the key of a basemap, empty for one that wants none."""
    if not variable:
        if key:
            raise InputError(
                f"the basemap {name!r} takes no key", fix="leave it out", code="basemap_key"
            )
        return ""
    given = key or os.environ.get(variable, "")
    if not given:
        raise InputError(
            f"the basemap {name!r} needs a key",
            fix=f"set the environment variable {variable}, or give key=",
            code="basemap_key",
        )
    if not _KEY.fullmatch(given):
        raise InputError(
            f"the key of the basemap {name!r} is not made of letters and digits",
            fix="copy it from the owner's page, without blanks",
            code="basemap_key",
        )
    return given
