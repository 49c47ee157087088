"""A sheet for the wall is true to scale, says what the spec says, and nothing on it overlaps."""

import datetime as dt
import io
import itertools
import re
import struct
import warnings
from dataclasses import replace

import geopandas as gpd
import matplotlib as mpl
import matplotlib.image
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import Rectangle
from matplotlib.text import Text as Written

from renewal_geo.foundation.errors import InputError, RenderError
from renewal_geo.maps import zone_spec
from renewal_geo.maps.controls import Deadlines, Total, Where, total
from renewal_geo.maps.palettes import cycled
from renewal_geo.maps.ready.zone_layers import boundary_layer
from renewal_geo.maps.sheet import wall_sheets
from renewal_geo.maps.sheet.drawn_layers import HATCHES
from renewal_geo.maps.sheet.fonts import LATIN_FAMILY, chinese_family, face_in, face_of, faces
from renewal_geo.maps.sheet.frames import (
    Frame,
    Rect,
    corner_degrees,
    degrees_minutes_seconds,
    grid_step,
    round_scale,
    true_north,
)
from renewal_geo.maps.sheet.margins import SPACING_MM
from renewal_geo.maps.sheet.wall_sheets import PAPERS_MM, composed, exported, wall_sheet
from renewal_geo.maps.spec import Fact, Hatch, LayerSpec, MapClass, MapColumn, MapSpec, Text, same

MM = 72 / 25.4
EAST, NORTH = 560_000.0, 2_500_000.0
LONG = "一个很长的名字 with words that go on, " * 300

needs_chinese = pytest.mark.skipif(
    chinese_family() is None, reason="no Chinese font on this machine"
)


@pytest.fixture(scope="module", params=["zh", "en"])
def lang(request):
    if request.param == "zh" and chinese_family() is None:
        pytest.skip("no Chinese font on this machine")
    return request.param


def squares(side, classes, *, size=50.0, **changes):
    """Return a map of side × side squares whose classes go round."""
    column, row = np.meshgrid(np.arange(side), np.arange(side))
    x, y = EAST + size * column.ravel(), NORTH + size * row.ravel()
    shapes = gpd.GeoSeries(shapely.box(x, y, x + size, y + size), crs="EPSG:4547")
    class_of = (np.arange(side * side) % classes).astype(np.int32)
    area = np.full(side * side, size**2) + 0.125 * np.arange(side * side)
    legend = tuple(
        MapClass(
            f"c{n}", Text(f"用途 {n}", f"Use {n}"), cycled(n).fill, hatch=cycled(n).hatch,
            count=int((class_of == n).sum()), area_m2=float(area[class_of == n].sum()),
        )
        for n in range(classes)
    )  # fmt: skip
    columns = (
        MapColumn("site", Text("用地编号", "Site")), MapColumn("due", Text("期限", "Due"), "date"),
        MapColumn("area_m2", Text("面积", "Area"), "number"), MapColumn("done", Text("已清", "Done"), "yes_no"),
    )  # fmt: skip
    day = pd.Timestamp("2020-06-20") + pd.to_timedelta(np.arange(side * side), unit="D")
    values = pd.DataFrame({
        "site": [f"LG-{n:04d}" for n in range(side * side)], "due": day, "area_m2": area,
        "done": ["True" if n % 3 == 0 else "False" for n in range(side * side)],
    })  # fmt: skip
    layer = LayerSpec(
        "parcels", Text("宗地", "Parcels"), "polygon", shapes, legend, class_of, columns, values,
        captions=tuple(f"宗 {n}" if n % 7 == 0 else "" for n in range(side * side)),
    )  # fmt: skip
    made = MapSpec(
        title=Text("用途图", "Map of uses"), subtitle=Text("试验", "A trial"), lang="en", edition="internal",
        as_of=dt.date(2020, 6, 30), crs="CGCS2000 (EPSG:4547)", source="drawn by hand", review_no="",
        notes=(), layers=(layer,), fingerprint="ab" * 32,
    )  # fmt: skip
    return replace(made, **changes)


