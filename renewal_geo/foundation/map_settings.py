"""Every key of the table ``[maps]``: which map, for whom, with what around it."""

from __future__ import annotations

from renewal_geo.foundation.setting import Setting

MAPS: dict[str, Setting] = {
    "edition": Setting(
        "text",
        "internal",
        "",
        "internal, or public: released columns only, coarse coordinates, no figure of few owners",
        "internal 内部版；public 公开版：仅放行字段、坐标归并、少数权利人的数字不公布",
    ),
    "lang": Setting(
        "text",
        "",
        "",
        "language shown first: zh | en; empty: the study's",
        "先显示的语言；留空同研究",
    ),
    "title": Setting("text", "", "", "heading; empty: the map's own", "标题；留空用缺省标题"),
    "subtitle": Setting(
        "text",
        "",
        "",
        "second line of the heading; empty: the study's name",
        "副标题；留空为研究名称",
    ),
    "review_no": Setting(
        "text",
        "",
        "",
        "map approval number; empty: the map is marked as not reviewed",
        "审图号；留空则标明未经审核",
    ),
    "source": Setting(
        "text",
        "",
        "",
        "where the data comes from; empty: the study's files",
        "数据来源；留空列出文件",
    ),
    "columns": Setting(
        "list",
        [],
        "",
        "columns of the main table that popups show besides the allowed ones",
        "除缺省字段外，主表另行放行的字段",
    ),
    "owners": Setting(
        "text",
        "",
        "",
        "column of the main table that names the owner: counted for the public edition, never written",
        "主表中的权利人列：公开版据此计数，从不写出",
    ),
    "grid_m": Setting(
        "float", 10.0, "m", "grid of the public edition's coordinates", "公开版坐标格网"
    ),
    "min_owners": Setting(
        "int",
        3,
        "",
        "figures behind which fewer owners stand are not published",
        "权利人少于此数的数字不公布",
    ),
    "basemap": Setting(
        "text",
        "",
        "",
        "online basemap: tianditu | tianditu_img | amap | osm; empty: none, no host is asked",
        "在线底图；留空则无，不访问任何网络",
    ),
    "context": Setting(
        "list",
        [],
        "",
        "roles drawn below: rivers, barriers, roads, sub_districts; empty: those the study has; none",
        "作底图的图层角色；留空用研究已有的；none 为不画",
    ),
    "sheet": Setting(
        "text",
        "",
        "",
        "also write a wall sheet, PDF and PNG: A0 | A1 | A2 | A3",
        "另出挂图（PDF 与 PNG）",
    ),
    "max_mb": Setting(
        "float",
        None,
        "MB",
        "a larger page is refused; left out: any size",
        "网页大小上限；不写为不限",
    ),
    "warn_days": Setting(
        "int", 30, "days", "a deadline within so many days counts as near", "多少日内到期算临近"
    ),
    "before": Setting(
        "text",
        "",
        "",
        "folder of the study of an earlier day: the handover map gets a swipe",
        "此前一期研究的文件夹：移交图可左右对比",
    ),
    "radii": Setting(
        "numbers",
        {},
        "m",
        "kind of facility to its service radius; there are no defaults",
        "各类设施的服务半径；没有缺省值",
    ),
    "radii_source": Setting("text", "", "", "what the radii are taken from", "服务半径的依据"),
    "radii_verified": Setting(
        "list",
        [],
        "",
        "kinds whose radius somebody has checked against the text in force; the others are marked",
        "半径已对照现行文本核实的类别；其余在图上标明未核实",
    ),
    "gates": Setting(
        "list",
        [],
        "",
        "tasks that are stage gates, in order; empty: plan_listing, unit_plan, implementer, land_lease, "
        "public_land_handover",
        "作为关口的节点（按顺序）；留空为计划、规划、主体确认、出让、入库",
    ),
    "milestones": Setting(
        "text", "", "", "table of milestones (csv, xlsx, dbf)", "节点表文件（csv、xlsx、dbf）"
    ),
    "supply": Setting(
        "text", "", "", "table of land supply (csv, xlsx, dbf)", "供地表文件（csv、xlsx、dbf）"
    ),
    "investment": Setting(
        "text", "", "", "table of investment (csv, xlsx, dbf)", "投资表文件（csv、xlsx、dbf）"
    ),
}
