"""How land was scored, on one page: every criterion with its curve, weights, the cut, how sure it is."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from renewal_geo.maps.ready.potential_tables import (
    cut_score,
    require_own,
    seen,
    told_criteria,
    top_of,
)
from renewal_geo.maps.sheet.fonts import Face, chinese_family, face_in, faces
from renewal_geo.maps.sheet.frames import Rect
from renewal_geo.maps.sheet.method_blocks import (
    Worth,
    draw_distribution,
    draw_notes,
    draw_stability,
    draw_weights,
    notes_mm,
)
from renewal_geo.maps.sheet.method_table import HEAD_MM, chosen, draw_table
from renewal_geo.maps.sheet.pens import ALERT, MM_PER_INCH, MUTED, RULE, Pen
from renewal_geo.maps.sheet.wall_sheets import Form, Sheet, exported
from renewal_geo.maps.spec import MapSpec, both, require_edition, same

if TYPE_CHECKING:
    from renewal_geo.potential import Acceptability, Potential, Stability

WIDE_MM, HIGH_MM = 210.0, 297.0
SIDE_MM, TOP_MM, BOTTOM_MM = 14.0, 11.0, 9.0
GAP_MM = 4.0
TITLES, QUESTION, ASIDE, FIGURE, CAPTION, FOOT = (17.0, 14.5, 12.0), 9.0, 7.5, 12.5, 6.2, 5.2
LOWER_MM, TALLEST_LOWER_MM, NOTES_MM = 47.0, 76.0, 24.0
ROW_MM = 11.0  # so high a row says all; lower ones only where the notes are cut already
WEIGHTS_SHARE = 0.55  # of the lower block, at most
INVENTED = ("虚构", "invented", "synthetic")


def method_sheet(
    potential: Potential,
    *,
    acceptability: Acceptability | None = None,
    stability: Stability | None = None,
    study_name: str = "",
    lang: str = "zh",
    as_of: dt.date | None = None,
    notes: Sequence[str] = (),
    font: str | Path | None = None,
    form: Form = "pdf",
    dpi: int = 150,
) -> bytes:
    """Draw the method of a score as one page of A4: enough to defend the score with.

    Parameters
    ----------
    potential
        What :func:`renewal_geo.potential.score` found.
    acceptability, stability
        What the ranking is worth; without draws the sheet says that there were none.
    study_name, as_of
        For the head; `as_of` also dates the file, which so has the same bytes each time.
    lang
        ``zh`` or ``en``; English where the machine has no Chinese font.
    notes
        Of the study; those of the score and the versions follow. Notes of the score may name parcels: the
        sheet is for the house and its reviewers.
    font
        A font file for all text; otherwise the first font of this machine that has every character, else
        the best one with a box for what it lacks, and a note that says so.
    form, dpi
        ``pdf`` (vectors, fonts embedded) or ``png``, and its dots per inch.

    Returns
    -------
    bytes
        The file: always one page. More criteria than fit are named by number and weight, with where they
        stand. The same score gives the same bytes with the same matplotlib and fonts.

    Raises
    ------
    InputError
        ``other_parcels`` where `acceptability` or `stability` belong to another score, ``two_cuts``, ``lang``.
    RenderError
        ``font_file`` if `font` is none.
    """
    require_edition("internal", lang)
    for part, what in ((acceptability, "the acceptability"), (stability, "the stability")):
        if part is not None:
            require_own(potential, part.table.index, what)
    worth = Worth(potential, top_of(potential, acceptability, stability), acceptability, stability)
    parts = [one.notes for one in (acceptability, stability) if one is not None]
    said = list(dict.fromkeys(seen(note) for note in (*notes, *potential.notes, *chain(*parts))))
    tried = [face_in(font)] if font is not None else faces()
    if font is None and chinese_family() is None and lang != "en":
        lang, said = "en", [*said, both("map.font_note").en]
    return exported(_composed(worth, tried, seen(study_name), lang, as_of, said), form, dpi)


def _composed(
    worth: Worth, tried: Sequence[Face], name: str, lang: str, as_of: dt.date | None, notes: Sequence[str]
) -> Sheet:  # fmt: skip
    """Return the sheet in the first face that has every character, else in the one that lacks least."""
    best: Sheet | None = None
    for face in tried:
        sheet = _drawn(worth, face, name, lang, as_of, notes)
        if not sheet.pen.lost:
            return sheet
        if best is None or len(sheet.pen.lost) < len(best.pen.lost):
            best = sheet
    if best is None:
        raise ValueError("no face was given to try")
    lost = len(best.pen.lost)
    told = both("method.boxes", count=lost).said(lang)
    return _drawn(worth, best.pen.face, name, lang, as_of, [told, *notes])


def _drawn(
    worth: Worth, face: Face, name: str, lang: str, as_of: dt.date | None, notes: Sequence[str]
) -> Sheet:
    figure = Figure(
        figsize=(WIDE_MM / MM_PER_INCH, HIGH_MM / MM_PER_INCH), dpi=72, facecolor="white"
    )
    pen = Pen(figure, lang, face, 1.0)
    page = Rect(SIDE_MM, TOP_MM, WIDE_MM - 2 * SIDE_MM, HIGH_MM - TOP_MM - BOTTOM_MM)
    y = _draw_head(pen, worth, name, as_of, notes, page)
    y = _draw_figures(pen, worth, Rect(page.left, y, page.wide, 11.0)) + GAP_MM
    bottom = page.bottom - 7.0
    criteria = told_criteria(worth.potential)
    free = bottom - y - 2 * GAP_MM
    wanted = notes_mm(pen, notes, page.wide)
    noted = min(wanted, max(NOTES_MM, free - LOWER_MM - HEAD_MM - ROW_MM * len(criteria)))
    shown = chosen(criteria, free - LOWER_MM - noted)
    draw_table(pen, shown, worth.potential.vetoes, Rect(page.left, y, page.wide, shown.high))
    y += shown.high + GAP_MM
    lower = min(TALLEST_LOWER_MM, free - shown.high - noted)
    half = (page.wide - 8.0) / 2
    left, right = (Rect(x, y, half, lower) for x in (page.left, page.right - half))
    ends = draw_weights(pen, worth, replace(left, high=WEIGHTS_SHARE * lower)) + 2.0
    draw_distribution(pen, worth, Rect(left.left, ends, half, left.bottom - ends))
    draw_stability(pen, worth, right)
    y += lower + GAP_MM
    draw_notes(pen, notes, Rect(page.left, y, page.wide, bottom - y))
    _draw_foot(pen, worth, page)
    title = both("method.title")
    spec = MapSpec(title, same(name), lang, "internal", as_of, "", "", "", (), ())
    return Sheet(figure, pen, None, spec)


def _draw_head(
    pen: Pen, worth: Worth, name: str, as_of: dt.date | None, notes: Sequence[str], page: Rect
) -> float:
    """Write study, title, question and day; return where the body begins."""
    y = page.top + pen.letters(ASIDE)
    aside = []
    if as_of is not None:
        aside.append((pen.word("method.as_of", day=as_of.isoformat()), MUTED))
    if any(word in note.casefold() for note in notes for word in INVENTED):
        aside.append((pen.word("method.synthetic"), ALERT))
    for n, (text, ink) in enumerate(aside):
        pen.write(
            page.right,
            y + n * pen.line(ASIDE),
            text,
            ASIDE,
            ha="right",
            color=ink,
            bold=ink == ALERT,
        )
    used = max((pen.width(text, ASIDE, bold=True) for text, _ in aside), default=0.0) + 6
    pen.write(page.left, y, pen.fit(name, page.wide - used, ASIDE), ASIDE, color=MUTED)
    title = pen.word("method.title")
    room = page.wide - used
    points = next((one for one in TITLES if pen.width(title, one, bold=True) <= room), TITLES[-1])
    y += 1.6 + pen.letters(points)
    pen.write(page.left, y, pen.fit(title, room, points, bold=True), points, bold=True)
    weighted = sum(one > 0 for one in worth.potential.weighting.weights)
    figures = {"parcels": len(worth.potential.scores), "criteria": weighted, "top": worth.top}
    asked = pen.word("method.question", **{key: f"{value:,}" for key, value in figures.items()})
    y += 1.2
    for line in pen.lines(asked, page.wide, QUESTION, 2):
        y += pen.line(QUESTION)
        pen.write(page.left, y, line, QUESTION)
    return y + 4.0  # fmt: skip


def _draw_figures(pen: Pen, worth: Worth, room: Rect) -> float:
    """Write the key figures side by side; return where they end."""
    potential = worth.potential
    scored = int(potential.scores.notna().sum())
    cut = cut_score(potential, worth.top)
    figures = {
        "parcels": f"{len(potential.scores):,}",
        "scored": f"{scored:,}",
        "vetoed": f"{int(potential.is_vetoed.sum()):,}",
        "unscored": f"{len(potential.scores) - scored:,}",
        "top": f"{worth.top:,}",
        "cut": f"{cut:.3f}" if math.isfinite(cut) else "—",
    }
    wide = room.wide / len(figures)
    for n, (name, text) in enumerate(figures.items()):
        x = room.left + n * wide
        pen.box(x, room.top, 0.2, room.high, facecolor=RULE)
        pen.write(
            x + 2.2,
            room.top + pen.letters(CAPTION) + 0.4,
            pen.word(f"method.figure_{name}"),
            CAPTION,
            color=MUTED,
        )
        pen.write(x + 2.2, room.bottom - 1.0, text, FIGURE, bold=True)
    return room.bottom  # fmt: skip


def _draw_foot(pen: Pen, worth: Worth, page: Rect) -> None:
    """Write what else there is, and below it the versions."""
    step = pen.line(FOOT)
    pen.box(page.left, page.bottom - 2 * step - 0.6, page.wide, 0.12, facecolor=RULE)
    pen.write(page.left, page.bottom - step, pen.word("method.elsewhere"), FOOT, color=MUTED)
    versions = worth.potential.provenance.versions
    listed = ", ".join(f"{name} {version}" for name, version in versions.items())
    if listed:
        said = pen.word("method.versions", versions=listed)
        pen.write(page.left, page.bottom, pen.fit(said, page.wide, FOOT), FOOT, color=MUTED)
