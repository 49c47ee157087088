"""What a page may do: a Content-Security-Policy by hashes, and a reader that trusts nobody.

The policy is written from code that stands in the package, before any data goes in; so a script
that data smuggled in could never be among its hashes. :func:`assert_self_contained` knows nothing
of how a page was made: it reads the finished text and refuses what could ask a host for anything.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from html.parser import HTMLParser

from renewal_geo.foundation.errors import RenderError

# the types under which a script element holds data: no browser runs any of them
DATA_TYPES = {"application/json", "application/octet-stream", "text/plain"}
LOADING_ATTRIBUTES = {
    "src", "href", "srcset", "imagesrcset", "data", "poster", "action", "formaction", "background",
    "xlink:href", "manifest", "ping", "cite", "longdesc", "codebase", "archive", "classid", "profile", "usemap",
    "lowsrc", "dynsrc", "icon", "from", "to", "values",
}  # fmt: skip
FOREIGN_TAGS = {
    "iframe",
    "frame",
    "object",
    "embed",
    "applet",
    "base",
    "link",
    "portal",
    "template",
    "audio",
    "video",
}
FIXED = {
    "default-src": {"'none'"},
    "font-src": {"data:"},
    "base-uri": {"'none'"},
    "form-action": {"'none'"},
}
PICTURES = {"data:", "blob:"}
_DIGEST = re.compile(r"'sha256-[A-Za-z0-9+/]{43}='")
_HOST = re.compile(
    r"https?://(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?::\d{1,5})?"
)
_LOCAL = re.compile(r"#|data:|about:srcdoc$|$", re.IGNORECASE)
_STYLE_URL = re.compile(r"url\(\s*['\"]?\s*([^)'\"]*)", re.IGNORECASE)


def digest(text: str) -> str:
    """Return the source expression that allows exactly this inline script or style.

    >>> digest("let a=1;")
    "'sha256-gzFfZBIOk0YYiNwv7EJGnTMpkU7Qc/ffONYxBxCjmDA='"
    """
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def policy(scripts: Iterable[str], styles: Iterable[str], hosts: Iterable[str] = ()) -> str:
    """Return a Content-Security-Policy: exactly these scripts and styles, and no connection.

    Parameters
    ----------
    scripts, styles
        The static code of the page, before any data is in it.
    hosts
        Origins that pictures may come from, such as ``https://t0.tianditu.gov.cn``; none by default.

    Raises
    ------
    RenderError
        For something that is no origin: it could add words of its own to the policy.
    """
    pictures = " ".join(["data:", "blob:", *map(checked_host, hosts)])
    return (
        f"default-src 'none'; script-src {' '.join(map(digest, scripts))}; "
        f"style-src {' '.join(map(digest, styles))}; img-src {pictures}; font-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def checked_host(host: str) -> str:
    """Return `host` if it is an origin (scheme, name, port) and nothing else.

    Raises
    ------
    RenderError
        Where it is not.
    """
    if not _HOST.fullmatch(host):
        raise RenderError(
            f"{host!r} is not the origin of a host",
            fix="give scheme and name only, such as https://t0.tianditu.gov.cn",
            code="basemap_host",
        )
    return host


def assert_self_contained(page: str, hosts: Iterable[str] = ()) -> None:
    """Refuse a page that could ask a host for anything, or run a script that is not in its policy.

    Parameters
    ----------
    page
        The HTML text.
    hosts
        Origins that the user of an online basemap has allowed, for pictures only.

    Raises
    ------
    RenderError
        Naming the first element that breaks the promise.
    """
    reader = _Reader()
    reader.feed(page)
    reader.close()
    if reader.inside:
        reader.faults.append(f"a {reader.inside} without an end")
    faults = [*reader.faults, *_policy_faults(reader, set(hosts))]
    if faults:
        raise RenderError(
            f"the page would not be self-contained: {faults[0]}",
            fix="keep addresses and scripts of others out of the page",
            code="not_self_contained",
        )


def _policy_faults(reader: _Reader, hosts: set[str]) -> list[str]:
    if len(reader.policies) != 1:
        found = "no" if not reader.policies else "more than one"
        return [f"{found} Content-Security-Policy"]
    allowed: dict[str, set[str]] = {}
    for part in filter(None, map(str.split, reader.policies[0].split(";"))):
        if part[0] in allowed:
            return [f"the policy says {part[0]} twice"]
        allowed[part[0]] = set(part[1:])
    faults = [
        f"the policy's {name} is not {' '.join(sorted(what))}"
        for name, what in FIXED.items()
        if allowed.pop(name, None) != what
    ]
    pictures = allowed.pop("img-src", set())
    if pictures != PICTURES | hosts:
        odd = sorted(pictures ^ (PICTURES | hosts))
        faults.append(f"the policy's pictures are not those that were asked for: {odd[0]}")
    for name, texts in (("script-src", reader.scripts), ("style-src", reader.styles)):
        named = allowed.pop(name, set())
        faults += [
            f"the policy's {name} allows {one}"
            for one in sorted(named)
            if not _DIGEST.fullmatch(one)
        ]
        kind = name.removesuffix("-src")
        faults += [
            f"a {kind} that the policy does not name: {t[:60]!r}"
            for t in texts
            if digest(t) not in named
        ]
        faults += (
            [f"the policy names a {kind} that is not there"]
            if named - set(map(digest, texts))
            else []
        )
    return faults + [f"the policy says {name}" for name in allowed]


class _Reader(HTMLParser):
    """Collects scripts, styles, policies, and everything that could load from elsewhere."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.policies: list[str] = []
        self.inside = ""
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        for name, value in named.items():
            self._check_attribute(tag, name, value)
        if tag in FOREIGN_TAGS:
            self.faults.append(f"<{tag}>")
        if tag == "meta":
            self._check_meta(named)
        runs = named.get("type", "").strip().lower() not in DATA_TYPES
        if tag == "style" or (tag == "script" and runs):
            if not self.policies:
                self.faults.append(f"a {tag} before the policy")
            self.inside, self._text = tag, []

    def handle_data(self, data: str) -> None:
        if self.inside:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag != self.inside:
            return
        text = "".join(self._text)
        if tag == "script":
            self.scripts.append(text)
        else:
            self.styles.append(text)
            self._check_style(text)
        self.inside = ""

    def _check_attribute(self, tag: str, name: str, value: str) -> None:
        if name in LOADING_ATTRIBUTES and not _LOCAL.match(value.strip()):
            self.faults.append(f"<{tag} {name}={value[:80]!r}>")
        if name.startswith("on"):
            self.faults.append(f"<{tag} {name}=...> would run a script")
        if name in {"style", "srcdoc"}:
            self.faults.append(f"<{tag} {name}=...>, which the policy does not name")

    def _check_meta(self, named: dict[str, str]) -> None:
        kind = named.get("http-equiv", "").strip().lower()
        if kind == "content-security-policy":
            self.policies.append(named.get("content", ""))
        elif kind:
            self.faults.append(f"<meta http-equiv={kind}>")

    def _check_style(self, text: str) -> None:
        if "@import" in text.lower():
            self.faults.append("@import in a style")
        for address in _STYLE_URL.findall(text):
            if not _LOCAL.match(address.strip()):
                self.faults.append(f"url({address[:80]}) in a style")
