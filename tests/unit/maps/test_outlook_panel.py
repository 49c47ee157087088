"""What a planner asks next, on the map: the figures of the tables, and in public no parcel."""

import dataclasses
import io
import json

import matplotlib.image
import numpy as np
import pytest

from renewal_geo.foundation.errors import CRSError
from renewal_geo.maps import frontier_picture, palettes, record, zone_map
from renewal_geo.maps.page.payload import encode, payload
from renewal_geo.maps.ready import frontier_pictures
from renewal_geo.maps.ready.zone_maps import PUBLIC_GRID_M, zone_spec


def layer(spec, name):
    return next(one for one in spec.layers if one.name == name)


def section(spec, name):
    return next(one for one in spec.panel.sections if one.name == name)


def spec_of(drawn, foreseen, **options):
    d = drawn.delineation()
    return zone_spec(d, outlook=foreseen.outlook(d), **options)


def test_without_an_outlook_the_map_is_what_it_was(drawn):
    d = drawn.delineation()
    spec = zone_spec(d)
    assert spec.panel is None
    assert payload(spec)["panel"] is None
    assert {one.name for one in spec.layers} == {"parcels", "barriers", "zones"}


def test_the_frontier_is_drawn_from_its_table(drawn, foreseen):
    spec = spec_of(drawn, foreseen)
    table = foreseen.outlook(drawn.delineation()).frontier.table
    budget = table[table["kind"] == "budget"]
    value, outline = section(spec, "frontier").curves
    assert [p.x for p in value.points] == budget["area_budget_ha"].tolist()
    assert [p.found for p in value.points] == budget["net_value"].tolist()
    assert [p.bound for p in value.points] == budget["bound"].tolist()
    assert [p.own for p in value.points] == budget["is_study"].tolist()
    assert [p.x for p in outline.points] == pytest.approx(
        [1.3, 1.7, 1.9, 2.1]
    )  # by length, not by weight
    assert {p.bound for p in outline.points} == {None}
    assert len(section(spec, "frontier").rows) == len(table)
    assert "★" in section(spec, "frontier").rows[2][0].zh


def test_a_study_without_a_budget_stands_where_its_area_is(drawn, foreseen):
    d = drawn.delineation()
    seen = foreseen.outlook(d)
    seen.frontier.table.loc["P03", "area_budget_ha"] = np.nan
    points = section(zone_spec(d, outlook=seen), "frontier").curves[0].points
    assert [(p.x, p.own) for p in points][2] == (13.0, True)


def test_phases_are_a_layer_that_starts_off(drawn, foreseen):
    phases = layer(spec_of(drawn, foreseen), "phases")
    assert not phases.visible
    assert not phases.popup
    assert [(c.value, c.count, c.area_m2) for c in phases.classes] == [
        ("1", 1, 90_000.0), ("2", 1, 40_000.0),
    ]  # fmt: skip
    assert phases.class_of.tolist() == [0, 1]
    assert len({(c.fill, c.hatch) for c in phases.classes}) == 2


def test_phase_inks_differ_in_hatch_too():
    assert len({one.hatch for one in palettes.PHASES}) == len(palettes.PHASES)


def sent_columns(unpacked, spec):
    sent = unpacked.unpacked(encode(payload(spec)))["layers"][0]["columns"]
    return {column["name"]: column for column in sent}


def test_popups_say_what_would_have_to_change_in_both_languages(drawn, foreseen, unpacked):
    spec = spec_of(drawn, foreseen)
    parcels = layer(spec, "parcels")
    names = [c.name for c in parcels.columns]
    assert names[: names.index("outlook_change") + 2] == [
        "parcel_id", "reason", "reason_text", "outlook_change", "outlook_frequency",
    ]  # fmt: skip
    sent = sent_columns(unpacked, spec)
    first = sent["outlook_change"]["titles"][sent["outlook_change"]["codes"][0]]
    assert first == {
        "zh": "440307-00 每公顷价值须达到 1.5",
        "en": "440307-00 would need 1.5 per ha",
    }
    assert sent["outlook_change"]["titles"][sent["outlook_change"]["codes"][-1]] is None
    assert sent["outlook_frequency"]["numbers"][0] == 0.95
    zones = layer(spec, "zones")
    assert {"outlook_phase", "outlook_mean_frequency"} <= {c.name for c in zones.columns}


