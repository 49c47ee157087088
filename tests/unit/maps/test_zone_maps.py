"""What a map says is what the table says, and nothing else."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pytest
import shapely

from renewal_geo.contiguity import connect
from renewal_geo.foundation.errors import InputError
from renewal_geo.foundation.labels import label
from renewal_geo.maps import palettes, record, zone_map, zone_picture
from renewal_geo.maps.zone_maps import PUBLIC_GRID_M, zone_spec
from renewal_geo.zones import delineate


def layer(spec, name):
    return next(one for one in spec.layers if one.name == name)


def test_every_parcel_has_the_class_of_its_reason(drawn):
    d = drawn.delineation()
    said = record(zone_spec(d))
    parcels = next(one for one in said["layers"] if one["name"] == "parcels")
    expected = d.parcels["reason"].where(~d.parcels["is_filler"].astype(bool), "chosen_filler")
    assert parcels["class_of"] == expected.tolist()


def test_legend_counts_and_areas_are_those_of_the_table(drawn):
    d = drawn.delineation()
    parcels = layer(zone_spec(d), "parcels")
    for one in parcels.classes:
        reason, filler = one.value.removesuffix("_filler"), one.value.endswith("_filler")
        rows = d.parcels[
            (d.parcels["reason"] == reason)
            & ((d.parcels["is_filler"] == filler) | (reason != "chosen"))
        ]
        assert one.count == len(rows)
        assert one.area_m2 == pytest.approx(rows["area_m2"].sum())
    assert sum(one.count for one in parcels.classes) == len(d.parcels)


def test_columns_are_allow_listed(drawn):
    d = drawn.delineation()
    spec = zone_spec(d)
    shown = {c.name for one in spec.layers for c in one.columns}
    assert not shown & {"owner", "owner_kind", "land_use", "sub_district", "in_pool"}
    assert drawn.HIDDEN not in str(record(spec))
    asked = layer(zone_spec(d, columns=["land_use"]), "parcels")
    assert "land_use" in {c.name for c in asked.columns}


def test_unknown_column_is_refused_with_the_nearest_name(drawn):
    with pytest.raises(InputError, match="land_usse") as fault:
        zone_spec(drawn.delineation(), columns=["land_usse"])
    assert "land_use" in fault.value.fix


@pytest.mark.parametrize(("key", "value"), [("edition", "secret"), ("lang", "fr")])
def test_unknown_edition_or_language_is_refused(drawn, key, value):
    with pytest.raises(InputError, match=value):
        zone_spec(drawn.delineation(), **{key: value})


def test_public_edition_has_no_rows_of_parcels_and_coordinates_on_the_grid(drawn):
    d = drawn.delineation()
    shifted = d.parcels.geometry.translate(3.3, 4.7)
    d.parcels = d.parcels.set_geometry(shifted)
    spec = zone_spec(d, edition="public", columns=["land_use"])
    parcels = layer(spec, "parcels")
    assert parcels.columns == ()
    assert not parcels.popup
    assert "440307-" not in str(record(spec))
    for one in spec.layers:
        xy = shapely.get_coordinates(one.geometry.to_numpy())
        assert np.abs(xy / PUBLIC_GRID_M - np.rint(xy / PUBLIC_GRID_M)).max() < 1e-6
    assert sum(one.count for one in parcels.classes) == len(d.parcels)
    assert any("10" in note.zh for note in spec.notes)


def test_neighbouring_zones_take_different_shades(drawn):
    parcels = layer(zone_spec(drawn.delineation()), "parcels")
    shades = {
        s
        for s, c in zip(parcels.shade_of, parcels.class_of, strict=True)
        if parcels.classes[c].value.startswith("chosen")
    }
    assert len(shades) == 2


def test_a_district_without_an_answer_still_has_a_map(drawn):
    spec = zone_spec(drawn.without_answer(), lang="en")
    assert layer(spec, "zones").geometry.empty
    contents = [f.content.en for f in spec.facts]
    assert "No feasible answer" in contents
    assert any("3.50" in one for one in contents)


def test_context_layers_are_drawn_under_the_outlines(drawn):
    d = drawn.delineation()
    shape = gpd.GeoDataFrame(
        {"kind": ["eco_control_line"], "name": ["平湖"]},
        geometry=[drawn.square(0, 4)],
        crs=drawn.CRS,
    )
    spec = zone_spec(d, exclusions=shape, sub_districts=shape, as_of=dt.date(2020, 6, 30))
    assert [one.name for one in spec.layers] == [
        "parcels",
        "exclusions",
        "barriers",
        "sub_districts",
        "zones",
    ]
    assert layer(spec, "exclusions").classes[0].title.en == "Ecological control line"
    assert layer(spec, "sub_districts").captions == ("平湖",)


def test_rows_in_another_order_give_the_same_classes(drawn):
    d, e = drawn.delineation(), drawn.delineation()
    e.parcels = e.parcels.iloc[::-1]
    one, other = layer(zone_spec(d), "parcels"), layer(zone_spec(e), "parcels")
    assert [c.value for c in one.classes] == [c.value for c in other.classes]
    assert one.class_of.tolist() == other.class_of.tolist()[::-1]


def test_the_caller_s_frames_stay_as_they_were(drawn):
    d = drawn.delineation()
    before = d.parcels.copy()
    zone_spec(d, edition="public")
    assert d.parcels.equals(before)


@pytest.mark.parametrize(
    "limit",
    [{"min_area_ha": 3.0, "area_budget_ha": 10.0}, {"min_area_ha": 50.0, "lock_in": ["p00"]}],
)
def test_real_delineations_have_a_map_and_a_picture(drawn, limit):
    ids = [f"p{c}{r}" for r in range(3) for c in range(6)]
    shapes = [drawn.square(c, r) for r in range(3) for c in range(6)]
    index = gpd.pd.Index(ids, name="parcel_id", dtype=object)
    parcels = gpd.GeoDataFrame(
        {"sub_district": "平湖"}, geometry=shapes, index=index, crs=drawn.CRS
    )
    river = drawn.delineation().barriers
    found = delineate(parcels, connect(parcels, river), gap=0.0, **limit)
    spec = zone_spec(found)
    assert label(f"status.{found.status}", "zh") in [f.content.zh for f in spec.facts]
    assert sum(c.count for c in layer(spec, "parcels").classes) == 18
    assert zone_map(found).html().startswith("<!DOCTYPE html>")
    assert zone_picture(found, dpi=40).startswith(b"\x89PNG")
    conflict = [f for f in spec.facts if f.title.en == "Conflict"]
    assert len(conflict) == len(found.conflict)
    assert (found.status == "infeasible") == any("41.00" in f.content.zh for f in conflict)


def _seen(colour, matrix):
    """Return a colour as a person with a colour deficiency sees it, in linear light to Lab."""
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(matrix @ linear, 0, 1)
    xyz = (
        np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
        @ linear
        / np.array([0.9505, 1.0, 1.089])
    )
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


# Machado, Oliveira and Fernandes (2009), severity 1.0
DEFICIENCIES = {
    "normal": np.eye(3),
    "protan": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                        [-0.003882, -0.048116, 1.051998]]),
    "deutan": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                        [-0.011820, 0.042940, 0.968881]]),
    "tritan": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                        [0.004733, 0.691367, 0.303900]]),
}  # fmt: skip


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_reasons_differ_by_colour_or_by_hatch(deficiency):
    matrix = DEFICIENCIES[deficiency]
    inks = list(palettes.REASONS.items())
    for i, (name, ink) in enumerate(inks):
        for other, ink2 in inks[i + 1 :]:
            distance = np.linalg.norm(_seen(ink.fill, matrix) - _seen(ink2.fill, matrix))
            assert (
                distance > 15
                or ink.hatch != ink2.hatch
                or {name, other} == {"ground", "not_in_pool"}
            ), (name, other, distance)
