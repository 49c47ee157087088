"""The policy of a page, and the independent reader of what a page could do."""

import base64
import hashlib
import importlib.resources
import re
import tomllib

import pytest

from renewal_geo.foundation.errors import RenderError
from renewal_geo.maps.page.parts import SCRIPTS, asset
from renewal_geo.maps.page.policy import assert_self_contained, digest, policy

SCRIPT, STYLE, HOST = "let a=1;", "p{color:red}", "https://t0.tianditu.gov.cn"


def page(rules=None, before="", after="", script=SCRIPT, style=STYLE):
    rules = policy((SCRIPT,), (STYLE,)) if rules is None else rules
    meta = f'<meta http-equiv="Content-Security-Policy" content="{rules}">'
    return f"<!DOCTYPE html>{before}{meta}<style>{style}</style><script>{script}</script>{after}"


def test_vendored_code_is_what_the_manifest_says():
    assets = importlib.resources.files("renewal_geo.maps") / "assets"
    manifest = tomllib.loads((assets / "manifest.toml").read_text(encoding="utf-8"))
    for entry in manifest["vendored"]:
        for name, wanted in entry["sha256"].items():
            content = assets.joinpath(*name.split("/")).read_bytes()
            assert hashlib.sha256(content).hexdigest() == wanted, name


def test_a_policy_names_code_by_its_hash_and_nothing_else():
    wanted = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    assert digest(SCRIPT) == f"'sha256-{wanted}'"
    rules = policy((SCRIPT, "b"), (STYLE,))
    assert f"script-src 'sha256-{wanted}' {digest('b')};" in rules
    assert "unsafe" not in rules
    assert "connect-src" not in rules
    assert "http" not in rules


def test_a_host_is_allowed_for_pictures_only():
    rules = policy((SCRIPT,), (STYLE,), [HOST])
    assert f"img-src data: blob: {HOST};" in rules
    assert rules.count("http") == 1
    assert_self_contained(page(rules), [HOST])
    with pytest.raises(RenderError, match="tianditu"):
        assert_self_contained(page(rules))
    with pytest.raises(RenderError, match="tianditu"):
        assert_self_contained(page(), [HOST])


@pytest.mark.parametrize(
    "host",
    [
        "https://a.example; script-src *", "https://a.example 'unsafe-inline'", "https:", "*", "https://*.example.org",
        "https://a.example/path", "data:", "javascript:1", "ftp://a.example", 'https://a.example"><script>', "",
        "https://a.example\n", "//a.example", "https://a..example",
    ],
)  # fmt: skip
def test_what_is_no_origin_never_reaches_a_policy(host):
    with pytest.raises(RenderError, match="not the origin"):
        policy((SCRIPT,), (STYLE,), [host])


@pytest.mark.parametrize(
    "host", ["http://10.1.2.3:8080", "https://tile.openstreetmap.org", "http://localhost:80"]
)
def test_hosts_of_an_intranet_are_origins(host):
    assert host in policy((SCRIPT,), (STYLE,), [host])


BAD = [
    '<script src="https://cdn.example/x.js"></script>',
    '<link rel="stylesheet" href="//cdn.example/x.css">',
    '<img src="http://example.org/t.png">',
    "<img srcset='x.png 2x'>",
    "<style>a{background:url(https://example.org/x.png)}</style>",
    "<style>@import 'x.css';</style>",
    "<style>p{color:blue}</style>",
    '<div style="background:url(x.png)"></div>',
    '<div style="color:red"></div>',
    '<img alt="" onerror="alert(1)">',
    "<script>alert(1)</script>",
    "<script type=module>alert(1)</script>",
    '<script type="text/javascript;version=1">alert(1)</script>',
    '<script type="importmap">{"imports":{}}</script>',
    '<script type="speculationrules">{}</script>',
    "<script>let b=1;",
    '<iframe srcdoc=""></iframe>',
    "<object data='x'></object>",
    '<base href="https://example.org">',
    '<a href="https://example.org">out</a>',
    '<a href="javascript:alert(1)">in</a>',
    '<svg><use xlink:href="x.svg#a"/></svg>',
    '<meta http-equiv="refresh" content="0; url=https://example.org">',
    '<meta http-equiv="Content-Security-Policy" content="default-src *">',
    '<form action="https://example.org"></form>',
    "<video poster=x></video>",
]


@pytest.mark.parametrize("bad", BAD)
def test_the_reader_sees(bad):
    assert_self_contained(page())
    with pytest.raises(RenderError, match=r"self-contained") as caught:
        assert_self_contained(page(after=bad))
    assert caught.value.code == "not_self_contained"


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("", "default-src"),
        (
            policy((SCRIPT,), (STYLE,)).replace("default-src 'none'", "default-src 'self'"),
            "default-src",
        ),
        (
            policy((SCRIPT,), (STYLE,)).replace("script-src", "script-src 'unsafe-inline'"),
            "unsafe-inline",
        ),
        (
            policy((SCRIPT,), (STYLE,)).replace("style-src", "style-src 'unsafe-inline'"),
            "unsafe-inline",
        ),
        (
            policy((SCRIPT,), (STYLE,)).replace("script-src", "script-src https://a.example"),
            "a.example",
        ),
        (policy((SCRIPT,), (STYLE,)) + "; connect-src https://a.example", "connect-src"),
        (policy((SCRIPT,), (STYLE,)) + "; script-src 'self'", "twice"),
        (policy((SCRIPT,), (STYLE,)).replace("img-src", "img-src *"), r"\*"),
        (policy((SCRIPT,), (STYLE,)).replace("; form-action 'none'", ""), "form-action"),
        (policy((SCRIPT, "other"), (STYLE,)), "not there"),
        (policy((), (STYLE,)), "a script"),
        (policy((SCRIPT,), ()), "a style"),
    ],
)
def test_the_reader_sees_a_weak_policy(rules, said):
    with pytest.raises(RenderError, match=said):
        assert_self_contained(page(rules))


def test_the_reader_wants_a_policy_and_wants_it_first():
    with pytest.raises(RenderError, match="no Content-Security-Policy"):
        assert_self_contained("<p>hello</p>")
    with pytest.raises(RenderError, match="before the policy"):
        assert_self_contained(page(before=f"<script>{SCRIPT}</script>"))


def test_data_may_stand_in_a_block_that_no_browser_runs():
    assert_self_contained(page(after='<script type="application/json">{"a":1}</script>'))
    assert_self_contained(page(after='<script type="text/plain">AAAA</script>'))


SINKS = re.compile(
    r"(inner|outer)HTML\s*\+?=[^=]|insertAdjacentHTML|document\.write|\beval\(|new Function|cssText|createContextualFragment|"
    r"setAttribute\(\s*[\"'](style|on)|\bon(click|error|load)\s*=|srcdoc|bindPopup|bindTooltip|javascript:|https?://(?!www\.w3\.org/)"
)


def test_no_script_of_ours_turns_text_into_markup_or_names_a_host():
    for name in SCRIPTS:
        found = [
            line
            for line in asset(f"page/{name}.js").splitlines()
            if SINKS.search(line.partition("//  ")[0])
        ]
        assert found == [], name
    assert SINKS.search('node.innerHTML = "<b>";')
