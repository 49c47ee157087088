"""The layer in Chromium: every feature and value arrives, hits are exact, colours stand where they should."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from shapely import affinity
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from renewal_geo.maps.controls import Compare
from renewal_geo.maps.page.folium_page import interactive
from renewal_geo.maps.page.parts import SCRIPTS, asset
from renewal_geo.maps.page.payload_geometry import CLOSE_M, MERCATOR_HALF_M
from renewal_geo.maps.spec import LayerSpec, MapClass, MapColumn, MapSpec, Scheme, same

pytestmark = pytest.mark.browser
CRS = "EPSG:4547"
X, Y = 512_345.678, 2_512_345.678
INKS = {"blue": "#0072b2", "orange": "#e69f00", "green": "#009e73", "grey": "#999999"}
RGB = {name: [int(ink[k : k + 2], 16) for k in (1, 3, 5)] for name, ink in INKS.items()}
SETTLED = (
    "async () => { while (renewalGeo.pending()) { await new Promise(requestAnimationFrame); } }"
)


def parcels(side=12, seed=3):
    """Return a coverage of crooked parcels, every fifth with a hole, every seventh of two parts."""
    rng = np.random.default_rng(seed)
    corners = np.stack(np.meshgrid(np.arange(side + 1), np.arange(side + 1)), -1) * 50.0
    corners += rng.normal(0, 4, corners.shape)
    corners += (X, Y)
    shapes = []
    for row in range(side):
        for column in range(side):
            near, far = corners[row, column : column + 2], corners[row + 1, column : column + 2]
            one = Polygon([*near, *far[::-1]])
            number = len(shapes)
            if number % 5 == 0:
                one = one.difference(Point(one.centroid).buffer(8, quad_segs=3))
            if number % 7 == 0:
                one = MultiPolygon(
                    [one, affinity.translate(box(X, Y, X + 20, Y + 20), 60.0 * column, -40.0)]
                )
            shapes.append(one)
    shapes[10], shapes[20] = None, Polygon()
    return shapes


def layer(name, shapes, kind="polygon", inks=("blue", "orange", "green"), **more):
    count = len(shapes)
    classes = tuple(
        MapClass(ink, same(ink), *((INKS[ink], "") if kind != "line" else ("", INKS[ink])), 6.0)
        for ink in inks
    )
    given = {
        "class_of": np.arange(count, dtype=np.int32) % len(inks), "columns": (), "values": pd.DataFrame(index=range(count)),
    }  # fmt: skip
    return LayerSpec(
        name, same(name), kind, gpd.GeoSeries(shapes, crs=CRS), classes, **{**given, **more}
    )


def table(count):
    rng = np.random.default_rng(5)
    days = pd.Series(
        pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(-900, 900, count), unit="D")
    )
    return pd.DataFrame(
        {
            "parcel_id": [f"440307{k:04d}" for k in range(count)],
            "street": rng.choice(["龙城街道", "坂田街道", None], count),
            "area_m2": rng.uniform(1, 1e5, count).round(2),
            "share": np.where(rng.random(count) < 0.2, np.nan, rng.random(count)),
            "built": rng.integers(1950, 2020, count),
            "due": days.where(rng.random(count) > 0.3),
            "kept": rng.random(count) > 0.5,
        }
    )


COLUMNS = (
    MapColumn("parcel_id", same("id")), MapColumn("street", same("street")), MapColumn("area_m2", same("m2"), "number", 2),
    MapColumn("share", same("share"), "share", 1), MapColumn("built", same("built"), "year"), MapColumn("due", same("due"), "date"),
    MapColumn("kept", same("kept"), "yes_no"),
)  # fmt: skip


def printed(values):
    """Say each value of the table as the page has to print it."""
    return {
        "parcel_id": values["parcel_id"].tolist(),
        "street": values["street"].fillna("—").tolist(),
        "area_m2": [f"{v:,.2f}" for v in values["area_m2"]],
        "share": ["—" if np.isnan(v) else f"{v:,.1%}".replace("%", " %") for v in values["share"]],
        "built": [str(v) for v in values["built"]],
        "due": values["due"].dt.strftime("%Y-%m-%d").fillna("—").tolist(),
        "kept": ["是" if v else "否" for v in values["kept"]],
    }


def page_of(*layers, **more):
    spec = MapSpec(same("t"), same(""), "zh", "internal", None, CRS, "", "", (), layers, **more)
    return interactive(spec)


def degrees(shapes):
    return gpd.GeoSeries(shapes, crs=CRS).to_crs(4326)


@pytest.fixture
def full():
    shapes = parcels()
    values = table(len(shapes))
    return shapes, values, layer("parcels", shapes, columns=COLUMNS, values=values, area="area_m2")


OPENED = """() => renewalGeo.data.layers.map(l => ({
  n: l.n, box: Array.from(l.box, v => Number.isFinite(v) ? v : null), zoom: renewalGeo.data.zoom,
  texts: Object.fromEntries(l.columns.map(c => [c.name, Array.from({length: l.n}, (_, i) => c.text(i))])),
  raw: [l.xs, l.ys, l.first, l.start].map(a => Array.from(a)),
}))"""


def test_every_feature_and_every_value_arrives(full, visit):
    shapes, values, one = full
    seen = visit(page_of(one))
    opened = seen.page.evaluate(OPENED)[0]
    assert opened["n"] == len(shapes)
    assert opened["texts"] == printed(values)
    scale = 256 * 2 ** opened["zoom"] / (2 * MERCATOR_HALF_M)
    wanted = gpd.GeoSeries(shapes, crs=CRS).to_crs(3857).bounds.to_numpy()
    box_ = np.array(opened["box"], dtype=float).reshape(-1, 4)
    found = np.column_stack([box_[:, 0], -box_[:, 3], box_[:, 2], -box_[:, 1]]) / scale
    found += np.array([-1, 1, -1, 1]) * MERCATOR_HALF_M
    assert np.array_equal(np.isnan(found), np.isnan(wanted))
    assert np.nanmax(np.abs(found - wanted)) <= CLOSE_M / 0.92  # Mercator metres at this latitude
    seen.sound()


def test_the_vendored_inflater_reads_the_same(full, visit, chromium):
    one = visit(page_of(full[2]))
    context = chromium.new_context()
    context.add_init_script("delete window.DecompressionStream; delete Uint8Array.fromBase64;")
    old = context.new_page()
    old.goto(one.file.as_uri())
    old.wait_for_selector("html[data-ready=true]", state="attached")
    assert old.evaluate("typeof DecompressionStream") == "undefined"
    assert old.evaluate(OPENED) == one.page.evaluate(OPENED)
    context.close()


HITS = """places => places.map(([lat, lng]) => renewalGeo.hits(L.latLng(lat, lng)).map(h => [h.layer.name, h.i]))"""


def near_edge(shapes, points):
    edges = shapely.union_all([shapely.boundary(s) for s in shapes if s is not None])
    return shapely.distance(points, edges) < CLOSE_M


def test_hits_are_those_of_shapely(full, visit):
    shapes, _, one = full
    rng = np.random.default_rng(11)
    xy = rng.uniform((X - 60, Y - 60), (X + 660, Y + 660), (4000, 2))
    points = shapely.points(xy)
    back = pyproj.Transformer.from_crs(CRS, 4326, always_xy=True)
    lng, lat = back.transform(xy[:, 0], xy[:, 1])
    seen = visit(page_of(one))
    found = seen.page.evaluate(HITS, np.column_stack([lat, lng]).tolist())
    tree = shapely.STRtree(np.array([s if s is not None else Polygon() for s in shapes]))
    wanted = [set() for _ in xy]
    for point, shape in tree.query(points, predicate="within").T:
        wanted[point].add(int(shape))
    wrong = [k for k in range(len(xy)) if {i for _, i in found[k]} != wanted[k]]
    assert sum(map(len, wanted)) > 2000
    assert near_edge(shapes, points[wrong]).all()
    assert len(wrong) < 20


def test_hits_of_lines_and_points_are_the_nearest_within_reach(visit):
    lines = [LineString([(X, Y + 100 * k), (X + 600, Y + 100 * k + 30)]) for k in range(5)]
    dots = [Point(X + 100 * k, Y + 250) for k in range(6)]
    seen = visit(page_of(layer("lines", lines, "line"), layer("dots", dots, "point")))
    pixel = seen.page.evaluate(
        "() => { const m = renewalGeo.map, s = m.getSize().divideBy(2); "
        "return m.distance(m.containerPointToLatLng(s), m.containerPointToLatLng(s.add([1, 0]))); }"
    )
    asked = [
        (X + 300, Y + 15 + 7 * pixel),
        (X + 300, Y + 15 + 9 * pixel),
        (X + 100 + 7 * pixel, Y + 250),
        (X + 104, Y + 250),
    ]
    places = degrees([Point(*xy) for xy in asked])
    found = seen.page.evaluate(HITS, [[p.y, p.x] for p in places])
    assert found == [[["lines", 0]], [], [["dots", 1]], [["dots", 1]]]


COLOUR_AT = """async places => {
  while (renewalGeo.pending()) { await new Promise(requestAnimationFrame); }
  const map = renewalGeo.map, c = renewalGeo.snapshot(), k = c.width / map.getSize().x;
  const data = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
  return places.map(([lat, lng]) => {
    const p = map.latLngToContainerPoint([lat, lng]), at = 4 * (Math.round(p.y * k) * c.width + Math.round(p.x * k));
    return Array.from(data.slice(at, at + 3));
  });
}"""


def spots_of(shapes):
    found = [shapely.get_point(shapely.maximum_inscribed_circle(s), 0) for s in shapes]
    return [[p.y, p.x] for p in degrees(found)]


def near(found, wanted):
    return np.abs(np.array(found) - wanted).max() <= 3


@pytest.mark.parametrize("step", [0, -0.25, 0.6, -1.7, -2.25])
def test_colours_stand_where_the_parcels_are_at_any_zoom(full, visit, step):
    shapes, _, one = full
    there = [k for k, s in enumerate(shapes) if s is not None and not s.is_empty]
    seen = visit(page_of(one))
    seen.page.evaluate(
        "step => renewalGeo.map.setZoom(renewalGeo.map.getZoom() + step, {animate: false})", step
    )
    places = spots_of([shapes[k] for k in there])
    inside = seen.page.evaluate(
        "places => places.map(p => renewalGeo.map.getBounds().contains(p))", places
    )
    found = seen.page.evaluate(COLOUR_AT, places)
    checked = [(f, list(INKS)[k % 3]) for k, f, ok in zip(there, found, inside, strict=True) if ok]
    assert len(checked) > 30
    assert [(f, ink) for f, ink in checked if not near(f, RGB[ink])] == []
    seen.sound()


def test_what_is_filtered_out_is_not_drawn_not_hit_and_not_counted(full, visit):
    shapes, values, one = full
    seen = visit(page_of(one))
    seen.page.evaluate(
        "() => { const l = renewalGeo.data.layers[0], c = l.columns[1]; "
        "renewalGeo.keep(l, 'street', i => c.words[c.codes[i]] === '龙城街道'); }"
    )
    kept = [k for k in range(len(shapes)) if k not in (10, 20)]
    places = spots_of([shapes[k] for k in kept])
    hit = seen.page.evaluate(HITS, places)
    colours = seen.page.evaluate(COLOUR_AT, places)
    for k, found, colour in zip(kept, hit, colours, strict=True):
        stays = values["street"][k] == "龙城街道"
        assert ([i for _, i in found] == [k]) == stays
        assert near(colour, RGB[list(INKS)[k % 3]]) == stays
    tallied = seen.page.evaluate("renewalGeo.tallied(renewalGeo.data.layers[0])")
    rows = values[values["street"] == "龙城街道"]
    for number, one_class in enumerate(tallied):
        mine = rows[rows.index % 3 == number]
        assert one_class["count"] == len(mine)
        assert one_class["area"] == pytest.approx(mine["area_m2"].sum(), abs=1e-6)
    seen.page.evaluate("renewalGeo.keep(renewalGeo.data.layers[0], 'street', null)")
    assert all(
        near(c, RGB[list(INKS)[k % 3]])
        for k, c in zip(kept, seen.page.evaluate(COLOUR_AT, places), strict=True)
    )


def test_layers_lie_in_their_order_and_lines_and_dots_on_top(visit):
    ground = box(X, Y, X + 300, Y + 300)
    seen = visit(
        page_of(
            layer("ground", [ground], inks=("grey",)),
            layer("upper", [box(X, Y, X + 150, Y + 300)], inks=("blue",)),
            layer(
                "river", [LineString([(X, Y + 100), (X + 300, Y + 100)])], "line", inks=("orange",)
            ),
            layer("stops", [Point(X + 200, Y + 200)], "point", inks=("green",)),
        )
    )
    asked = [
        (X + 75, Y + 200),
        (X + 250, Y + 200),
        (X + 220, Y + 100),
        (X + 75, Y + 100),
        (X + 200, Y + 200),
    ]
    places = [[p.y, p.x] for p in degrees([Point(*xy) for xy in asked])]
    found = seen.page.evaluate(COLOUR_AT, places)
    wanted = [RGB[name] for name in ("blue", "grey", "orange", "orange", "green")]
    assert near(found, wanted)


def test_another_colouring_takes_the_place_of_the_first(full, visit):
    shapes, _, one = full
    other = Scheme(
        "plain",
        same("plain"),
        (MapClass("g", same("g"), INKS["grey"]),),
        np.zeros(len(shapes), dtype=np.int32),
    )
    two = layer("parcels", shapes, schemes=(other,), scheme=same("first"))
    seen = visit(page_of(two))
    assert seen.share(RGB["blue"]) > 0.05
    seen.page.select_option("select[data-scheme=parcels]", "1")
    assert seen.share(RGB["blue"]) < 0.001
    assert seen.share(RGB["grey"]) > 0.15
    assert one.schemes == ()


def test_two_sides_show_each_its_own(visit):
    square = box(X, Y, X + 300, Y + 300)
    seen = visit(
        page_of(
            layer("was", [square], inks=("orange",), side="before"),
            layer("is", [square], inks=("blue",), side="after"),
            compare=Compare(same("was"), same("is")),
        )
    )
    seen.page.evaluate(SETTLED)
    west, east = ([p.y, p.x] for p in degrees([Point(X + 20, Y + 150), Point(X + 280, Y + 150)]))
    west_colour, east_colour = seen.page.evaluate(COLOUR_AT, [west, east])
    assert near(west_colour, RGB["orange"])
    assert near(east_colour, RGB["blue"])
    assert [[h[0] for h in one] for one in seen.page.evaluate(HITS, [west, east])] == [
        ["was"],
        ["is"],
    ]


BLANK = """async by => {
  const map = renewalGeo.map, box = map.getContainer().getBoundingClientRect(), blank = [];
  const x = box.left + box.width / 2, y = box.top + box.height / 2;
  let moving = true;
  map.once("zoomend", () => { moving = false; });
  map.setZoom(map.getZoom() + by);
  for (let frame = 0; (moving || renewalGeo.pending()) && frame < 400; frame++) {
    const there = Array.from(document.querySelectorAll("canvas.leaflet-tile-loaded")).some(tile => {
      const b = tile.getBoundingClientRect();
      if (!(b.left <= x && b.right > x && b.top <= y && b.bottom > y)) { return false; }
      const k = tile.width / b.width;
      return tile.getContext("2d").getImageData(Math.floor((x - b.left) * k), Math.floor((y - b.top) * k), 1, 1).data[3] > 0;
    });
    blank.push(!there);
    await new Promise(requestAnimationFrame);
  }
  return [blank.length, blank.filter(Boolean).length];
}"""


@pytest.mark.parametrize("by", [1, -1, 0.5, 2.25])
def test_nothing_goes_blank_while_zooming(visit, by):
    seen = visit(
        page_of(layer("ground", [box(X + 50 * k, Y, X + 50 * k + 50, Y + 600) for k in range(12)]))
    )
    seen.page.evaluate(SETTLED)
    frames, blank = seen.page.evaluate(BLANK, by)
    assert frames > 2
    assert blank == 0


def test_a_snapshot_of_any_width_shows_the_same(full, visit):
    seen = visit(page_of(full[2]))
    seen.page.evaluate(SETTLED)
    differing = seen.page.evaluate(
        """() => {
          const small = renewalGeo.snapshot(), large = renewalGeo.snapshot(2 * small.width);
          const shrunk = document.createElement("canvas");
          shrunk.width = small.width; shrunk.height = small.height;
          shrunk.getContext("2d").drawImage(large, 0, 0, small.width, small.height);
          const read = c => c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
          const a = read(small), b = read(shrunk);
          let n = 0;
          for (let k = 0; k < a.length; k += 4) { if (Math.abs(a[k] - b[k]) + Math.abs(a[k + 1] - b[k + 1]) > 80) { n++; } }
          return [large.width / small.width, n / (a.length / 4)];
        }"""
    )
    assert differing[0] == 2
    assert differing[1] < 0.03


def test_dense_and_empty_layers_draw_and_answer(visit):
    many = [Point(X + k % 200, Y + k // 200) for k in range(5000)]
    seen = visit(
        page_of(
            layer("none", []),
            layer("missing", [None, Polygon()]),
            layer(
                "same",
                [box(X, Y, X + 10, Y + 10)] * 500,
                captions=tuple(f"甲{k}" for k in range(500)),
            ),
            layer("many", many, "point", class_of=np.full(5000, -1, dtype=np.int32)),
        )
    )
    seen.page.evaluate(SETTLED)
    place = degrees([Point(X + 5, Y + 5)])[0]
    assert seen.page.evaluate(HITS, [[place.y, place.x]])[0][0] == ["same", 499]
    seen.sound()


def test_five_hundred_classes_keep_their_colours(visit):
    count = 500
    shapes = [
        box(X + 20 * (k % 25), Y + 20 * (k // 25), X + 20 * (k % 25) + 20, Y + 20 * (k // 25) + 20)
        for k in range(count)
    ]
    inks = [f"#{20 + k % 100:02x}{40 + k // 4:02x}{255 - k % 250:02x}" for k in range(count)]
    classes = tuple(MapClass(str(k), same(k), ink) for k, ink in enumerate(inks))
    one = layer("parcels", shapes)
    many = LayerSpec(
        "parcels",
        same("p"),
        "polygon",
        one.geometry,
        classes,
        np.arange(count, dtype=np.int32),
        (),
        one.values,
    )
    seen = visit(page_of(many))
    found = seen.page.evaluate(COLOUR_AT, spots_of(shapes))
    wanted = [[int(ink[k : k + 2], 16) for k in (1, 3, 5)] for ink in inks]
    assert np.abs(np.array(found) - wanted).max() <= 3
    seen.sound()


@pytest.mark.parametrize(
    ("path", "own"),
    [
        ("cambridge_ma/ASSESSING_ParcelsFY2014.topojson", 4326),
        ("taiwan_zoning/H0102_nankan.geojson", None),
        ("wuxi_xinwu/xinwu_land_use.gpkg", None),
    ],
)
def test_hits_on_real_shapes_are_those_of_shapely(real_data, visit, path, own):
    from renewal_geo.io import open_layer

    opened, _ = open_layer(real_data / path)
    geometry = gpd.GeoSeries(opened.geometry.to_numpy(), crs=own or opened.crs)
    shapes, count = geometry.to_numpy(), len(geometry)
    one = replace(layer("parcels", [None] * count), geometry=geometry)
    west, south, east, north = geometry.total_bounds
    xy = np.random.default_rng(1).uniform((west, south), (east, north), (3000, 2))
    points = shapely.points(xy)
    wanted = [set() for _ in xy]
    for point, shape in shapely.STRtree(shapes).query(points, predicate="within").T:
        wanted[point].add(int(shape))
    lng, lat = pyproj.Transformer.from_crs(geometry.crs, 4326, always_xy=True).transform(*xy.T)
    seen = visit(page_of(one))
    found = seen.page.evaluate(HITS, np.column_stack([lat, lng]).tolist())
    wrong = [k for k in range(len(xy)) if {i for _, i in found[k]} != wanted[k]]
    assert sum(map(bool, wanted)) > 1000
    unit = 1 if geometry.crs.is_projected else 1 / 80_000  # metres of a degree of longitude
    tree = shapely.STRtree(shapely.boundary(shapes))
    assert len(tree.query(points[wrong], predicate="dwithin", distance=CLOSE_M * unit)[0]) >= len(
        wrong
    )
    assert len(wrong) < 10
    seen.sound()


def test_every_script_parses_alone(chromium):
    page = chromium.new_page()
    faults = page.evaluate(
        "texts => texts.map(text => { try { new Function(text); return ''; } catch (e) { return String(e); } })",
        [asset(f"page/{name}.js") for name in SCRIPTS],
    )
    assert dict(zip(SCRIPTS, faults, strict=True)) == dict.fromkeys(SCRIPTS, "")
    page.close()
