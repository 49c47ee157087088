"""What shadow prices say to a planner, in both languages: found at least, proven at most."""

from __future__ import annotations

import math
from typing import Any

from renewal_geo.foundation.labels import label

SMALL = 0.1  # below it two decimals would hide the figure
WORTH_SAYING = 0.005
TEXTS: dict[str, dict[str, str]] = {
    "zh": {
        "budget": "面积指标增加 {step} ha",
        "budget_down": "面积指标减少 {step} ha",
        "share": "{name}占比下限降低 {step} 个百分点",
        "max_area": "单个片区面积上限提高 {step} ha",
        "min_area": "单个片区面积下限降低 {step} ha",
        "lock_in": "取消地块 {name} 必须划入的要求",
        "lock_out": "允许划入地块 {name}（现要求不划入）",
        "barrier": "在 {focal} 与 {neighbour} 之间跨越{barrier}",
        "gain": "{what}：找到的方案多值 {least}，已证明至多多值 {most}{already}",
        "gain_untried": "{what}：已证明至多多值 {most}{already}；未找到具体方案",
        "nothing": "{what}：已证明不会多值分毫",
        "loss": "{what}：已证明至少少值 {least}，按找到的方案少值 {most}",
        "loss_untried": "{what}：已证明至少少值 {least}；未找到具体方案",
        "unpriced": "{what}：未计价（缺价值或占比，或属于须同进同出的一组）",
        "already": "（其中 {already} 即使不变也尚未排除）",
    },
    "en": {
        "budget": "{step} ha more budget",
        "budget_down": "{step} ha less budget",
        "share": "A least share of {name} that is lower by {step} percentage point",
        "max_area": "A largest zone that is larger by {step} ha",
        "min_area": "A smallest zone that is smaller by {step} ha",
        "lock_in": "Freeing parcel {name}, which must be in now,",
        "lock_out": "Letting in parcel {name}, which is locked out now,",
        "barrier": "A crossing of the {barrier} between {focal} and {neighbour}",
        "gain": "{what} would buy at least {least} (zones found) and at most {most} (proven){already}",
        "gain_untried": "{what} would buy at most {most} (proven){already}; no zones were found for it",
        "nothing": "{what} would buy nothing: that is proven",
        "loss": "{what} would cost at least {least} (proven) and at most {most} (zones found)",
        "loss_untried": "{what} would cost at least {least} (proven); no zones were found for it",
        "unpriced": "{what} is not priced: a value or share is missing, or it belongs to a group",
        "already": ", of which {already} is open already without it",
    },
}
NOTES = {
    "zh": {
        "none": "没有片区，无从计价",
        "law": "“多值”以已公布片区的净价值 {objective:,.2f} 为起点；“至多”是变动后的证明上限减去它，真实数在两者之间",
        "open": "已公布的片区与其证明上限之间本有 {open:,.2f} 的差距，各行的“至多”都含这一差距",
        "plain": "计价时在原条件下另找到净价值 {plain:,.2f} 的划法，已从各行“找到”中扣除；延长时间重新划定可得",
        "price": "在证明上限处，每公顷面积指标值 {price:,.2f}",
        "untried": "{untried} 项时间内未找具体方案，只有上限",
        "places": "可跨越障碍的位置 {places} 处，按快速上限取 {tried} 处细算；{unsifted} 处时间内未估",
        "no_places": "没有仅因障碍而不相连的可划入地块",
        "given": "邻接关系由外部给定，不知障碍何在，故未对跨越计价",
        "late": "时间用完：“找到”还可能提高，“至多”还可能降低",
        "locks": "锁定地块 {locks} 宗，只对前 {most} 宗计价",
    },
    "en": {
        "none": "there are no zones to price anything by",
        "law": "gains start from the published zones, net value {objective:,.2f}; at most = the proven bound of the "
        "changed problem less that, and the truth lies between the two",
        "open": "the published zones and their bound are {open:,.2f} apart to begin with, and every “at most” holds "
        "that too",
        "plain": "while pricing, zones worth {plain:,.2f} were met under the study's own terms; that is taken off "
        "all that was found. Delineate again with more time to have them",
        "price": "at the bound a hectare of budget is worth {price:,.2f}",
        "untried": "for {untried} rows no zones were sought in time; they have a bound only",
        "places": "barriers could be crossed in {places} places; the {tried} with the highest quick bound were "
        "tried, {unsifted} were not sifted in time",
        "no_places": "no parcels that may be members are kept apart by a barrier alone",
        "given": "the contiguity was given, so nothing is known of barriers and no crossing is priced",
        "late": "time is out: what was found may still rise, and what is proven may still fall",
        "locks": "{locks} parcels are locked; the first {most} are priced",
    },
}


