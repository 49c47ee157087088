"""Online basemaps: only for who asks, only their own hosts, and no key in a public file."""

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

from renewal_geo.foundation.errors import InputError, RenderError
from renewal_geo.maps import basemap, interactive
from renewal_geo.maps.page.basemaps import checked_basemap
from renewal_geo.maps.page.policy import assert_self_contained
from renewal_geo.maps.spec import Basemap, LayerSpec, MapClass, MapSpec, same

KEY = "0123456789abcdef0123456789abcdef"
OWN = Basemap(
    "own",
    same("Own"),
    same("© us"),
    ("http://10.1.2.3:8080/{z}/{x}/{y}.png",),
    ("http://10.1.2.3:8080",),
)


def spec(asked=None, edition="internal"):
    layer = LayerSpec(
        "parcels", same("Parcels"), "polygon", gpd.GeoSeries([box(5e5, 2.51e6, 5e5 + 100, 2.51e6 + 100)], crs="EPSG:4547"),
        (MapClass("a", same("A"), "#0072b2"),), np.zeros(1, dtype=np.int32), (), pd.DataFrame(index=range(1)),
    )  # fmt: skip
    return MapSpec(
        same("Map"), same(""), "zh", edition, None, "EPSG:4547", "", "", (), (layer,), basemap=asked
    )


def test_no_page_has_a_basemap_by_default():
    page = interactive(spec()).html()
    assert "img-src data: blob:;" in page
    assert "tianditu.gov" not in page


@pytest.mark.parametrize(
    ("name", "hosts", "system"),
    [
        ("tianditu", [f"https://t{k}.tianditu.gov.cn" for k in range(8)], "WGS84"),
        ("tianditu_img", [f"https://t{k}.tianditu.gov.cn" for k in range(8)], "WGS84"),
        ("amap", [f"https://webrd0{k}.is.autonavi.com" for k in range(1, 5)], "GCJ-02"),
        ("osm", ["https://tile.openstreetmap.org"], "WGS84"),
    ],
)
def test_a_basemap_adds_its_hosts_for_pictures_and_nothing_else(
    tmp_path, monkeypatch, name, hosts, system
):
    monkeypatch.setenv("TIANDITU_KEY", KEY)
    asked = basemap(name)
    assert list(asked.hosts) == hosts
    assert asked.system == system
    plain, page = interactive(spec()), interactive(spec(asked))
    text = page.html()
    rules = page.save(tmp_path / "a.html").policy
    assert rules.replace(f" {' '.join(hosts)}", "", 1) == plain.save(tmp_path / "b.html").policy
    assert f"img-src data: blob: {' '.join(hosts)};" in rules
    assert list(page.report.hosts) == [host.removeprefix("https://") for host in hosts]
    assert_self_contained(text, hosts)
    with pytest.raises(RenderError):
        assert_self_contained(text)


def test_tianditu_draws_ground_and_names_with_the_key_of_its_user(monkeypatch):
    monkeypatch.delenv("TIANDITU_KEY", raising=False)
    with pytest.raises(InputError, match="TIANDITU_KEY"):
        basemap("tianditu")
    given = basemap("tianditu", key=KEY)
    assert [address.count(f"&tk={KEY}") for address in given.address] == [1, 1]
    assert "LAYER=vec&" in given.address[0]
    assert "LAYER=cva&" in given.address[1]
    assert "{key}" not in "".join(given.address)
    monkeypatch.setenv("TIANDITU_KEY", KEY)
    assert basemap("tianditu") == given


@pytest.mark.parametrize(
    "key", ["short", "with blank 0123456", "a&script=1&b=00000", "{x}00000000", 'a"><script>0000']
)
def test_what_is_no_key_is_refused(key):
    with pytest.raises(InputError, match="letters and digits"):
        basemap("tianditu", key=key)


def test_names_and_needless_keys():
    with pytest.raises(InputError, match="no basemap 'baidu'") as caught:
        basemap("baidu")
    assert "tianditu" in caught.value.fix
    with pytest.raises(InputError, match="takes no key"):
        basemap("osm", key=KEY)


def test_a_public_page_refuses_a_key_that_everyone_could_read(tmp_path):
    page = interactive(spec(basemap("tianditu", key=KEY), "public"))
    with pytest.raises(InputError, match="key"):
        page.save(tmp_path / "a.html")
    assert list(tmp_path.iterdir()) == []
    interactive(spec(basemap("osm"), "public")).save(tmp_path / "a.html")


def test_a_basemap_of_ones_own_house(tmp_path):
    report = interactive(spec(OWN)).save(tmp_path / "a.html")
    assert report.hosts == ("10.1.2.3:8080",)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"hosts": ("https://elsewhere.example",)}, "other hosts"),
        ({"hosts": (*OWN.hosts, "https://elsewhere.example")}, "elsewhere"),
        ({"hosts": ()}, "other hosts"),
        ({"hosts": ("http://10.1.2.3:8080; script-src *",)}, "origin"),
        ({"address": ("http://10.1.2.3:8080/{z}/{x}.png",)}, "tile address"),
        ({"address": ("javascript:{x}{y}{z}",)}, "tile address"),
        (
            {"address": ("http://{s}.example/{z}/{x}/{y}.png",), "sub_hosts": ("a", "b")},
            "other hosts",
        ),
        ({"address": ()}, "other hosts"),
        ({"system": "BD-09"}, "BD-09"),
    ],
)
def test_an_address_leads_to_the_hosts_that_are_named(change, said):
    assert checked_basemap(OWN) == OWN
    odd = dataclasses.replace(OWN, **change)
    with pytest.raises(RenderError, match=said):
        interactive(spec(odd)).html()