def full(lang, **changes):
    """Return a map that uses everything a sheet has."""
    plain = squares(12, 9)
    layer = replace(plain.layers[0], captions=tuple(f"Lot {n}" for n in range(144)))
    half = shapely.box(
        [EAST, EAST + 300], [NORTH - 400] * 2, [EAST + 300, EAST + 900], [NORTH + 900] * 2
    )
    names = ["平湖", "坂田"] if lang == "zh" else ["Pinghu", "Bantian"]
    around = boundary_layer(gpd.GeoDataFrame({"name": names}, geometry=half, crs="EPSG:4547"))
    made = {
        "layers": (layer, around), "lang": lang,
        "facts": (Fact(Text("片区", "Zones"), same("7"), strong=True), Fact(Text("差距", "Gap"), same("0.99%"))),
        "totals": (
            Total("n", Text("用地", "Sites"), "parcels"),
            Total("a", Text("面积", "Area"), "parcels", "area_m2", unit=Text("公顷", "ha"), factor=1e-4, decimals=2),
            Total("s", Text("已清率", "Cleared"), "parcels", where=(Where("done", ("True",)),), share_of=(), decimals=1),
        ),
        "deadlines": Deadlines(Text("期限", "Deadlines"), "parcels", "due", ("site", "area_m2"), (Where("done", ("True",)),)),
        "rules": same("rules of 2020"),
        **changes,
    }  # fmt: skip
    return replace(plain, **made)


def laid(spec, **paper):
    """Return a composed sheet and every text on it with its box in millimetres (y from below)."""
    sheet = composed(spec, faces(), **paper)
    figure = sheet.figure
    texts = [one for one in figure.findobj(Written) if one.get_text().strip() and one.axes is None]
    with mpl.rc_context({"text.hinting": "none"}):
        renderer = FigureCanvasAgg(figure).get_renderer()
        boxes = [np.array(one.get_window_extent(renderer).extents) / MM for one in texts]
    return sheet, texts, np.array(boxes)


def overlapping(texts, boxes):
    """Return the pairs of texts whose boxes overlap by more than a tenth of a millimetre."""
    kept = [n for n, one in enumerate(texts) if one.get_gid() != "watermark"]
    pairs = []
    for a, b in itertools.combinations(kept, 2):
        deep = min(boxes[a, 2], boxes[b, 2]) - max(boxes[a, 0], boxes[b, 0])
        high = min(boxes[a, 3], boxes[b, 3]) - max(boxes[a, 1], boxes[b, 1])
        if deep > 0.1 and high > 0.1:
            pairs.append((texts[a].get_text(), texts[b].get_text(), round(deep, 2), round(high, 2)))
    return pairs


def said(texts, gid=None):
    return [one.get_text() for one in texts if gid is None or one.get_gid() == gid]


@pytest.mark.parametrize("size", ["A3", "A0"])
@pytest.mark.parametrize("orientation", ["landscape", "portrait"])
def test_nothing_overlaps_and_nothing_leaves_the_page(lang, orientation, size):
    for edition, review in (
        ("public", ""),
        ("internal", "粤S(2020)1号" if lang == "zh" else "S-1"),
    ):
        spec = full(lang, edition=edition, review_no=review)
        sheet, texts, boxes = laid(spec, size=size, orientation=orientation)
        assert overlapping(texts, boxes) == []
        wide, high = sheet.figure.get_size_inches() * 25.4
        assert boxes[:, :2].min() > 8
        assert boxes[:, 2].max() < wide - 8
        assert boxes[:, 3].max() < high - 8


@pytest.mark.parametrize("orientation", ["landscape", "portrait"])
def test_texts_of_ten_kilobytes_are_cut_and_stay_apart(orientation):
    if chinese_family() is None:
        pytest.skip("no Chinese font on this machine")
    spec = full("zh")
    parcels = spec.layers[0]
    classes = tuple(replace(one, title=same(LONG)) for one in parcels.classes)
    named = replace(parcels, title=same(LONG), classes=classes, captions=(LONG,) * 144)
    spec = replace(
        spec, title=same(LONG), subtitle=same(LONG), source=LONG, notes=(same(LONG),), review_no=LONG,
        facts=(*spec.facts, Fact(same(LONG), same(LONG)), Fact(same(LONG), same(LONG), strong=True)),
        layers=(named, spec.layers[1]), deadlines=replace(spec.deadlines, title=same(LONG)),
        rules=same(LONG), crs=LONG,
    )  # fmt: skip
    sheet, texts, boxes = laid(spec, size="A3", orientation=orientation)
    assert overlapping(texts, boxes) == []
    assert boxes[:, 2].max() < sheet.figure.get_figwidth() * 25.4 - 8
    assert any(text.endswith("…") for text in said(texts, "title"))


