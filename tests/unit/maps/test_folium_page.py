"""The page is one file, asks nobody for anything, and gives nothing away."""

import hashlib
import importlib.resources
import json
import re
import tomllib

import folium
import pytest

from renewal_geo.foundation.errors import RenderError
from renewal_geo.maps import assert_self_contained, zone_map
from renewal_geo.maps.folium_page import policy

DATA = re.compile(r'<script type="application/json" id="spec">(.*?)</script>', re.DOTALL)


def data_of(page):
    return json.loads(DATA.search(page)[1])


def test_vendored_code_is_what_the_manifest_says():
    assets = importlib.resources.files("renewal_geo.maps") / "assets"
    manifest = tomllib.loads((assets / "manifest.toml").read_text(encoding="utf-8"))
    for entry in manifest["vendored"]:
        for name, digest in entry["sha256"].items():
            content = assets.joinpath(*name.split("/")).read_bytes()
            assert hashlib.sha256(content).hexdigest() == digest, name


def test_the_page_is_a_folium_map_and_leaves_folium_alone(drawn):
    before = list(folium.Map.default_js), list(folium.Map.default_css)
    page = zone_map(drawn.delineation())
    assert isinstance(page, folium.Map)
    assert page.default_js == []
    assert (list(folium.Map.default_js), list(folium.Map.default_css)) == before
    assert "leaflet.js" in folium.Map(tiles=None).get_root().render()


def test_the_same_delineation_gives_the_same_bytes(drawn, tmp_path):
    first, second = tmp_path / "a.html", tmp_path / "b.html"
    zone_map(drawn.delineation()).save(first)
    zone_map(drawn.delineation()).save(str(second))
    assert first.read_bytes() == second.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.html", "b.html"]


def test_root_and_notebook_show_the_same_page(drawn):
    page = zone_map(drawn.delineation())
    assert page.get_root().render() == page.html()
    shown = page._repr_html_()
    assert "srcdoc=" in shown
    assert "cdn." not in shown


def test_no_attribute_of_the_page_names_a_host(drawn):
    page = zone_map(drawn.delineation(hostile=True), source="https://example.org").html()
    assert_self_contained(page)
    assert not re.search(r"""(?:src|href)\s*=\s*["']?\s*(?:https?:)?//""", page)


def test_payloads_stay_inside_the_data_block(drawn):
    page = zone_map(
        drawn.delineation(hostile=True, names=drawn.PAYLOADS[:2]),
        title=drawn.PAYLOADS[1],
        source=drawn.PAYLOADS[0],
        notes=drawn.PAYLOADS,
        review_no=drawn.PAYLOADS[5],
        columns=["land_use"],
    ).html()
    outside = DATA.sub("", page)
    for text in drawn.PAYLOADS[:1] + drawn.PAYLOADS[2:]:
        assert text not in outside
    assert page.count("<script") == 3
    assert data_of(page)["title"]["zh"] == drawn.PAYLOADS[1]


def test_hidden_columns_are_nowhere_in_the_file(drawn):
    assert drawn.HIDDEN not in zone_map(drawn.delineation()).html()


def test_figures_in_the_page_are_those_of_the_table(drawn):
    d = drawn.delineation()
    parcels = next(one for one in data_of(zone_map(d).html())["layers"] if one["name"] == "parcels")
    columns = {c["name"]: c for c in parcels["columns"]}
    ids = [columns["parcel_id"]["words"][i] for i in columns["parcel_id"]["codes"]]
    assert ids == d.parcels.index.tolist()
    assert columns["area_m2"]["numbers"] == d.parcels["area_m2"].round(0).tolist()
    assert columns["share_legal"]["numbers"] == d.parcels["share_legal"].round(3).tolist()


def test_foreign_folium_elements_are_refused(drawn):
    page = zone_map(drawn.delineation())
    folium.Marker([22.7, 114.2]).add_to(page)
    with pytest.raises(RenderError, match="Marker"):
        page.html()


def test_a_failed_save_leaves_the_old_file_whole(drawn, tmp_path):
    file = tmp_path / "zones.html"
    file.write_text("old", encoding="utf-8")
    page = zone_map(drawn.delineation())
    folium.Marker([22.7, 114.2]).add_to(page)
    with pytest.raises(RenderError):
        page.save(file)
    assert [p.name for p in tmp_path.iterdir()] == ["zones.html"]
    assert file.read_text(encoding="utf-8") == "old"


GOOD = '<meta http-equiv="Content-Security-Policy" content="{}"><script>{}</script>'


@pytest.mark.parametrize(
    "bad",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<link rel="stylesheet" href="//cdn.example/x.css">',
        '<img src="http://example.org/t.png">',
        "<style>a{background:url(https://example.org/x.png)}</style>",
        "<style>@import 'x.css';</style>",
        '<div style="background:url(x.png)"></div>',
        '<img alt="" onerror="alert(1)">',
        "<script>alert(1)</script>",
        '<iframe srcdoc=""></iframe>',
        '<base href="https://example.org">',
        '<meta http-equiv="refresh" content="0; url=https://example.org">',
        '<form action="https://example.org"></form>',
    ],
)
def test_the_gate_sees(bad):
    good = GOOD.format(policy("let a=1;"), "let a=1;")
    assert_self_contained(good)
    with pytest.raises(RenderError, match="self-contained"):
        assert_self_contained(good + bad)


def test_the_gate_wants_a_policy():
    with pytest.raises(RenderError, match="Content-Security-Policy"):
        assert_self_contained("<p>hello</p>")
