"""The page is one file, asks nobody for anything, gives nothing away, and says what it holds."""

import dataclasses
import hashlib
import io
import json
import re

import folium
import folium.plugins
import pytest

from renewal_geo.foundation.errors import RenderError
from renewal_geo.maps import Page, assert_self_contained, interactive, zone_map, zone_spec
from renewal_geo.maps.page.foreign import mark
from renewal_geo.maps.page.policy import digest

DATA = re.compile(r'(<script type="[\w/-]+" id="spec">)(.*?)(</script>)', re.DOTALL)
SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


@pytest.fixture(scope="module")
def page(drawn):
    return zone_map(drawn.delineation())


def test_the_page_is_a_folium_map_and_leaves_folium_alone(drawn):
    def stock():
        made = folium.Map(location=[22.7, 114.2])
        folium.Marker([22.7, 114.2], popup="a").add_to(made)
        made._id, text = "m", made.get_root().render()
        return re.sub(r"[0-9a-f]{32}", "id", text)

    before = stock()
    page = interactive(zone_spec(drawn.delineation()))
    folium.Circle([22.7, 114.2]).add_to(page)
    page.html(allow_foreign=True)
    assert isinstance(page, folium.Map)
    assert isinstance(page, Page)
    assert page.default_js == page.default_css == []
    assert stock() == before
    assert "leaflet.js" in before


def test_the_same_delineation_gives_the_same_bytes(drawn, tmp_path):
    first, second = tmp_path / "a.html", tmp_path / "b.html"
    zone_map(drawn.delineation()).save(first)
    zone_map(drawn.delineation()).save(str(second))
    assert first.read_bytes() == second.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.html", "b.html"]


def test_root_and_notebook_show_the_same_page(page):
    assert page.get_root().render() == page.html()
    shown = page._repr_html_()
    assert "srcdoc=" in shown
    assert "cdn." not in shown


def test_scripts_are_the_static_ones_that_the_policy_names(drawn, page):
    text, other = page.html(), zone_map(drawn.without_answer(), lang="en").html()
    assert SCRIPT.findall(text) == SCRIPT.findall(other)
    rules = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]
    assert re.search(r"script-src ([^;]+);", rules)[1] == " ".join(
        map(digest, SCRIPT.findall(text))
    )
    assert "unsafe" not in rules
    assert rules in other


def test_no_attribute_of_the_page_names_a_host(drawn):
    page = zone_map(drawn.delineation(hostile=True), source="https://example.org").html()
    assert_self_contained(page)
    assert not re.search(r"""(?:src|href)\s*=\s*["']?\s*(?:https?:)?//""", page)


def test_payloads_stay_inside_the_data_block(drawn, unpacked):
    page = zone_map(
        drawn.delineation(hostile=True, names=drawn.PAYLOADS[:2]),
        title=drawn.PAYLOADS[1], source=drawn.PAYLOADS[0], notes=drawn.PAYLOADS, review_no=drawn.PAYLOADS[5],
        columns=["land_use"],
    ).html()  # fmt: skip
    plain = zone_map(drawn.delineation()).html()
    for text in drawn.PAYLOADS:
        assert text not in page.replace("&quot;", '"')
    assert page.count("<script") == plain.count("<script")
    assert unpacked.unpacked(unpacked.block_of(page))["title"]["zh"] == drawn.PAYLOADS[1]


def test_hidden_columns_are_nowhere_in_the_file(drawn, page, unpacked):
    text = page.html()
    block = unpacked.block_of(text)
    assert "440307-00" in unpacked.everything(block)
    assert drawn.HIDDEN not in DATA.sub("", text) + unpacked.everything(block)
    assert drawn.HIDDEN.encode() not in unpacked.inflated(block)


def test_figures_in_the_page_are_those_of_the_table(drawn, unpacked):
    d = drawn.delineation()
    held = unpacked.unpacked(unpacked.block_of(zone_map(d).html()))
    parcels = next(one for one in held["layers"] if one["name"] == "parcels")
    columns = {one["name"]: one for one in parcels["columns"]}
    assert columns["parcel_id"]["texts"] == d.parcels.index.tolist()
    assert columns["area_m2"]["numbers"] == d.parcels["area_m2"].round(0).tolist()
    assert columns["share_legal"]["numbers"] == d.parcels["share_legal"].round(3).tolist()


def test_foreign_folium_elements_are_refused(drawn):
    page = zone_map(drawn.delineation())
    folium.Marker([22.7, 114.2]).add_to(page)
    with pytest.raises(RenderError, match="Marker") as caught:
        page.html()
    assert "allow_foreign" in caught.value.fix
    with pytest.raises(RenderError, match="Marker"):
        page._repr_html_()


def test_a_failed_save_leaves_the_old_file_whole(drawn, tmp_path):
    file = tmp_path / "zones.html"
    file.write_text("old", encoding="utf-8")
    page = zone_map(drawn.delineation())
    folium.Marker([22.7, 114.2]).add_to(page)
    with pytest.raises(RenderError):
        page.save(file)
    assert [p.name for p in tmp_path.iterdir()] == ["zones.html"]
    assert file.read_text(encoding="utf-8") == "old"
    assert page.report is None


