"""Every key of the table ``[facilities]``."""

from __future__ import annotations

from renewal_geo.foundation.setting import Setting

FACILITIES: dict[str, Setting] = {
    "by": Setting(
        "text",
        "line",
        "",
        "how ways are measured: line (straight) or network (along the streets of the study)",
        "距离算法：line 直线 | network 沿研究的路网",
    ),
    "network": Setting(
        "text", "roads", "", "role of the street centre-lines", "道路中心线的图层角色"
    ),
    "noded": Setting(
        "bool",
        True,  # noqa: FBT003 - the default of a flag
        "",
        "streets meet wherever they cross; no: only at vertices that they share, as where bridges are drawn",
        "道路相交即连通；否则只在共有顶点处连通（有高架、立交时用）",
    ),
    "max_snap_m": Setting(
        "float",
        200.0,
        "m",
        "places farther from every street have no access to it",
        "距任何道路超过此值的点视为不可达",
    ),
    "detour": Setting(
        "float",
        1.0,
        "",
        "by how much a way is longer than the straight line, for by = line",
        "直线距离的绕行系数（仅 by = line）",
    ),
    "demand": Setting(
        "text",
        "",
        "",
        "role of the layer of people; empty: demand, else parcels",
        "人口图层角色；留空用 demand，没有则用 parcels",
    ),
    "demand_where": Setting(
        "text",
        "",
        "",
        "expression that picks rows of it, such as land_use in ['R2']; empty: all",
        "人口图层的筛选表达式；留空为全部",
    ),
    "weight": Setting(
        "text",
        "",
        "",
        "column of people; empty: weight where there is one, else every row counts once",
        "人口列；留空用 weight，没有则每行计 1",
    ),
    "radius": Setting(
        "numbers",
        {},
        "m",
        "kind of facility to its service radius; wins over the rules, and is advisory: nobody checked it",
        "各类设施的服务半径；优先于规则，但未经核实、仅供参考",
    ),
    "kinds": Setting(
        "list",
        [],
        "",
        "kinds of facilities to look at; empty: all that there are",
        "要评价的设施类别；留空为全部",
    ),
    "kind_where": Setting(
        "mapping",
        {},
        "",
        "kind to an expression that picks its facilities, where the layer has no column kind",
        "图层没有类别列时，各类设施的筛选表达式",
    ),
    "decay": Setting(
        "text",
        "none",
        "",
        "what counts at the edge of a catchment in places per person: none (all alike) or gaussian (less)",
        "人均设施的距离衰减：none 无 | gaussian 高斯",
    ),
    "kind": Setting("text", "", "", "locate: kind of facility to find sites for", "选址：设施类别"),
    "model": Setting(
        "text",
        "mclp",
        "",
        "locate: lscp (fewest sites that reach all), mclp (most people within the radius), "
        "p_median (least total way), p_center (shortest longest way)",
        "选址模型：lscp 覆盖全部的最少处数 | mclp 覆盖人口最多 | p_median 总路程最短 | p_center 最远者最近",
    ),
    "p": Setting("int", None, "", "locate: number of new sites", "选址：新增处数"),
    "sites_where": Setting(
        "text",
        "",
        "",
        "locate: expression that picks candidate sites; empty: all",
        "选址：候选用地的筛选表达式；留空为全部",
    ),
    "min_area_m2": Setting(
        "float",
        None,
        "m2",
        "locate: smaller sites are not used; left out: any size",
        "选址：小于此面积的用地不用；不写为不限",
    ),
    "max_dist_m": Setting(
        "float",
        None,
        "m",
        "locate: p_median and p_center serve nobody beyond; left out: no limit",
        "选址：p_median、p_center 的最远服务距离；不写为不限",
    ),
    "required": Setting(
        "list",
        [],
        "",
        "locate: ids of sites that must be chosen, besides those that the layer marks",
        "选址：必选用地编号",
    ),
    "forbidden": Setting(
        "list",
        [],
        "",
        "locate: ids of sites that may not be chosen, besides those that the layer marks",
        "选址：不可选用地编号",
    ),
    "capacitated": Setting(
        "bool",
        False,  # noqa: FBT003 - the default of a flag
        "",
        "locate: sites and facilities serve no more people than their capacity",
        "选址：服务人数不超过规模",
    ),
    "existing": Setting(
        "bool",
        True,  # noqa: FBT003 - the default of a flag
        "",
        "locate: existing facilities of the kind go on serving",
        "选址：计入现状同类设施",
    ),
    "time_limit_s": Setting("float", 60.0, "s", "locate: wall-clock limit", "选址：求解时间上限"),
    "gap": Setting(
        "float",
        0.0,
        "",
        "locate: stop when proven within this share of the best answer",
        "选址：证明与最优值相差不超过此比例即停止",
    ),
    "seed": Setting("int", 0, "", "locate: seed of the search", "选址：随机种子"),
}
