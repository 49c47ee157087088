"""What a criterion measures, in one phrase for people."""

from __future__ import annotations

from renewal_geo.foundation import schema
from renewal_geo.potential.criterion import Criterion

RASTERS = {"dem": "高程", "population": "人口"}
STATISTICS = {
    "mean": "平均值", "min": "最小值", "max": "最大值", "median": "中位数", "stdev": "标准差", "sum": "合计",
    "per_ha": "每公顷数量", "majority": "占比最大的类别", "share": "占比",
}  # fmt: skip
SLOPES = {"slope_deg": "坡度（°）", "slope_percent": "坡度（%）"}


def told_in_chinese(criterion: Criterion) -> str:
    """Return what a criterion measures, in Chinese; roles by their title, columns and expressions as given.

    Examples
    --------
    >>> told_in_chinese(Criterion("metro", source="distance", layer="stations", by="network"))
    '宗地内一点沿路网到最近轨道站点的距离（m）'
    """
    rows = _rows(criterion)
    around = f"周边 {criterion.within_m:g} m 内" if criterion.within_m else "宗地内"
    if criterion.source == "share":
        ground = f"宗地及周边 {criterion.within_m:g} m" if criterion.within_m else "宗地"
        return f"{rows}占{ground}面积的比例"
    if criterion.source == "distance":
        way = "宗地内一点沿路网" if criterion.by == "network" else "宗地边界"
        return f"{way}到最近{rows}的距离（m）"
    if criterion.source == "density":
        what = f"的 {criterion.column} 合计" if criterion.column else "数量或长度"
        return f"{around}每公顷{rows}{what}"
    if criterion.source == "raster":
        return _off_raster(criterion)
    column = schema.table("parcels").columns.get(criterion.column)
    return column.title_zh if column else criterion.column


def _off_raster(criterion: Criterion) -> str:
    cells = RASTERS.get(criterion.layer, criterion.layer) + SLOPES.get(criterion.derive, "")
    around = f"（周边 {criterion.within_m:g} m 内）" if criterion.within_m else ""
    if criterion.statistic == "share":
        return f"{cells}栅格中类别 {'、'.join(criterion.values)} 的占比{around}"
    return f"{cells}栅格的{STATISTICS[criterion.statistic]}{around}"


def _rows(criterion: Criterion) -> str:
    role = criterion.layer
    title = schema.table(role).title_zh if role in schema.roles() else role
    return f"{title}（{criterion.where}）" if criterion.where else title
