"""Every ready map of the sample district in a browser: it asks nobody, and its figures are the table's."""

import pytest

from renewal_geo import maps, workflow
from renewal_geo.maps.controls import total

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("kind", ["handover", "facilities", "tasks", "quality"])
@pytest.mark.parametrize("edition", ["internal", "public"])
def test_the_page_reckons_what_the_table_says(visit, sample_study_folder, tmp_path, kind, edition):
    given = {"maps": {"edition": edition}}
    spec = workflow.publish_map(kind, sample_study_folder, tmp_path / "out", given).spec
    seen = visit(maps.interactive(spec), size=(1600, 900))
    seen.sound()
    shown = seen.page.evaluate(
        "() => renewalGeo.data.totals.map(t => [t.name, renewalGeo.summed(t)])"
    )
    assert [name for name, _ in shown] == [one.name for one in spec.totals]
    for one, (_, value) in zip(spec.totals, shown, strict=True):
        assert value == pytest.approx(total(spec, one), abs=0.5 * 10**-one.decimals)
    for layer in spec.layers:
        if layer.area:
            counted = seen.page.evaluate(
                "name => renewalGeo.tallied(renewalGeo.data.layers.find(l => l.name === name))",
                layer.name,
            )
            told = [(one.count, one.area_m2) for one in layer.classes]
            for own, (count, area) in zip(counted, told, strict=True):
                assert count is None or own["count"] == count
                assert area is None or own["area"] == pytest.approx(
                    area, abs=0.05 * len(layer.values)
                )