def figure(value: float) -> str:
    """Return a value with two decimals, or two digits where it is small.

    >>> figure(12.345), figure(0.0123), figure(0.0)
    ('12.35', '0.012', '0')
    """
    if abs(value) < 1e-9:
        return "0"
    return f"{value:,.2f}" if abs(value) >= SMALL else f"{value:.2g}"


def sentence(
    lang: str, kind: str, step: float, least: float, most: float, already: float, **names: Any
) -> str:
    """Return one row of the prices in words.

    Parameters
    ----------
    lang
        zh or en.
    kind, step
        The limit, and by how much it gives way; a budget that shrinks has a negative step.
    least, most
        Gain at least (found) and at most (proven), or the loss; missing where not tried.
    already
        What the study's own bound leaves open without any change.
    **names
        ``name`` of a share or parcel, or ``barrier, focal, neighbour``.

    Examples
    --------
    >>> sentence("en", "budget", 10.0, 8.0, 12.3, 0.0, name="")
    '10.00 ha more budget would buy at least 8.00 (zones found) and at most 12.30 (proven)'
    """
    texts = TEXTS[lang]
    down = kind == "budget" and step < 0
    if kind == "share":
        names["name"] = label(f"share.{names['name']}", lang)
    if "barrier" in names:
        names["barrier"] = label(f"kind.{names['barrier']}", lang)
        if lang == "en":
            names["barrier"] = str(names["barrier"]).lower()
    shown = f"{abs(step):g}" if kind == "share" else figure(abs(step))
    what = texts["budget_down" if down else kind].format(step=shown, **names)
    figures = {"what": what, "least": figure(least), "most": figure(most)}
    if down:
        return texts["loss_untried" if math.isnan(most) else "loss"].format(**figures)
    if math.isnan(most):
        return texts["unpriced"].format(**figures)
    if most == 0.0:
        return texts["nothing"].format(**figures)
    said = texts["already"].format(already=figure(already)) if already > WORTH_SAYING else ""
    return texts["gain_untried" if math.isnan(least) else "gain"].format(already=said, **figures)


def notes_of(
    lang: str,
    *,
    objective: float,
    plain: float,
    bound: float | None,
    price: float | None,
    untried: int,
    places: tuple[int, int, int] | None,
    locks: tuple[int, int],
    late: bool = False,
) -> tuple[str, ...]:
    """Return what holds for all rows, and what was not reached.

    Parameters
    ----------
    lang
        zh or en.
    objective, bound
        Of the study.
    plain
        Best zones met under the study's own terms.
    price
        Of a hectare at the bound; None without a budget.
    untried
        Rows without zones.
    places
        Crossings in all, tried, not sifted in time; None where barriers are not known.
    locks
        Locked parcels in all, and how many are priced.
    late
        Whether the clock ended it.
    """
    texts = NOTES[lang]
    notes = [texts["law"].format(objective=objective)]
    if bound is not None and bound - objective > WORTH_SAYING:
        notes.append(texts["open"].format(open=bound - objective))
    if price is not None:
        notes.append(texts["price"].format(price=price))
    if plain - objective > WORTH_SAYING:
        notes.append(texts["plain"].format(plain=plain))
    if untried:
        notes.append(texts["untried"].format(untried=untried))
    if places is None:
        notes.append(texts["given"])
    elif not places[0]:
        notes.append(texts["no_places"])
    else:
        every, tried, unsifted = places
        notes.append(texts["places"].format(places=every, tried=tried, unsifted=unsifted))
    if locks[0] > locks[1]:
        notes.append(texts["locks"].format(locks=locks[0], most=locks[1]))
    if late:
        notes.append(texts["late"])
    return tuple(notes)