def test_parcels_beside_no_zone_share_one_sentence(drawn, foreseen, unpacked):
    d = drawn.delineation()
    seen = foreseen.outlook(d)
    seen.changes.table.loc[seen.changes.table.index[5:], "would"] = "-"
    sent = sent_columns(unpacked, zone_spec(d, outlook=seen))
    assert len(sent["outlook_change"]["titles"]) == 5 + 1 + 1  # five of their own, one shared, none
    assert {"zh": "不与任何片区相邻", "en": "Lies beside no zone"} in sent["outlook_change"][
        "titles"
    ]


def test_crossings_are_numbered_lines_with_their_parcels_and_sentences(drawn, foreseen):
    crossings = layer(spec_of(drawn, foreseen), "crossings")
    assert crossings.kind == "line"
    assert crossings.dots
    assert crossings.captions == ("1", "2")
    assert crossings.values["focal"].tolist() == ["440307-21", "440307-20"]
    assert [crossings.classes[c].value for c in crossings.class_of] == ["gain", "none"]
    items = section(spec_of(drawn, foreseen), "crossings").items
    assert [one.feature for one in items] == [0, 1]
    assert items[0].text.en.startswith("1. a bridge between")


def test_the_public_edition_names_no_parcel(drawn, foreseen, unpacked):
    spec = spec_of(drawn, foreseen, edition="public")
    assert "440307-" not in json.dumps(record(spec), ensure_ascii=False)
    assert "440307-" not in unpacked.everything(encode(payload(spec)))
    crossings = layer(spec, "crossings")
    assert crossings.kind == "point"
    assert not {"focal", "neighbour", "sentence"} & {c.name for c in crossings.columns}
    on_grid = np.array([[p.x, p.y] for p in crossings.geometry]) / PUBLIC_GRID_M
    assert np.allclose(on_grid, np.rint(on_grid))
    assert [one.name for one in spec.panel.sections] == [
        "frontier", "phases", "prices", "crossings", "robustness",
    ]  # fmt: skip
    assert len(section(spec, "prices").items) == 2  # the lock's sentence would name its parcel
    assert spec.panel.notes == ()


def test_without_a_sentence_the_figures_speak(drawn, foreseen):
    d = drawn.delineation()
    seen = foreseen.outlook(d)
    table = seen.prices.table
    table.loc["budget_up", ["step", "gain_found", "gain_at_most"]] = [-0.13, 0.05, 0.09]
    table.loc[["budget_up", "share_legal"], ["sentence_zh", "sentence_en"]] = None
    items = section(zone_spec(d, outlook=seen), "prices").items
    assert items[0].text.en == "area budget -0.13 ha: found -0.09, at most -0.05"  # a loss
    assert items[1].text.zh == "合法用地比例 -1 个百分点：找到 —，至多 +0.40"
    assert items[2].text.en == "440307-32 freed"


def test_the_lead_says_how_good_the_answer_is(drawn, foreseen):
    assert "14.60" in spec_of(drawn, foreseen).panel.lead.en
    d = drawn.delineation()
    d.status, d.objective, d.gap = "optimal", 14.6, 0.0
    assert "没有更好的划法" in zone_spec(d, outlook=foreseen.outlook(d)).panel.lead.zh


@pytest.mark.parametrize("edition", ["internal", "public"])
@pytest.mark.parametrize("case", ["empty", "unreached"])
def test_no_answer_and_no_time_still_make_a_page(drawn, foreseen, edition, case):
    d = drawn.without_answer()
    outlook = foreseen.empty(d) if case == "empty" else foreseen.unreached()
    spec = zone_spec(d, outlook=outlook, edition=edition)
    names = [one.name for one in spec.panel.sections]
    assert names == (["components"] if (case, edition) == ("empty", "internal") else [])
    assert {one.name for one in spec.layers} == {"parcels", "barriers", "zones"}
    assert "no choice of zones" in spec.panel.lead.en.lower()
    assert zone_map(d, outlook=outlook, edition=edition).html()


def test_a_column_of_the_user_cannot_pass_for_one_of_ours(drawn, foreseen, unpacked):
    d = drawn.delineation()
    d.parcels = d.parcels.assign(frequency=drawn.HIDDEN, phase=drawn.HIDDEN, sentence=drawn.HIDDEN)
    block = encode(payload(zone_spec(d, outlook=foreseen.outlook(d))))
    assert drawn.HIDDEN not in unpacked.everything(block)


