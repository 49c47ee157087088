"""The drawer of a map of potential: weights as bars, the scores as a histogram, the first by rank, notes."""

from __future__ import annotations

import math

import numpy as np

from renewal_geo.maps.ready.potential_layers import PARCELS, Scored
from renewal_geo.maps.ready.potential_marks import first_rows
from renewal_geo.maps.ready.potential_tables import (
    ToldCriterion,
    bar,
    cut_score,
    method_said,
    seen,
)
from renewal_geo.maps.spec import Item, Panel, Section, Text, both, same

BINS, HISTOGRAM_BAR, WEIGHT_BAR = 20, 20, 12
MOST_ITEMS = 20


def potential_panel(found: Scored) -> Panel:
    """Return the drawer."""
    sections = [_weights(found), *_histogram(found), *_best(found), _references(found)]
    notes = tuple(same(seen(note)) for note in found.potential.notes)
    return Panel(both("potential_map.panel"), _lead(found), tuple(sections), notes)


def _lead(found: Scored) -> Text:
    accepted = found.acceptability
    if accepted is None:
        scored = int(np.isfinite(found.scores).sum())
        weighted = sum(one.weight > 0 for one in found.criteria)
        return both("potential_map.lead_plain", count=f"{scored:,}", criteria=weighted)
    always = int((accepted.table["class"] == "always").sum())
    ever = int((accepted.table["top_share"] > 0).sum())
    return both(
        "potential_map.lead", top=f"{found.top:,}", always=f"{always:,}", draws=f"{accepted.draws:,}",
        ever=f"{ever:,}",
    )  # fmt: skip


def _weights(found: Scored) -> Section:
    most = max((one.weight for one in found.criteria), default=1.0) or 1.0
    limits = found.potential.limiting["criterion"].value_counts()
    rows = tuple(
        (
            one.title,
            same(bar(one.weight / most, WEIGHT_BAR)),
            same(f"{100 * one.weight:.1f} %" if one.weight else "—"),
            same(f"{int(limits.get(one.asked.id, 0)):,}" if one.weight else "—"),
        )
        for one in found.criteria
    )
    heads = _heads("criterion", "bar", "weight", "limiting")
    hint = both("potential_map.weights_hint", method=method_said(found.potential))
    return Section("weights", both("potential_map.weights"), hint, heads=heads, rows=rows)


def _references(found: Scored) -> Section:
    title, hint = both("potential_map.references"), both("potential_map.references_hint")
    rows = tuple((one.title, _reference(one)) for one in found.criteria)
    heads = _heads("criterion", "reference")
    return Section("references", title, hint, heads=heads, rows=rows, folded=True)


def _heads(*names: str) -> tuple[Text, ...]:
    return tuple(both(f"potential_map.head_{name}") for name in names)


def _reference(one: ToldCriterion) -> Text:
    """Return the reference of a criterion, after its veto where it has one."""
    reference = same(seen(one.asked.reference))
    if not one.asked.veto:
        return reference if reference.zh else same("—")
    return both("potential_map.veto_reference", veto=seen(one.asked.veto), reference=reference)


def _histogram(found: Scored) -> list[Section]:
    """Return the ranked parcels by score, in bins of equal width; none where nothing is ranked."""
    scores = found.scores[np.isfinite(found.scores) & ~found.is_vetoed]
    if not len(scores):
        return []
    low = math.floor(scores.min() * BINS) / BINS
    high = max(math.ceil(scores.max() * BINS) / BINS, low + 1 / BINS)
    counts, edges = np.histogram(scores, bins=round((high - low) * BINS), range=(low, high))
    rows = tuple(
        (
            same(f"{edges[n]:.2f} – {edges[n + 1]:.2f}"),
            same(bar(counts[n] / counts.max(), HISTOGRAM_BAR)),
            same(f"{counts[n]:,}"),
        )
        for n in reversed(range(len(counts)))
    )
    heads = _heads("band", "bar", "count")
    cut = cut_score(found.potential, found.top)
    hint = both("potential_map.histogram_hint", cut=f"{cut:.3f}")
    return [Section("histogram", both("potential_map.histogram"), hint, heads=heads, rows=rows)]  # fmt: skip


def _best(found: Scored) -> list[Section]:
    ranks = found.potential.ranks.to_numpy(dtype=float)
    rows = first_rows(found.potential, MOST_ITEMS)
    if not len(rows):
        return []
    ids = found.potential.scores.index.astype(str)
    items = tuple(
        Item(
            both("potential_map.best_said", rank=f"{ranks[row]:.0f}", parcel=seen(ids[row])),
            _aside(found, int(row)),
            int(row),
        )
        for row in rows
    )
    title, hint = both("potential_map.best"), both("potential_map.best_hint")
    return [Section("best", title, hint, items=items, layer=PARCELS)]


def _aside(found: Scored, row: int) -> Text:
    score = f"{found.scores[row]:.3f}"
    if found.acceptability is None:
        return both("potential_map.best_aside", score=score)
    share = float(found.acceptability.table["top_share"].iloc[row])
    return both("potential_map.best_sure", score=score, share=f"{share:.1%}")
