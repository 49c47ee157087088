"""The page's scripts: all of them are in it, none of them makes markup or code out of text."""

import importlib.resources
import re

import pytest

from renewal_geo.maps.page.parts import SCRIPTS, STYLES, asset, own_script, own_style

FORBIDDEN = {
    "markup from text": r"(?:inner|outer)HTML\s*\+?=(?!=)|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment",
    "code from text": r"\beval\(|new Function|setTimeout\(\s*[\"'`]|javascript:",
    "inline handlers": r"\.setAttribute\(\s*[\"']on",
    "the network": r"\bfetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts",
    "syntax that browsers of 2019 do not know": r"\?\.(?!\d)|\?\?|\|\|=|&&=|^\s*import\s|\bawait\b(?!ed)|#[a-z]+\s*=\s",
}


def test_every_file_is_in_the_page_once():
    folder = importlib.resources.files("renewal_geo.maps") / "assets" / "page"
    files = {one.name for one in folder.iterdir()}
    assert files == {f"{name}.js" for name in SCRIPTS} | {f"{name}.css" for name in STYLES}
    assert len(set(SCRIPTS)) == len(SCRIPTS)
    assert SCRIPTS[-1] == "frame"
    bare = [line.strip() for line in own_script().splitlines()]
    wanted = [line.strip() for name in SCRIPTS for line in asset(f"page/{name}.js").splitlines()]
    begin = bare.index('"use strict";') + 1
    wanted = [line for line in wanted if line and not line.startswith("//")]
    assert [line for line in bare[begin:] if line][:-1] == wanted
    assert "@import" not in own_style()


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_script_makes_use_of(name, what):
    code = re.sub(r"//.*|\"(?:[^\"\\]|\\.)*\"", "", asset(f"page/{name}.js"))
    assert re.findall(FORBIDDEN[what], code, re.MULTILINE) == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_text_runs_over_lines(name):
    assert all(line.count("`") % 2 == 0 for line in asset(f"page/{name}.js").splitlines())


def test_no_script_ends_its_element():
    assert not re.search(r"</script|<!--", own_script(), re.IGNORECASE)
