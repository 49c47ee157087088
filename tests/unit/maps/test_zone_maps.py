"""What a map says is what the table says, and nothing else."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pytest
import shapely

from renewal_geo.contiguity import connect
from renewal_geo.foundation.errors import InputError
from renewal_geo.foundation.labels import label
from renewal_geo.maps import record, zone_map, zone_picture
from renewal_geo.maps.controls import total
from renewal_geo.maps.ready.zone_maps import PUBLIC_GRID_M, zone_spec
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
    counts = d.parcels["reason"].value_counts()
    shown = {one.value: one.count for one in parcels.classes if one.count is not None}
    assert shown == {
        "not_in_pool": counts["not_in_pool"]
    }  # the others have one or two owners, or tell
    assert any("10" in note.zh for note in spec.notes)


def test_the_one_absorbed_parcel_cannot_be_had_from_its_zone_s_figures(drawn):
    spec = zone_spec(drawn.delineation(), edition="public")
    classes = {one.value: one.count for one in layer(spec, "parcels").classes}
    # outlines and facts tell 13 chosen parcels: the 12 of the pool would tell the area of the one
    assert classes["chosen_filler"] is None
    assert classes["chosen"] is None
    assert layer(spec, "zones").values["parcel_count"].tolist() == [9, 4]
    assert layer(spec, "zones").captions == ("Z01 西片", "Z02 东片")


def test_a_zone_of_two_owners_has_no_figures(drawn):
    d = drawn.delineation()
    zone = d.parcels["zone_id"].fillna("")
    named = [f"{z}{n % 2 if z == 'Z02' else n}" for n, z in enumerate(zone)]
    d.parcels = d.parcels.assign(holder=named)
    zones = layer(zone_spec(d, edition="public", owners="holder"), "zones")
    # the net area of both stands among the facts: one zone would tell the other
    assert zones.values["area_m2"].isna().tolist() == [True, True]
    assert zones.values["zone_id"].tolist() == ["Z01", "Z02"]
    assert zones.classes[0].area_m2 is None
    every = zone_spec(d, edition="public", owners="holder", min_owners=1)
    assert layer(every, "zones").values["area_m2"].notna().all()
    assert [f.title.en for f in every.facts] == [f.title.en for f in zone_spec(d).facts]


def test_the_public_edition_tells_a_conflict_without_its_parcels(drawn):
    d = drawn.without_answer()
    d.conflict = [{"limit": "lock_in", "short_ha": 3.5, "parcels": ["440307-00"]}, "440307-01"]
    contents = [f.content.en for f in zone_spec(d, edition="public").facts]
    assert any("3.50" in one for one in contents)
    assert not any("440307" in one for one in contents)
    assert any("440307" in f.content.en for f in zone_spec(d).facts)


def test_totals_and_bars_are_those_of_the_table(drawn):
    d = drawn.delineation()
    spec = zone_spec(d, columns=["sub_district"])
    chosen = d.parcels[d.parcels["reason"] == "chosen"]
    figures = {one.name: total(spec, one) for one in spec.totals}
    assert figures["chosen_ha"] == pytest.approx(chosen["area_m2"].sum() / 1e4)
    assert figures["chosen"] == len(chosen) == 13
    assert figures["parcels"] == len(d.parcels)
    assert figures["chosen_share"] == pytest.approx(
        100 * figures["chosen_ha"] / figures["considered_ha"]
    )
    assert [one.by for one in spec.bars] == ["sub_district"]
    assert [one.by for one in zone_spec(d).bars] == ["zone_id"]


def test_parcels_can_be_searched_filtered_and_coloured_by_released_columns_only(drawn):
    d = drawn.delineation()
    plain, asked = (
        layer(zone_spec(d, columns=c), "parcels") for c in ((), ("land_use", "sub_district"))
    )
    assert plain.search == ("parcel_id",)
    assert plain.filters == ("reason", "zone_id")
    assert [one.name for one in plain.schemes] == ["zone_id"]
    assert [one.name for one in asked.schemes] == ["zone_id", "land_use", "sub_district"]
    by_use = asked.schemes[1]
    assert [one.title.en for one in by_use.classes] == ["M1 Industry"]
    assert sum(one.count for one in by_use.classes) == len(d.parcels)


def test_two_delineations_stand_on_both_sides_of_a_handle(drawn):
    d, earlier = drawn.delineation(), drawn.without_answer()
    spec = zone_spec(d, before=earlier)
    sides = {one.name: one.side for one in spec.layers}
    assert sides == {"parcels_before": "before", "parcels": "after", "barriers": "",
                     "zones_before": "before", "zones": "after"}  # fmt: skip
    assert spec.compare is not None
    public = zone_spec(d, before=earlier, edition="public")
    assert all(one.count is None for one in layer(public, "parcels_before").classes)
    assert zone_spec(d).compare is None


def test_an_owner_column_that_is_not_there_is_refused(drawn):
    with pytest.raises(InputError, match="holder"):
        zone_spec(drawn.delineation(), owners="holder")


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
