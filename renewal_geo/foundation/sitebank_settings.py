"""Every key of the table ``[sitebank]``."""

from __future__ import annotations

from renewal_geo.foundation.setting import Setting

SITEBANK: dict[str, Setting] = {
    "include_inside": Setting(
        "bool",
        False,  # noqa: FBT003 - the default of a flag
        "",
        "take sites inside units too, and those that do not say; else only those outside 外部",
        "单元内部及未注明内外的用地也参与匹配；否则只用外部移交用地",
    ),
    "max_late_days": Setting(
        "float", 0.0, "d", "days by which a site may come after the need's day", "用地可晚于需用日期的天数"
    ),
    "distance_weight": Setting("float", 1.0, "per m", "cost of a metre", "每米距离的代价"),
    "late_weight": Setting(
        "float", 10.0, "m per d", "cost of a day late, in metres", "每晚一天的代价（折米）"
    ),
    "waste_weight": Setting(
        "float",
        0.01,
        "m per m2",
        "cost of a square metre that a site has beyond the need, in metres",
        "用地超出需求的每平方米的代价（折米）",
    ),
    "priorities": Setting(
        "list",
        [],
        "",
        "words from what comes first to what comes last, those of one rank joined by |; empty: 高, 中, 低",
        "优先级用词，从先到后，同级以 | 相连；留空为 高、中、低",
    ),
    "share_site": Setting(
        "bool",
        True,  # noqa: FBT003 - the default of a flag
        "",
        "several needs may share a site as long as their least areas fit into it",
        "一宗用地可容多项需求，只要最小面积之和不超过用地面积",
    ),
    "obey_required": Setting(
        "bool",
        True,  # noqa: FBT003 - the default of a flag
        "",
        "sites marked as required must each answer a need",
        "标为必选的用地必须用上",
    ),
    "distances": Setting(
        "text",
        "",
        "",
        "table (csv, xlsx) with need_id, site_id, distance_m instead of straight lines; absent pairs are "
        "out of reach",
        "距离表（csv、xlsx）：need_id、site_id、distance_m，代替直线距离；表中没有的视为无法到达",
    ),
    "time_limit_s": Setting("float", 30.0, "s", "wall-clock limit of the search", "求解时间上限"),
    "gap": Setting(
        "float",
        0.0,
        "",
        "stop each count and the cost when proven within this share",
        "各级数量与代价证明差距不超过此比例即停止",
    ),
    "seed": Setting(
        "int", 0, "", "recorded; nothing here is left to chance", "随机种子（仅记录，求解不含随机）"
    ),
}  # fmt: skip