@pytest.mark.parametrize("orientation", ["landscape", "portrait"])
def test_five_hundred_classes_are_summed_where_there_is_no_room(orientation):
    spec = squares(30, 500)
    _, texts, boxes = laid(spec, size="A3", orientation=orientation)
    assert overlapping(texts, boxes) == []
    listed = said(texts, "legend")
    shown = [one for one in listed if re.fullmatch(r"Use \d+", one)]
    rest = next(one for one in listed if one.endswith("summed here)"))
    assert rest.startswith(f"{500 - len(shown)} further classes")
    assert 40 < len(shown) < 500
    legend = {one.title.en: one for one in spec.layers[0].classes}
    kept = [legend[one] for one in shown]
    # the largest stay
    assert min(one.area_m2 for one in kept) >= max(
        one.area_m2 for one in legend.values() if one.title.en not in shown
    )
    left = sum(one.area_m2 for one in legend.values() if one.title.en not in shown)
    assert f"{left / 1e4:,.2f}" in listed
    assert (
        f"{sum(one.count for one in legend.values()) - sum(one.count for one in kept):,}" in listed
    )


def test_every_figure_of_the_legend_is_that_of_the_spec(drawn, lang):
    spec = zone_spec(drawn.delineation(), lang=lang)
    sheet, texts, _ = laid(spec, size="A3")
    rows = {}
    for one in texts:
        if one.get_gid() == "legend":
            x, y = one.get_position()
            rows.setdefault((round(y, 3)), []).append((x, one.get_text()))
    printed = [[text for _, text in sorted(row)] for _, row in sorted(rows.items())]
    wanted = []
    for layer in reversed(spec.layers):
        for one in layer.classes:
            area = [] if one.area_m2 is None else [f"{one.area_m2 / 1e4:,.2f}"]
            count = [] if one.count is None else [f"{one.count:,}"]
            wanted.append([one.title.said(lang), *area, *count])
    assert printed == wanted
    assert len(wanted) > 10
    assert sheet.spec is spec


def test_totals_are_those_of_the_controls(lang):
    spec = full(lang)
    _, texts, _ = laid(spec, size="A2")
    facts = said(texts, "fact")
    count, area, share = (total(spec, one) for one in spec.totals)
    for wanted in (
        f"{count:,.0f}",
        f"{area:,.2f} {'公顷' if lang == 'zh' else 'ha'}",
        f"{share:,.1f} %",
        "7",
        "0.99%",
    ):
        assert wanted in facts


def test_the_next_deadlines_come_first_and_done_ones_not_at_all():
    _, texts, _ = laid(full("en"), size="A3")
    cells = said(texts, "due")
    assert cells[0::3][:3] == ["2020-06-21", "2020-06-22", "2020-06-24"]
    days = [one for one in cells if "day" in one]
    assert days[:2] == ["9 days overdue", "8 days overdue"]
    assert "due on the data day" in said(texts, "due")
    assert next(one for one in cells if one.startswith("LG-")) == "LG-0001 · 2,500"


@pytest.mark.parametrize("size", list(PAPERS_MM))
@pytest.mark.parametrize("orientation", ["landscape", "portrait"])
def test_the_paper_has_the_size_of_iso_216(size, orientation):
    spec = squares(4, 3)
    short, long = PAPERS_MM[size]
    wide, high = (long, short) if orientation == "landscape" else (short, long)
    pdf = wall_sheet(spec, size=size, orientation=orientation)
    box = re.search(rb"/MediaBox \[ ([\d. ]+) \]", pdf)[1].split()
    assert [float(one) / MM for one in box] == pytest.approx([0, 0, wide, high], abs=0.001)
    png = wall_sheet(spec, size=size, orientation=orientation, form="png", dpi=40)
    pixels = struct.unpack(">II", png[16:24])
    assert pixels == tuple(round(one / 25.4 * 40) for one in (wide, high))
    at = png.index(b"pHYs")
    per_metre = struct.unpack(">II", png[at + 4 : at + 12])
    assert [n / d * 1000 for n, d in zip(pixels, per_metre, strict=True)] == pytest.approx(
        [wide, high], rel=1e-3
    )


def test_iso_sizes_halve():
    for large, small in itertools.pairwise(PAPERS_MM):
        assert PAPERS_MM[large][0] == PAPERS_MM[small][1]
        assert PAPERS_MM[large][1] // 2 == PAPERS_MM[small][0]


