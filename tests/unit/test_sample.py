"""The sample district is what its README says, and check finds every planted fault in it."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from renewal_geo import io, quality

POOL = ["M1", "M0", "W1"]
CHECKED = [
    "国有已出让", "非农建设用地", "征地返还用地", "已处理历史用地", "旧屋村", "未完善手续", "国有未出让",
]  # fmt: skip


@pytest.fixture(scope="module")
def study(sample_study_folder):
    return io.open_study(sample_study_folder)


@pytest.fixture(scope="module")
def findings(study):
    return quality.check(study.parcels, district=study.sub_districts, barriers=study.barriers)


@pytest.fixture(scope="module")
def planted(sample_study_folder):
    return pd.read_csv(sample_study_folder / "planted_faults.csv", dtype=str).fillna("")


def test_pool_adds_up_to_the_reports_area(study):
    pool = study.parcels[study.parcels["land_use"].isin(POOL)]
    drawn = pool.geometry.area.sum()
    assert drawn == pytest.approx(18.5e6, rel=0.01)
    assert 11_000 < len(study.parcels) < 14_000


def test_files_are_as_planners_have_them(sample_study_folder):
    assert not (sample_study_folder / "exclusions.cpg").exists()
    assert not (sample_study_folder / "control_lines.cpg").exists()
    assert not (sample_study_folder / "barriers.prj").exists()
    assert sum(f.stat().st_size for f in sample_study_folder.iterdir()) < 20e6
    names = gpd.read_file(sample_study_folder / "parcels.shp", encoding="GBK", rows=1).columns
    assert all(len(str(name).encode("gbk")) <= 10 for name in names)


def test_layer_without_cpg_is_read_right(study):
    assert "虚构水库一级保护区" in set(study.exclusions["name"])


def test_control_lines_are_three_kinds_that_overlap(study):
    lines = study.table("control_lines")
    kinds = {kind: rows.geometry.union_all() for kind, rows in lines.groupby("kind")}
    assert set(kinds) == {"eco_control_line", "permanent_farmland", "industrial_block_line"}
    for one, other in (("eco_control_line", "permanent_farmland"),
                       ("eco_control_line", "industrial_block_line"),
                       ("permanent_farmland", "industrial_block_line")):  # fmt: skip
        assert kinds[one].intersection(kinds[other]).area > 100_000
    assert shapely.get_num_coordinates(lines.geometry.to_numpy()).max() > 20_000
    assert "虚构基本农田1" in set(lines["name"])


def test_tenure_is_digitised_separately(study):
    tenure = study.table("tenure")
    assert set(tenure["权属"]) == {"国有", "国有/集体", "集体"}
    assert set(tenure["tenure"]) == {"国有", "国有/集体", "集体", *CHECKED}
    assert tenure.geometry.is_valid.all()
    excess = tenure.geometry.area.sum() - tenure.geometry.union_all().area
    assert excess > 10_000


def test_buildings_lie_across_borders_and_bear_three_kinds_of_fault(study):
    built = study.table("buildings")
    assert len(built) == 5_200
    assert built["floor_area_m2"].isna().sum() == 3
    drawn = built.geometry[built.geometry.notna()]
    assert len(drawn) == 5_199
    assert (~drawn.is_valid).sum() == 1
    sound = study.parcels[study.parcels.geometry.notna() & study.parcels.geometry.is_valid]
    across, _ = sound.sindex.query(drawn[drawn.is_valid], predicate="overlaps")
    assert len(set(across)) > 500


def test_the_eleven_sub_districts_tile_the_district(study):
    shapes = study.sub_districts.geometry
    assert len(shapes) == 11
    assert shapes.area.sum() == pytest.approx(shapes.union_all().area, rel=1e-9)


def test_every_planted_fault_is_found(study, findings, planted):
    table = findings.table
    for fault in planted.itertuples():
        of_code = table[table["code"] == fault.code]
        if fault.code == "gap":
            here = study.parcels.geometry[[fault.parcel_id, fault.other_id]]
            near = shapely.dwithin(of_code.geometry.to_numpy(), here.iloc[0], 0.01)
            near &= shapely.dwithin(of_code.geometry.to_numpy(), here.iloc[1], 0.01)
            assert near.any(), fault
        elif fault.code == "missing_id":
            assert (of_code["row_id"] == "").any()
        else:
            touched = set(of_code["row_id"]) | set(of_code["other_id"])
            assert fault.parcel_id in touched, fault


def test_nothing_else_is_called_an_error(findings, planted):
    """What was not planted is not reported, but for the harmless vertices that planting left."""
    found = findings.table["code"].value_counts().to_dict()
    found.pop("unmatched_vertex")
    assert found == planted["code"].value_counts().to_dict()


def test_repair_keeps_its_books_and_is_idempotent(study, findings):
    mended = quality.repair(study.parcels, findings)
    assert mended.table.index.is_unique
    change = mended.area_after_m2 - mended.area_before_m2
    assert change == pytest.approx(mended.log["delta_m2"].sum(), abs=1e-6)
    again = quality.repair(mended.table, quality.check(mended.table))
    assert len(again.log) == 0
    assert again.table.index.equals(mended.table.index)