def test_hostile_sentences_stay_inside_the_data_block(drawn, foreseen, unpacked):
    for text in drawn.PAYLOADS:
        d = drawn.delineation()
        page = zone_map(d, outlook=foreseen.outlook(d, text=text)).html()
        assert text in unpacked.unpacked(unpacked.block_of(page))["panel"]["notes"][0]["zh"]
        assert text not in page


def test_the_same_outlook_gives_the_same_page(drawn, foreseen):
    d = drawn.delineation()
    first = zone_map(d, outlook=foreseen.outlook(d)).html()
    assert first == zone_map(drawn.delineation(), outlook=foreseen.outlook(d)).html()


def test_the_picture_shows_band_curve_and_study(drawn, foreseen):
    ids = drawn.delineation().parcels.index
    png = frontier_picture(foreseen.frontier(ids), "zh", dpi=60)
    assert png == frontier_picture(foreseen.frontier(ids), "zh", dpi=60)
    image = (matplotlib.image.imread(io.BytesIO(png))[:, :, :3] * 255).round().astype(int)
    for colour in (frontier_pictures.FOUND_INK, frontier_pictures.STUDY_INK):
        rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
        assert (np.abs(image - rgb).max(axis=2) <= 3).mean() > 0.0005


def test_the_picture_needs_neither_font_nor_points(drawn, foreseen, monkeypatch):
    d = drawn.delineation()
    assert frontier_picture(foreseen.empty(d).frontier, "zh", title=r"$\frac 改造", dpi=40)
    monkeypatch.setattr(frontier_pictures, "chinese_family", lambda: None)
    assert frontier_picture(foreseen.frontier(d.parcels.index), "zh", title="改造", dpi=40)
    assert frontier_picture(foreseen.empty(d).frontier, "zh", dpi=40)


def test_weightings_are_called_so(drawn, foreseen):
    d = drawn.delineation()
    seen = foreseen.outlook(d)
    firm = dataclasses.replace(seen.robustness, law="weightings", noise=0.0)
    spec = zone_spec(d, outlook=dataclasses.replace(seen, robustness=firm))
    made = section(spec, "robustness")
    assert "30 weightings of the criteria" in made.hint.en
    assert "30 组评价因子权重" in made.hint.zh
    assert made.title.en == "Robustness: what if the criteria weigh otherwise"
    assert [head.en for head in made.heads[1:]] == [
        "Mean share of weightings", "Least share of weightings", "Firm share of the area",
    ]  # fmt: skip
    titles = {c.name: c.title.en for one in spec.layers for c in one.columns}
    assert titles["outlook_frequency"] == "Chosen in (share of weightings)"
    assert titles["outlook_mean_frequency"] == "Mean share of weightings"
    before = section(spec_of(drawn, foreseen), "robustness")
    assert "error of about 10%" in before.hint.en


def test_robust_zones_are_dashed_outlines_that_start_off(drawn):
    d = drawn.delineation()
    spec = zone_spec(d, robust=d.zones)
    robust = layer(spec, "robust")
    assert spec.layers[-1] is robust
    assert not robust.visible
    assert not robust.columns
    assert (robust.classes[0].count, robust.classes[0].area_m2) == (2, 130_000.0)
    for dashes, zone in zip(robust.geometry, d.zones.geometry, strict=True):
        assert len(dashes.geoms) > 20
        assert dashes.length == pytest.approx(0.6 * zone.length, rel=1e-6)
        assert dashes.distance(zone.boundary) == pytest.approx(0, abs=1e-6)
        assert dashes.difference(zone.boundary.buffer(1e-6)).is_empty
    assert "dashed" in robust.classes[0].title.en
    assert payload(spec)["layers"][-1]["name"] == "robust"


@pytest.mark.parametrize("robust", [None, "empty"])
def test_without_robust_zones_there_is_no_layer(drawn, robust):
    d = drawn.delineation()
    spec = zone_spec(d, robust=d.zones.iloc[:0] if robust else None)
    assert "robust" not in {one.name for one in spec.layers}


def test_robust_zones_stay_in_the_house(drawn):
    d = drawn.delineation()
    spec = zone_spec(d, robust=d.zones, edition="public")
    assert "robust" not in {one.name for one in spec.layers}
    said = next(note.en for note in spec.notes if "Robust zones" in note.en)
    assert said.startswith("Not in the public edition")


def test_robust_zones_of_another_grid_are_refused(drawn):
    d = drawn.delineation()
    with pytest.raises(CRSError):
        zone_spec(d, robust=d.zones.set_crs("EPSG:4526", allow_override=True))