@pytest.mark.parametrize("size", ["A3", "A0"])
def test_scale_bar_and_numeric_scale_are_true_on_the_paper(size):
    sheet, texts, _ = laid(squares(20, 3), size=size)
    denominator = int(next(one for one in said(texts, "scale")).removeprefix("1:").replace(",", ""))
    assert denominator == sheet.frame.scale == round_scale(denominator)
    # the map: a millimetre of paper is so many of the ground
    axes = next(one for one in sheet.figure.axes if one.get_xlim()[0] == sheet.frame.extent[0])
    x0, x1 = (axes.transData.transform((x, NORTH))[0] / MM for x in (EAST, EAST + 1000))
    assert (x1 - x0) * denominator / 1000 == pytest.approx(1000.0, rel=1e-9)
    # the bar: as long as it says
    bars = [one for one in sheet.figure.findobj(Rectangle) if one.get_gid() == "bar"]
    long = sum(one.get_width() for one in bars)
    last = max(
        (one for one in texts if one.get_gid() == "bar"), key=lambda one: one.get_position()[0]
    ).get_text()
    number, unit = last.split()
    metres = float(number) * {"m": 1, "km": 1000}[unit]
    assert long / 1000 * denominator == pytest.approx(metres, rel=1e-9)


def test_the_drawn_square_has_its_true_size_in_the_picture():
    spec = squares(1, 1, size=400.0)
    layer = spec.layers[0]
    one = replace(layer.classes[0], fill="#ff00ff", hatch="")
    spec = replace(spec, layers=(replace(layer, classes=(one,), captions=None),))
    png = wall_sheet(spec, size="A3", form="png", dpi=100, scale=2500)
    image = (matplotlib.image.imread(io.BytesIO(png))[:, :, :3] * 255).round()
    hit = np.abs(image - [255, 0, 255]).max(axis=2) < 4
    columns = np.flatnonzero(hit[hit.shape[0] // 2 - 50])
    assert (np.ptp(columns) + 1) / 100 * 25.4 == pytest.approx(400_000 / 2500, abs=0.6)


def test_ticks_stand_where_their_figures_say():
    sheet, texts, boxes = laid(squares(20, 3), size="A3")
    frame, high = sheet.frame, sheet.figure.get_figheight() * 25.4
    step = grid_step(frame, sheet.pen.mm(SPACING_MM))
    found = 0
    for one, box in zip(texts, boxes, strict=True):
        if one.get_gid() != "tick":
            continue
        value = float(one.get_text().replace(",", ""))
        assert value % step == 0
        middle_x, middle_y = (box[0] + box[2]) / 2, high - (box[1] + box[3]) / 2
        if one.get_rotation() == 90:
            assert middle_y == pytest.approx(frame.place(0, value)[1], abs=0.4)
        else:
            assert middle_x == pytest.approx(frame.place(value, 0)[0], abs=0.4)
        found += 1
    assert found >= 8


def test_corners_are_degrees_of_the_frame():
    sheet, texts, _ = laid(squares(20, 3), size="A3")
    back = pyproj.Transformer.from_crs("EPSG:4490", "EPSG:4547", always_xy=True)
    west, south, east, north = sheet.frame.extent
    for (lon, lat), (x, y) in zip(
        corner_degrees(sheet.frame),
        [(west, south), (east, south), (east, north), (west, north)],
        strict=True,
    ):
        assert back.transform(lon, lat) == pytest.approx((x, y), abs=0.001)
        assert degrees_minutes_seconds(lon, "EW", 1) in said(texts, "corner")
        assert degrees_minutes_seconds(lat, "NS", 1) in said(texts, "corner")


@pytest.mark.parametrize(
    ("epsg", "x", "y"),
    [(4547, 560_000, 2_500_000), (4547, 460_000, 2_500_000), (32719, 600_000, 7_000_000)],
)
def test_true_north_is_the_convergence_of_the_projection(epsg, x, y):
    crs = pyproj.CRS(epsg)
    frame = Frame(Rect(0, 0, 100, 100), (x - 500, y - 500, x + 500, y + 500), 10_000, crs)
    lon, lat = pyproj.Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True).transform(x, y)
    convergence = pyproj.Proj(crs).get_factors(lon, lat).meridian_convergence
    assert true_north(frame) == pytest.approx(-convergence, abs=1e-5)


def test_the_same_map_gives_the_same_bytes():
    spec = full("en")
    for form in ("pdf", "png"):
        first = wall_sheet(spec, size="A3", form=form, dpi=50)
        assert first == wall_sheet(spec, size="A3", form=form, dpi=50)


def test_a_path_decides_the_form_and_is_written_whole(tmp_path):
    spec = squares(3, 2)
    assert wall_sheet(spec, tmp_path / "a.pdf", size="A3").startswith(b"%PDF")
    data = wall_sheet(spec, tmp_path / "a.PNG", size="A3", dpi=40)
    assert data.startswith(b"\x89PNG")
    assert (tmp_path / "a.PNG").read_bytes() == data
    with pytest.raises(InputError, match="svg"):
        wall_sheet(spec, tmp_path / "a.svg", size="A3")
    assert sorted(one.name for one in tmp_path.iterdir() if not one.name.startswith(".")) == [
        "a.PNG",
        "a.pdf",
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": "A7"},
        {"orientation": "askew"},
        {"dpi": 5},
        {"dpi": 601},
        {"scale": 0},
        {"scale": -5000},
        {"extent": (1, 0, 0, 1)},
        {"extent": (0, 0, np.nan, 1)},
    ],
)
def test_papers_that_there_are_not_are_refused(wrong):
    with pytest.raises(InputError):
        wall_sheet(squares(2, 2), **{"size": "A3", **wrong})


