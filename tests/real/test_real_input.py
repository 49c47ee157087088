"""The studies that docs/real_input.md shows, run as it says, on the real layers."""

import re
import shutil
from pathlib import Path

import pytest

from renewal_geo.cli.app import main

PAGE = Path(__file__).resolve().parents[2] / "docs" / "real_input.md"
FILES = {
    "wuxi": [
        "wuxi_xinwu/xinwu_land_use.gpkg",
        "wuxi_xinwu/xinwu_water_osm.gpkg",
        "wuxi_xinwu/xinwu_road_centerlines.gpkg",
    ],
    "nankan": ["taiwan_zoning/H0102_nankan.geojson"],
    "cambridge": ["cambridge_ma/ASSESSING_ParcelsFY2014.topojson", "cambridge_ma/TaxFY14.csv"],
}


def shown_study(name: str) -> str:
    """Return the study.toml that the page shows for `name`."""
    page = PAGE.read_text(encoding="utf-8")
    return re.search(rf"`{name}/study\.toml`:\n\n```toml\n(.*?)```", page, re.DOTALL).group(1)


@pytest.mark.parametrize("name", FILES)
def test_shown_commands_give_zones_that_verify(name, real_data, tmp_path):
    study = tmp_path / name
    study.mkdir()
    for file in FILES[name]:
        shutil.copy(real_data / file, study)
    text = re.sub(r"time_limit_s\s*= \d+", "time_limit_s = 12", shown_study(name))
    (study / "study.toml").write_text(text, encoding="utf-8")
    out = tmp_path / "zones"

    assert main(["run", str(study), "--out", str(out)]) == 0
    assert main(["zones", "verify", str(out)]) == 0
    assert {"zones.gpkg", "zones.html", "zones.xlsx", "zones.png", "certificate.json"} <= {
        path.name for path in out.iterdir()
    }
