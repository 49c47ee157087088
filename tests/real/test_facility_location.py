"""The public covering instances against their known optima: San Francisco, and São José dos Campos."""

import csv
import re

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from renewal_geo.facilities import locate


@pytest.fixture(scope="module")
def folder(real_data):
    found = real_data / "facility_location"
    if not (found / "KNOWN_OPTIMA.csv").exists():
        pytest.skip(f"no instances at {found}")
    return found


@pytest.fixture(scope="module")
def optima(folder):
    with (folder / "KNOWN_OPTIMA.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def san_francisco(folder):
    """Network distances as they stand in the file, and the demand of the tracts (not their number)."""
    pairs = pd.read_csv(
        folder / "spopt_sf" / "SF_network_distance_candidateStore_16_censusTract_205_new.csv",
        dtype={"DestinationName": str},
    )
    costs = pairs.set_index(["DestinationName", "name"])["distance"].unstack()  # noqa: PD010
    weight = pairs.drop_duplicates("DestinationName").set_index("DestinationName")["demand"]
    return costs, weight


def read_sjc(path):
    """Coordinates (m) and demand; the first line is the number of points and a header."""
    lines = path.read_text().split("\n")
    count = int(lines[0].split()[0])
    rows = np.array(
        [[float(one) for one in line.split()[:3]] for line in lines[1:] if line.strip()]
    )
    assert len(rows) == count
    return gpd.GeoDataFrame(
        {"population": rows[:, 2]},
        geometry=gpd.points_from_xy(rows[:, 0], rows[:, 1]),
        crs="EPSG:4547",
    )


def test_every_covering_optimum_of_sjc(folder, optima):
    asked = 0
    for row in optima:
        if not row["instance"].startswith("SJC"):
            continue
        points = read_sjc(folder / "sjc" / row["instance"])
        found = locate(
            points, points, model=row["model"].lower(), radius_m=float(row["radius"].removeprefix("r=")),
            p=int(row["p"].removeprefix("p=")) if row["model"] == "MCLP" else None,
        )  # fmt: skip
        assert (found.status, found.objective) == ("optimal", float(row["optimum"])), row
        assert found.bound == found.objective, row
        asked += 1
    assert asked == 19


def test_san_francisco_as_published(san_francisco, optima):
    costs, weight = san_francisco
    asked = 0
    for row in optima:
        if row["instance"] != "spopt_sf":
            continue
        model = row["model"].lower().replace("-", "_")
        found = locate(
            costs=costs, weight=weight, model=model, p=None if model == "lscp" else 4,
            radius_m=5000 if model in {"lscp", "mclp"} else None,
        )  # fmt: skip
        assert found.status == "optimal", row
        assert found.objective == pytest.approx(float(row["optimum"]), rel=1e-9), row
        asked += 1
    assert asked == 4
    share = locate(costs=costs, weight=weight, p=4, radius_m=5000).objective / weight.sum()
    assert share == pytest.approx(0.91638, abs=5e-6)


def test_the_published_stores(san_francisco, optima):
    costs, weight = san_francisco
    basis = next(
        r["basis"] for r in optima if r["instance"] == "spopt_sf" and r["model"] == "p-median"
    )
    stores = {f"Store_{one}" for one in re.search(r"Store_([\d,]+)", basis).group(1).split(",")}
    assert set(locate(costs=costs, weight=weight, model="p_median", p=4).chosen.index) == stores