def test_a_scale_that_does_not_fit_names_one_that_does():
    spec = squares(40, 3)
    with pytest.raises(RenderError, match="1:500") as fault:
        wall_sheet(spec, size="A3", scale=500)
    fitting = int(re.search(r"1:([\d,]+)", fault.value.fix)[1].replace(",", ""))
    assert fault.value.code == "sheet_scale"
    assert composed(spec, faces(), size="A3", scale=fitting).frame.scale == fitting


def test_a_part_has_a_small_map_that_says_where_it_lies():
    part = (EAST + 100, NORTH + 100, EAST + 300, NORTH + 250)
    sheet, texts, _ = laid(squares(20, 3), size="A3", extent=part)
    assert "Position" in said(texts)
    assert any("shows a part" in one for one in said(texts, "foot"))
    inset = sheet.figure.axes[-1]
    (frame,) = [one for one in inset.patches if isinstance(one, Rectangle)]
    west, south, east, north = sheet.frame.extent
    assert frame.get_bbox().extents == pytest.approx((west, south, east, north))
    assert west <= part[0] < part[2] <= east
    assert south <= part[1] < part[3] <= north
    _, whole, _ = laid(squares(20, 3), size="A3")
    assert "Position" not in said(whole)


@needs_chinese
def test_a_missing_sign_is_named_and_never_becomes_a_box():
    with pytest.raises(RenderError, match=r"U\+E123") as fault:
        wall_sheet(squares(2, 2, title=Text("图\ue123", "map \ue123")), size="A3")
    assert fault.value.code == "missing_glyphs"
    assert "fonts-noto-cjk" in fault.value.fix
    assert "Noto" in fault.value.where or LATIN_FAMILY in fault.value.where


def test_an_english_sheet_needs_no_chinese_font(monkeypatch):
    monkeypatch.setattr(wall_sheets, "faces", lambda: [face_of(LATIN_FAMILY)])
    spec = squares(3, 2)
    plain = replace(spec, layers=(replace(spec.layers[0], captions=None),))
    pdf = wall_sheet(plain, size="A3")
    assert b"DejaVuSans" in pdf
    assert b"/CIDFontType2" in pdf  # TrueType outlines, embedded as a subset
    with pytest.raises(RenderError, match="用途图"[0]):
        wall_sheet(replace(plain, lang="zh"), size="A3")


@needs_chinese
def test_of_a_collection_the_chinese_font_is_taken(tmp_path):
    face = face_of(chinese_family())
    mine = face_in(face.regular)
    assert mine.name.split()[-1] in {"SC", "CN"} or not str(face.regular).endswith(".ttc")
    assert mine.lacks("连片改造区") == []
    assert wall_sheet(squares(2, 2, lang="zh"), size="A3", font=str(face.regular)).startswith(
        b"%PDF"
    )
    broken = tmp_path / "x.ttf"
    broken.write_bytes(b"no font at all")
    with pytest.raises(RenderError, match=r"x\.ttf") as fault:
        wall_sheet(squares(2, 2), size="A3", font=broken)
    assert fault.value.code == "font_file"


@needs_chinese
def test_bold_is_a_font_of_its_own():
    sheet = composed(full("zh"), faces(), size="A3")
    files = {
        one.get_fontproperties().get_file()
        for one in sheet.figure.findobj(Written)
        if one.get_text()
    }
    face = sheet.pen.face
    assert {face.regular, face.bold} <= files
    if face.post_script:
        assert b"/CIDFontType2" not in exported(sheet, "pdf", 72)


