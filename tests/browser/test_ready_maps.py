"""Every ready map in a browser: it asks nobody, and the figures that it prints are the table's."""

import pytest

from renewal_geo import maps, workflow
from renewal_geo.maps.controls import total

pytestmark = pytest.mark.browser
TALL = (1600, 2400)
MOST_BARS = 12  # longer panels end with a line of all others


def number(text):
    return float(text.replace(",", ""))


def printed_totals(seen):
    cards = seen.page.locator("[data-total]")
    return {
        card.get_attribute("data-total"): card.locator(".figure").inner_text()
        for card in cards.all()
    }


def printed_legend(seen, layer):
    """Return value -> (hectares or None, count) as the legend of a layer prints them."""
    found = {}
    for row in seen.page.locator(f"button.class[data-layer={layer}]").all():
        *area, count = row.locator(".num").inner_text().split(" · ")
        found[row.get_attribute("data-value")] = (
            number(area[0].split()[0]) if area else None,
            number(count),
        )
    return found


def printed_bars(seen, name):
    """Return the figures of a bar panel, longest first, without the line of all others."""
    texts = seen.page.locator(f"[data-bars={name}] li .num").all_inner_texts()
    return [number(text) for text in texts][:MOST_BARS]


def reckoned_bars(spec, bars):
    layer = next(one for one in spec.layers if one.name == bars.layer)
    column = layer.values[bars.column].astype(float) if bars.column else 1.0
    sums = (
        layer.values[[bars.by]].assign(weight=column).groupby(bars.by, dropna=False)["weight"].sum()
    )
    return (sums * bars.factor).sort_values(ascending=False).tolist()


def agree(seen, spec):
    """Compare what the page prints of totals, bars and legends with the spec's table."""
    shown = printed_totals(seen)
    assert list(shown) == [one.name for one in spec.totals]
    for one in spec.totals:
        value = total(spec, one)
        if value is None:
            assert shown[one.name] == "—"
        else:
            assert number(shown[one.name]) == pytest.approx(value, abs=0.51 * 10**-one.decimals)
    for bars in spec.bars:
        reckoned = reckoned_bars(spec, bars)[:MOST_BARS]
        assert printed_bars(seen, bars.name) == pytest.approx(
            reckoned, abs=0.51 * 10**-bars.decimals
        )
    for layer in spec.layers:
        if not layer.area or len(layer.classes) < 2:
            continue
        areas = layer.values[layer.area].astype(float)
        for place, one in enumerate(layer.classes):
            rows = layer.class_of == place
            hectares, count = printed_legend(seen, layer.name)[one.value]
            assert count == rows.sum()
            assert hectares == pytest.approx(areas[rows].sum() / 1e4, abs=0.0051)


@pytest.mark.parametrize("kind", ["handover", "facilities", "tasks", "quality"])
@pytest.mark.parametrize("edition", ["internal", "public"])
def test_the_page_prints_what_the_table_says(visit, sample_study_folder, tmp_path, kind, edition):
    given = {"maps": {"edition": edition}}
    spec = workflow.publish_map(kind, sample_study_folder, tmp_path / "out", given).spec
    seen = visit(maps.interactive(spec), size=TALL)
    seen.sound()
    agree(seen, spec)


def test_a_zone_map_prints_what_the_delineation_says(visit, drawn):
    d = drawn.delineation()
    page = maps.zone_map(d, columns=["land_use"], lang="en")
    seen = visit(page, size=TALL)
    agree(seen, page.spec)
    parcels = d.parcels
    by_reason = parcels.groupby("reason")["area_m2"].agg(["sum", "count"])
    legend = printed_legend(seen, "parcels")
    for reason, (area, count) in by_reason.drop(index="chosen").iterrows():
        assert legend[reason] == (pytest.approx(area / 1e4, abs=0.0051), count)
    shown = printed_totals(seen)
    assert number(shown["chosen_ha"]) == pytest.approx(d.zones["area_m2"].sum() / 1e4, abs=0.0051)
    assert number(shown["chosen"]) == by_reason.loc["chosen", "count"]
    assert number(shown["parcels"]) == len(parcels)
    steps = seen.page.locator(".funnel .top span:last-child").all_inner_texts()
    assert steps == [
        f"{area / 1e4:,.2f} ({count:,})"
        for area, count in zip(d.funnel["area_m2"], d.funnel["count"], strict=True)
    ]
    listed = seen.page.locator(".list .num").all_inner_texts()
    assert listed == [f"{area / 1e4:,.2f} ha" for area in d.zones["area_m2"]]
