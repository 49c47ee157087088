"""What leaves the house: only what was released, on the grid, and no figure of a few owners."""

import datetime as dt
import json
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import box

from renewal_geo.foundation.errors import InputError, RenewalError
from renewal_geo.maps import Page
from renewal_geo.maps.controls import (
    Bars,
    Compare,
    Deadlines,
    Gate,
    Timeline,
    Total,
    Wall,
    Where,
    total,
)
from renewal_geo.maps.public.editions import Told, public_spec
from renewal_geo.maps.spec import (
    Bar,
    Basemap,
    Fact,
    LayerSpec,
    MapClass,
    MapColumn,
    MapSpec,
    Panel,
    Scheme,
    Section,
    same,
)

CRS, EAST, NORTH = "EPSG:4547", 500_003.0, 2_510_004.0
HIDDEN = "机密-owner-4711"


def plots(columns=6, rows=4, size=47.0):
    """Plots side by side, off the grid: their edges are shared."""
    return gpd.GeoSeries(
        [box(EAST + size * c, NORTH + size * r, EAST + size * (c + 1), NORTH + size * (r + 1))
         for r in range(rows) for c in range(columns)],
        crs=CRS,
    )  # fmt: skip


def layer_of(geometry=None, *, classes=None, hidden=HIDDEN, **options):
    """A layer with every kind of thing that a layer may carry, and one hidden column."""
    geometry = plots() if geometry is None else geometry
    n = len(geometry)
    class_of = np.array([0] * (n - n // 3) + [1] * (n // 3)) if classes is None else classes
    values = pd.DataFrame(
        {
            "id": [f"{hidden}{i}" for i in range(n)],
            "street": ["平湖" if i % 2 else "坂田" for i in range(n)],
            "area_m2": [100.0 + i for i in range(n)],
            "due": pd.to_datetime(["2020-07-01"] * n),
            "holder": [hidden] * n,
        }
    )
    columns = (
        MapColumn("id", same("id")),
        MapColumn("street", same("street")),
        MapColumn("area_m2", same("area"), "number"),
        MapColumn("due", same("due"), "date"),
        MapColumn("holder", same("holder")),
    )
    made = LayerSpec(
        name="plots",
        title=same("plots"),
        kind="polygon",
        geometry=geometry,
        classes=(MapClass("in", same("in"), "#0072b2"), MapClass("out", same("out"), "#e69f00")),
        class_of=np.asarray(class_of, dtype=np.int32),
        columns=columns,
        values=values,
        captions=tuple(values["id"]),
        marks=tuple(values["holder"]),
        schemes=(
            Scheme("holder", same("h"), (MapClass(hidden, same(hidden), "#000000"),), np.zeros(n, np.int32)),
            Scheme("street", same("s"), (MapClass("a", same("坂田"), "#111111"), MapClass("b", same("平湖"), "#222222")),
                   np.arange(n, dtype=np.int32) % 2),
        ),
        area="area_m2",
        search=("id", "street"),
        filters=("holder", "street"),
    )  # fmt: skip
    return replace(made, **options)


def spec_of(*layers, **options):
    made = MapSpec(
        title=same("t"), subtitle=same(""), lang="zh", edition="internal",
        as_of=dt.date(2020, 6, 30), crs=CRS, source="", review_no="", notes=(),
        layers=layers or (layer_of(),), list_layer="plots",
    )  # fmt: skip
    return replace(made, **options)


def holds(everything, secret):
    """Whether a text is anywhere in it, plainly or as JSON writes it."""
    forms = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    return any(form in everything for form in forms)


def test_nothing_is_released_by_default():
    made = public_spec(spec_of()).layers[0]
    assert made.columns == ()
    assert list(made.values.columns) == []
    assert (made.search, made.filters, made.schemes, made.area) == ((), (), (), "")
    assert made.captions is None
    assert made.marks is None
    assert not made.popup
    assert len(made.geometry) == 24


def test_only_released_columns_stay_everywhere():
    layer = layer_of(public_columns=("street", "area_m2"))
    made = public_spec(spec_of(layer)).layers[0]
    assert [c.name for c in made.columns] == ["street", "area_m2"]
    assert (made.search, made.filters, made.area) == (("street",), ("street",), "area_m2")
    assert [one.name for one in made.schemes] == ["street"]
    assert made.captions is None


@pytest.mark.parametrize("merged", [False, True])
@pytest.mark.parametrize("seed", [1, 2])
def test_no_secret_is_in_the_bytes_of_the_file(seed, merged, unpacked):
    drawn = np.random.default_rng(seed).choice(list("钥密abcXYZ019<>&\"'\\/"), 18)
    secret = f"机密·{''.join(drawn)}"
    layer = layer_of(
        hidden=secret, public="merge" if merged else "keep", public_by=("street",) if merged else (),
        public_columns=("street",), owners=np.array([secret + str(i) for i in range(24)], dtype=object),
    )  # fmt: skip
    internal = spec_of(
        layer,
        facts=(Fact(same(secret), same(secret)),),
        panel=Panel(same("p"), same(secret), (Section("s", same(secret), same("")),)),
        deadlines=Deadlines(same("d"), "plots", "due", ("holder",)),
        totals=(Total("x", same(secret), "plots", where=(Where("holder", (secret,)),)),),
    )
    assert holds(unpacked.told(Page(internal).html()), secret)
    assert not holds(unpacked.told(Page(public_spec(internal)).html()), secret)


def test_rows_of_a_class_and_of_public_by_are_merged():
    layer = layer_of(
        public="merge", public_by=("street",), public_columns=("street", "area_m2", "id")
    )
    made = public_spec(spec_of(layer)).layers[0]
    assert made.class_of.tolist() == [0, 0, 1, 1]
    assert made.values["street"].tolist() == ["坂田", "平湖", "坂田", "平湖"]
    old = layer.values.groupby([layer.class_of, layer.values["street"]])["area_m2"]
    assert made.values["area_m2"].tolist() == old.sum().tolist()
    assert made.values["merged_count"].tolist() == old.size().tolist()
    assert "id" not in made.values  # it differs within a merged row
    assert [(c.count, c.area_m2) for c in made.classes] == [
        ((layer.class_of == k).sum(), layer.values["area_m2"][layer.class_of == k].sum())
        for k in (0, 1)
    ]
    assert made.area == ""  # the page would count shapes
    assert [one.name for one in made.schemes] == ["street"]


def test_merged_and_kept_shapes_lie_on_the_grid_and_still_fit():
    for public in ("merge", "keep"):
        made = public_spec(spec_of(layer_of(public=public)), grid_m=20.0).layers[0]
        xy = shapely.get_coordinates(made.geometry.to_numpy())
        assert (xy / 20 == np.rint(xy / 20)).all()
        assert shapely.coverage_is_valid(made.geometry.to_numpy())
        assert made.geometry.union_all().area == made.geometry.area.sum()


def test_shapes_that_vanish_are_told_and_stay_in_the_figures():
    shapes = plots()
    shapes.iloc[0] = box(EAST, NORTH, EAST + 1, NORTH + 1)
    made = public_spec(spec_of(layer_of(shapes)))
    assert made.layers[0].geometry.isna().sum() == 1
    assert any("1 shapes" in note.en for note in made.notes)


def test_a_class_of_two_owners_has_no_figures_and_takes_the_next_one_with_it():
    classes = [0] * 20 + [1] * 2 + [2] * 2
    owners = np.array([f"o{i}" for i in range(20)] + ["x", "x", "y", "z"], dtype=object)
    three = (MapClass("a", same("a"), "#000000"), MapClass("b", same("b"), "#111111"),
             MapClass("c", same("c"), "#222222"))  # fmt: skip
    layer = replace(layer_of(classes=classes, owners=owners, public="merge"), classes=three)
    made = public_spec(spec_of(layer))
    assert [c.count for c in made.layers[0].classes] == [20, None, None]
    assert [c.area_m2 is None for c in made.layers[0].classes] == [False, True, True]
    assert any("“—”" in note.en for note in made.notes)
    # b and c together are four owners: their sum, total less a, may be had, and neither of them
    whole = Told("facts", 0, "plots", np.ones(24, dtype=bool))
    with_all = public_spec(spec_of(layer), told=[whole])
    assert [c.count for c in with_all.layers[0].classes] == [20, None, None]


def test_owners_are_never_written(unpacked):
    owners = np.array([HIDDEN] * 24, dtype=object)
    for public in ("merge", "keep"):
        made = public_spec(spec_of(layer_of(hidden="x", owners=owners, public=public)))
        assert made.layers[0].owners is None
        assert not holds(unpacked.told(Page(made).html()), HIDDEN)


def test_a_merged_row_of_few_owners_has_no_area_and_sums_say_so():
    owners = np.array(["one"] * 8 + [f"o{i}" for i in range(16)], dtype=object)
    layer = layer_of(
        classes=[0] * 8 + [1] * 16, owners=owners, public="merge", public_columns=("area_m2",)
    )
    sums = (Total("area", same("area"), "plots", "area_m2"), Total("count", same("count"), "plots"))
    made = public_spec(spec_of(layer, totals=sums))
    assert made.layers[0].values["area_m2"].isna().tolist() == [True, False]
    assert made.layers[0].values["merged_count"].isna().tolist() == [True, False]
    assert [one.column for one in made.totals] == ["area_m2", "merged_count"]
    assert total(made, made.totals[0]) == layer.values["area_m2"][8:].sum()
    assert total(made, made.totals[1]) == 16
    assert all("without withheld" in one.title.en for one in made.totals)


def test_sums_over_merged_rows_are_those_of_the_table():
    layer = layer_of(public="merge", public_by=("street",), public_columns=("street", "area_m2"))
    asked = (
        Total("all", same("all"), "plots", "area_m2"),
        Total("n", same("n"), "plots", where=(Where("street", ("平湖",)),)),
        Total("secret", same("secret"), "plots", where=(Where("holder", (HIDDEN,)),)),
    )
    internal = spec_of(layer, totals=asked)
    made = public_spec(internal)
    assert [one.name for one in made.totals] == ["all", "n"]
    for one, now in zip(asked[:2], made.totals, strict=True):
        assert total(made, now) == total(internal, one)
    assert any("totals" in note.en for note in made.notes)


def test_controls_whose_columns_are_gone_go_and_the_reader_is_told():
    internal = spec_of(
        layer_of(public_columns=("street", "due")),
        bars=(Bars("b", same("by holder"), "plots", "holder"), Bars("s", same("by street"), "plots", "street")),
        deadlines=Deadlines(same("deadlines"), "plots", "due", ("id", "street")),
        timeline=Timeline(same("timeline"), "plots", "due"),
        wall=Wall("plots", "street", ("holder", "street"), (Gate(same("g"), "due", "holder"), Gate(same("h"), "due", "due"))),
        compare=Compare(same("a"), same("b")),
    )  # fmt: skip
    made = public_spec(internal)
    assert [one.name for one in made.bars] == ["s"]
    assert made.deadlines.columns == ("street",)
    assert made.timeline is not None
    assert made.wall.columns == ("street",)
    assert [gate.title.en for gate in made.wall.gates] == ["h"]
    assert made.compare is None  # no layer has a side
    assert any("by holder" in note.en for note in made.notes)
    bare = public_spec(replace(internal, layers=(layer_of(),)))
    assert (bare.bars, bare.deadlines, bare.timeline, bare.wall) == ((), None, None, None)
    merged = public_spec(
        replace(internal, layers=(layer_of(public="merge", public_columns=("due",)),))
    )
    assert (merged.deadlines, merged.timeline, merged.list_layer) == (None, None, "")


def test_dropped_layers_go_and_are_named():
    made = public_spec(
        spec_of(layer_of(), replace(layer_of(public="drop"), name="x", title=same("留底")))
    )
    assert [one.name for one in made.layers] == ["plots"]
    assert any("留底" in note.zh for note in made.notes)


def test_captions_say_released_values_or_a_number():
    layer = layer_of(
        public_columns=("street",),
        captions=tuple(["平湖 坂田", "坂田、", "3", HIDDEN, f"坂田 {HIDDEN}"] + ["坂田"] * 19),
        marks=None,
    )
    made = public_spec(spec_of(layer)).layers[0]
    assert made.captions[:5] == ("", "", "3", "", "")
    assert made.captions[6] == "坂田"


def test_facts_and_funnel_need_to_say_what_they_add_up():
    funnel = (
        Bar(same("gross"), 24, 2400.0),
        Bar(same("left"), 23, 2300.0),
        Bar(same("end"), 10, 1000.0),
    )
    facts = (
        Fact(same("area"), same("24")),
        Fact(same("status"), same("ok")),
        Fact(same("x"), same(HIDDEN)),
    )
    internal = spec_of(layer_of(public="merge"), funnel=funnel, facts=facts)
    bare = public_spec(internal)
    assert (bare.facts, bare.funnel) == ((), ())
    rows = np.arange(24)
    told = [
        Told("facts", 0, "plots", rows >= 0), Told("facts", 1),
        Told("funnel", 0, "plots", rows >= 0), Told("funnel", 1, "plots", rows < 23),
        Told("funnel", 2, "plots", rows < 10),
    ]  # fmt: skip
    made = public_spec(internal, told=told)
    assert [fact.title.en for fact in made.facts] == ["area", "status"]
    assert [bar.title.en for bar in made.funnel] == ["gross", "end"]  # one parcel lies between
    steps = tuple(replace(bar, count=n) for bar, n in zip(funnel, (24, 20, 10), strict=True))
    assert public_spec(replace(internal, funnel=steps)).funnel == steps


def test_figures_of_another_layer_s_rows_are_withheld_with_them():
    outline = replace(
        layer_of(plots(2, 1), public_columns=("area_m2",), classes=[0, 0]), name="zones", area="",
        classes=(MapClass("zone", same("zone"), "#000000", count=2, area_m2=500.0),), owners=None,
        schemes=(),
    )  # fmt: skip
    outline = replace(outline, owners=np.array([tuple("abc"), tuple("def")], dtype=object))
    parcels = layer_of(classes=[0] * 22 + [1] * 2, public="merge")
    rows = np.arange(24)
    told = [Told("facts", 0, "plots", rows >= 0), Told("zones", 0, "plots", rows < 22),
            Told("zones", 1, "plots", rows < 12)]  # fmt: skip
    made = public_spec(spec_of(parcels, outline), told=told)
    zones = made.layers[1]
    assert zones.values["area_m2"].isna().tolist() == [True, False]
    assert zones.classes[0].area_m2 is None


def test_the_earlier_state_of_a_swipe_has_no_figures():
    sides = [
        replace(layer_of(public="merge", side=side), name=side) for side in ("before", "after")
    ]
    made = public_spec(spec_of(*sides, compare=Compare(same("a"), same("b"))))
    assert [c.count for c in made.layers[0].classes] == [None, None]
    assert [c.count for c in made.layers[1].classes] == [16, 8]
    assert made.compare is not None


@pytest.mark.parametrize(
    "address",
    ["https://t0.example/DataServer?T=vec_w&x={x}&y={y}&l={z}&tk=0a1b2c", "https://user:word@tiles.example/{z}/{x}/{y}",
     "https://tiles.example/{z}/{x}/{y}?access_token=abc"],
)  # fmt: skip
def test_a_basemap_with_a_key_is_refused(address):
    basemap = Basemap("b", same("b"), same("b"), (address,), ("https://tiles.example",))
    with pytest.raises(InputError, match="key"):
        public_spec(spec_of(basemap=basemap))


def test_a_basemap_without_a_key_stays():
    address = ("https://tile.example/{z}/{x}/{y}.png", "https://t.example/?tk={tk}&style=7")
    basemap = Basemap("b", same("b"), same("b"), address, ("https://tile.example",))
    assert public_spec(spec_of(basemap=basemap)).basemap is basemap


def test_the_internal_map_stays_as_it_was():
    internal = spec_of(layer_of(public="merge"))
    before = internal.layers[0].values.copy()
    public_spec(internal)
    assert internal.layers[0].values.equals(before)
    assert internal.edition == "internal"


def test_the_order_of_rows_does_not_matter():
    layer = layer_of(public="merge", public_by=("street",), public_columns=("street", "area_m2"))
    order = np.random.default_rng(3).permutation(24)
    turned = replace(
        layer, geometry=layer.geometry.iloc[order].reset_index(drop=True), class_of=layer.class_of[order],
        values=layer.values.iloc[order].reset_index(drop=True), schemes=(),
    )  # fmt: skip
    one, other = public_spec(spec_of(layer)).layers[0], public_spec(spec_of(turned)).layers[0]
    assert one.class_of.tolist() == other.class_of.tolist()
    assert one.values.equals(other.values)
    assert one.geometry.geom_equals(other.geometry).all()


def test_nothing_to_publish_is_published():
    empty = layer_of(
        gpd.GeoSeries([], crs=CRS), classes=np.empty(0), public="merge", public_by=("street",)
    )
    nowhere = layer_of(gpd.GeoSeries([None] * 24, crs=CRS), public="merge")
    for layer in (empty, nowhere):
        assert Page(public_spec(spec_of(layer))).html()


def test_a_grid_without_width_is_refused():
    with pytest.raises(RenewalError, match="grid"):
        public_spec(spec_of(), grid_m=0.0)


@pytest.mark.parametrize("review_no", ["", "粤S(2020)000号"])
def test_the_page_carries_the_approval_number_or_the_mark(review_no, unpacked):
    page = unpacked.told(Page(public_spec(spec_of(review_no=review_no))).html())
    assert holds(page, review_no or "内部资料 未经地图审核")