def test_a_map_without_geometry_is_a_sane_page():
    spec = full("en", deadlines=None)
    nothing = gpd.GeoSeries([None] * 144, crs="EPSG:4547")
    empty = replace(spec, layers=(replace(spec.layers[0], geometry=nothing),))
    _, texts, boxes = laid(empty, size="A3")
    assert "There is no geometry to draw" in said(texts)
    assert "nothing drawn, no scale" in said(texts)
    assert overlapping(texts, boxes) == []
    assert wall_sheet(replace(spec, layers=(), totals=()), size="A3").startswith(b"%PDF")


def test_odd_geometry_is_drawn_without_a_warning():
    shapes = gpd.GeoSeries(
        [
            shapely.box(EAST, NORTH, EAST + 100, NORTH + 100).difference(shapely.box(EAST + 20, NORTH + 20, EAST + 50, NORTH + 50)),
            shapely.Polygon([(EAST, NORTH), (EAST + 50, NORTH + 50), (EAST + 50, NORTH), (EAST, NORTH + 50)]),
            shapely.MultiPolygon([shapely.box(EAST + 200, NORTH, EAST + 300, NORTH + 90), shapely.box(EAST + 400, NORTH, EAST + 500, NORTH + 90)]),
            shapely.GeometryCollection([shapely.Point(EAST, NORTH), shapely.box(EAST, NORTH + 200, EAST + 90, NORTH + 300)]),
            None, shapely.Polygon(), shapely.Point(EAST, NORTH),
        ],
        crs="EPSG:4547",
    )  # fmt: skip
    base = squares(3, 1)
    values = base.layers[0].values.iloc[: len(shapes)]
    class_of = np.zeros(len(shapes), dtype=np.int32)
    kinds = []
    for kind in ("polygon", "line", "point"):
        drawn_as = (
            shapes if kind == "polygon" else shapes.boundary if kind == "line" else shapes.centroid
        )
        hatch: Hatch = "cross" if kind == "polygon" else ""
        one = MapClass("c", same("x"), "#3f9bd1", "#0b2e4f", 2.0, hatch)
        kinds.append(
            replace(base.layers[0], name=kind, kind=kind, geometry=drawn_as, classes=(one,),
                    class_of=class_of, values=values, dots=True, captions=("a",) * len(shapes))
        )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for form in ("pdf", "png"):
            assert wall_sheet(replace(base, layers=tuple(kinds)), size="A3", form=form, dpi=50)


def test_coordinates_that_are_no_numbers_are_not_drawn_and_move_no_frame():
    base = squares(3, 1)
    layer = base.layers[0]
    shapes = layer.geometry.to_list()
    shapes[0] = shapely.Point(np.inf, NORTH)
    wild = replace(layer, geometry=gpd.GeoSeries(shapes, crs="EPSG:4547"))
    sheet = composed(replace(base, layers=(wild,)), faces(), size="A3")
    assert np.isfinite(sheet.frame.extent).all()
    assert exported(sheet, "pdf", 72).startswith(b"%PDF")


def test_a_map_in_degrees_has_no_scale_and_is_refused():
    spec = squares(2, 2)
    shapes = spec.layers[0].geometry.to_crs(4326)
    with pytest.raises(RenderError, match="WGS 84") as fault:
        wall_sheet(replace(spec, layers=(replace(spec.layers[0], geometry=shapes),)), size="A3")
    assert fault.value.code == "sheet_crs"


def test_who_has_not_approved_is_said_on_the_sheet():
    for edition, number, mark, watermark in (
        ("internal", "", "Internal – map not reviewed", False),
        ("public", "", "Internal – map not reviewed", True),
        ("public", "S-2020-1", "S-2020-1", False),
    ):
        _, texts, _ = laid(squares(3, 2, edition=edition, review_no=number), size="A3")
        assert mark in said(texts, "review")
        assert bool(said(texts, "watermark")) is watermark


def test_nothing_in_a_text_is_mathematics(drawn):
    spec = zone_spec(
        drawn.delineation(hostile=True, names=(r"$\frac", r"x^{2$ \n")),
        lang="en",
        title=r"$\alpha$ <b>",
    )
    _, texts, _ = laid(spec, size="A3")
    assert r"$\alpha$ <b>" in said(texts, "title")
    assert wall_sheet(spec, size="A3").startswith(b"%PDF")


def test_every_hatch_of_a_spec_can_be_drawn():
    assert set(HATCHES) == set(Hatch.__args__)
