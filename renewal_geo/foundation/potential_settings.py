"""Every key of the table ``[potential]``, and of one of its criteria."""

from __future__ import annotations

from renewal_geo.foundation.facilities_settings import FACILITIES
from renewal_geo.foundation.setting import Setting

POTENTIAL: dict[str, Setting] = {
    "criteria": Setting(
        "tables",
        [],
        "",
        "tables: id, title, source, column or layer, transform with its figures, veto, weight, reference",
        "评价因子表：id、title、source、column 或 layer、transform 及其参数、veto、weight、reference",
    ),
    "table": Setting(
        "text",
        "",
        "",
        "workbook or CSV with one criterion per row, instead of criteria",
        "评价因子的 Excel 或 CSV 表，每行一个因子，代替 criteria",
    ),
    "sheet": Setting(
        "text", "", "", "sheet of that workbook; empty: the first", "工作表；留空为第一张"
    ),
    "name": Setting("text", "score", "", "name of the column that is made", "结果列的名称"),
    "weighting": Setting(
        "text",
        "direct",
        "",
        "how weights are found: direct | ahp (pairwise comparison) | swing | entropy (from the data)",
        "权重方法：direct 直接给定 | ahp 层次分析 | swing 摆幅 | entropy 熵权",
    ),
    "weights_are": Setting(
        "text",
        "auto",
        "",
        "what direct weights are: shares (adding to 1), percent (adding to 100), points (scaled); auto: by their look",
        "直接权重的口径：shares 合计为 1 | percent 合计为 100 | points 按比例折算 | auto 自动判断",
    ),
    "ahp": Setting(
        "matrices",
        [],
        "",
        "pairwise comparisons of the weighted criteria in their order, one matrix per expert; texts as '1/3' allowed",
        "各专家的判断矩阵，按加权因子的顺序；可写 '1/3'",
    ),
    "ahp_sheets": Setting(
        "list",
        [],
        "",
        "sheets of the workbook `table` that hold the matrices, one per expert",
        "table 工作簿中存放判断矩阵的工作表，每位专家一张",
    ),
    "because": Setting(
        "text",
        "",
        "",
        "reason for accepting a consistency ratio above 0.10",
        "接受一致性比率大于 0.10 的理由",
    ),
    **{key: FACILITIES[key] for key in ("network", "noded", "max_snap_m")},  # streets are streets
    "top": Setting(
        "int",
        0,
        "",
        "how many parcels are at the top; 0: by top_ha, else a tenth",
        "入选宗数；0 则按 top_ha，均无则取十分之一",
    ),
    "top_ha": Setting(
        "float",
        0.0,
        "ha",
        "how much land is at the top, by rank; 0: by count",
        "按排名累计的入选面积；0 为按宗数",
    ),
    "draws": Setting(
        "int", 1000, "", "weightings that are tried; 0: none", "权重抽样次数；0 为不做"
    ),
    "law": Setting(
        "text",
        "around",
        "",
        "how weightings are drawn: around the planner's, or uniform (all alike)",
        "抽样方式：around 围绕给定权重 | uniform 所有权重等可能",
    ),
    "noise": Setting(
        "float",
        0.5,
        "",
        "standard deviation of the factor on every weight, for around",
        "各权重随机系数的标准差（around）",
    ),
    "seed": Setting("int", 0, "", "seed of the draws", "随机种子"),
    "robust": Setting(
        "bool",
        True,  # noqa: FBT003 - the default of a flag
        "",
        "the whole pass also draws zones by the score that holds in nine of ten weightings, and compares",
        "全流程另按九成权重下都能达到的得分划一次片区并作比较",
    ),
}

CRITERION: dict[str, str] = {
    "id": "text",
    "title": "text",
    "title_en": "text",
    "source": "text",
    "column": "text",
    "layer": "text",
    "where": "text",
    "statistic": "text",
    "derive": "text",
    "values": "list",
    "by": "text",
    "within_m": "number",
    "unit": "text",
    "direction": "text",
    "transform": "text",
    "breaks": "list",
    "scores": "list",
    "low": "number",
    "high": "number",
    "categories": "mapping",
    "veto": "text",
    "weight": "numbers",
    "missing": "number",
    "reference": "text",
}
"""Keys of one table of ``potential.criteria`` and what their values are made of; numbers: one, or a list."""