def test_the_report_says_what_was_written(page, tmp_path, unpacked):
    report = page.save(tmp_path / "zones.html")
    content = (tmp_path / "zones.html").read_bytes()
    assert report is page.report
    assert report.path == tmp_path / "zones.html"
    assert report.bytes == len(content)
    assert report.sha256 == hashlib.sha256(content).hexdigest()
    assert report.edition == "internal"
    assert report.hosts == ()
    assert f'content="{report.policy}"'.encode() in content
    assert report.features["parcels"] == 30
    assert "parcel_id" in report.columns["parcels"]
    assert "owner" not in report.columns["parcels"]
    held = {
        one["name"]: one for one in unpacked.unpacked(unpacked.block_of(content.decode()))["layers"]
    }
    assert sorted(report.columns) == sorted(held)
    for name, columns in report.columns.items():
        assert {one["name"] for one in held[name]["columns"]} <= set(columns)
    assert str(report).endswith("asks no host")


def test_an_open_file_is_written_too(page):
    class Kept(io.BytesIO):
        def close(self):
            self.kept = self.getvalue()
            super().close()

    raw, kept = io.BytesIO(), Kept()
    report = page.save(raw, close_file=False)
    assert raw.getvalue() == page.html().encode()
    assert report.path is None
    page.save(kept)
    assert kept.closed
    assert kept.kept == raw.getvalue()


def test_a_page_that_is_too_large_is_refused(drawn, tmp_path):
    spec = zone_spec(drawn.delineation())
    size = interactive(spec).save(tmp_path / "a.html").bytes
    assert interactive(spec, max_mb=size / 1e6).save(tmp_path / "a.html").bytes == size
    with pytest.raises(RenderError, match=rf"would be {size / 1e6:.2f} MB, more than the 0\.1 MB"):
        interactive(spec, max_mb=0.1).save(tmp_path / "b.html")
    assert not (tmp_path / "b.html").exists()


def circle(drawn, **options):
    page = zone_map(drawn.delineation(), **options)
    folium.Circle([22.7, 114.2], radius=50, tooltip=None).add_to(page)
    return page


def test_an_unprotected_page_says_so_and_keeps_the_parts_of_others(drawn, tmp_path, unpacked):
    page = circle(drawn)
    report = page.save(tmp_path / "a.html", allow_foreign=True)
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert report.policy == ""
    assert report.hosts == ()
    assert "unprotected" in str(report)
    assert "Content-Security-Policy" not in text
    assert mark().zh in text
    assert mark().en in text
    assert unpacked.unpacked(unpacked.block_of(text))["marks"] == [
        {"zh": mark().zh, "en": mark().en}
    ]
    assert "L.circle(" in json.loads(re.search(r'id="foreign">(.*?)</script>', text, re.DOTALL)[1])
    assert page.html(allow_foreign=True) == text
    with pytest.raises(RenderError):
        page.html()


def test_a_page_without_parts_of_others_stays_protected(page, tmp_path):
    assert page.save(tmp_path / "a.html", allow_foreign=True).policy
    assert page.html(allow_foreign=True) == page.html()


def test_a_public_edition_takes_no_parts_of_others(drawn, tmp_path):
    page = circle(drawn, edition="public")
    with pytest.raises(RenderError, match="public"):
        page.save(tmp_path / "a.html", allow_foreign=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("made", "hosts"),
    [
        (lambda: folium.Circle([22.7, 114.2]), []),
        (lambda: folium.FeatureGroup("a"), []),
        (lambda: folium.Marker([22.7, 114.2]), []),
        (lambda: folium.GeoJson({"type": "Point", "coordinates": [114.2, 22.7]}), []),
        (lambda: folium.Marker([22.7, 114.2], popup="a"), ["code.jquery.com"]),
        (
            lambda: folium.Marker([22.7, 114.2], icon=folium.Icon()),
            ["cdn.jsdelivr.net", "cdnjs.cloudflare.com", "netdna.bootstrapcdn.com"],
        ),
        (folium.TileLayer, ["tile.openstreetmap.org"]),
        (
            lambda: folium.TileLayer("https://{s}.tiles.example/{z}/{x}/{y}.png", attr="a"),
            ["{s}.tiles.example"],
        ),
        (folium.plugins.MiniMap, ["cdnjs.cloudflare.com", "tile.openstreetmap.org"]),
    ],
)
def test_the_report_lists_whom_the_parts_of_others_would_ask(drawn, tmp_path, made, hosts):
    page = zone_map(drawn.delineation())
    made().add_to(page)
    report = page.save(tmp_path / "a.html", allow_foreign=True)
    assert list(report.hosts) == hosts
    assert page.get_root().header._children.keys() == {"meta_http"}


def test_scripts_of_others_cannot_leave_their_block(drawn):
    page = zone_map(drawn.delineation())
    folium.GeoJson({"type": "Point", "coordinates": [114.2, 22.7], "a": drawn.PAYLOADS[1]}).add_to(
        page
    )
    text = page.html(allow_foreign=True)
    assert drawn.PAYLOADS[1] not in text


def test_texts_that_pandas_takes_for_one_stay_two(pages, unpacked):
    """As objects, pandas reads texts up to a NUL, and stumbles over halves of surrogate pairs."""
    spec = pages.everything(lambda place: f"a\x00b\ud800 {place}")
    held = unpacked.unpacked(unpacked.block_of(interactive(spec).html()))
    layer = next(one for one in held["layers"] if one["name"] == "parcels")
    column = next(one for one in layer["columns"] if one["name"] == "parcel")
    assert column["texts"] == [f"ab? cell parcel {k}" for k in range(12)]


def test_what_nobody_released_is_not_called_public(drawn):
    internal = zone_spec(drawn.delineation())
    with pytest.raises(RenderError) as caught:
        interactive(dataclasses.replace(internal, edition="public")).html()
    assert caught.value.code == "not_released"
