"""What stands beside and below a map: figures, funnel, sources, fingerprint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from renewal_geo.foundation.labels import described, label
from renewal_geo.foundation.quantities import M2_PER_HA
from renewal_geo.maps.spec import Bar, Fact, MapSpec, Text, both, same

if TYPE_CHECKING:
    from renewal_geo.zones import Delineation


def facts(delineation: Delineation, *, ids: bool = True) -> tuple[Fact, ...]:
    """Return what the summary beside the map says of a delineation.

    `ids` tells whether a conflict may name the parcels that it is about.
    """
    return tuple(fact for fact, _ in told_facts(delineation, ids=ids))


def told_facts(
    delineation: Delineation, *, ids: bool = True
) -> list[tuple[Fact, NDArray[np.bool_] | None]]:
    """Return the facts, each with the parcels that it adds up; None where it adds up none."""
    zones, d = delineation.zones, delineation
    area = float(zones["area_m2"].sum()) if len(zones) else 0.0
    members = d.membership.notna()
    chosen = members.reindex(d.parcels.index, fill_value=False).to_numpy(dtype=bool)
    facts: list[tuple[Fact, NDArray[np.bool_] | None]] = [
        (Fact(both("map.zone_count"), same(f"{len(zones):,}"), strong=True), None),
        (Fact(both("map.net_area"), same(f"{area / M2_PER_HA:,.2f}"), strong=True), chosen),
        (Fact(both("map.chosen_parcels"), same(f"{int(members.sum()):,}"), strong=True), chosen),
        (Fact(both("map.status"), both(f"status.{d.status}")), None),
    ]
    if d.stopped_by:
        facts.append((Fact(both("map.stopped_by"), both(f"status.{d.stopped_by}")), None))
    if d.objective is not None:
        facts.append((Fact(both("map.objective"), same(f"{d.objective:,.4f}")), None))
    if d.bound is not None:
        facts.append((Fact(both("map.bound"), same(f"{d.bound:,.4f}")), None))
    if d.gap is not None:
        facts.append((Fact(both("map.gap"), same(f"{d.gap:.2%}")), None))
    said = _conflicts(d.conflict, ids=ids)
    return facts + [(Fact(both("map.conflict"), text), None) for text in said]


def _conflicts(conflict: object, *, ids: bool) -> list[Text]:
    if not conflict:
        return []
    entries = conflict if isinstance(conflict, (list, tuple)) else [conflict]
    if not ids:
        entries = [_without_ids(entry) for entry in entries]
    return [Text(described(entry, "zh"), described(entry, "en")) for entry in entries if entry]


def _without_ids(entry: object) -> object:
    """Return an entry of a conflict without its lists, which name parcels; plain texts go whole."""
    if not isinstance(entry, Mapping):
        return None
    return {k: v for k, v in entry.items() if k == "limit" or isinstance(v, (int, float))}


def funnel_bars(funnel: pd.DataFrame) -> tuple[Bar, ...]:
    """Return the steps of the funnel, as the table has them."""
    steps = funnel["step"] if "step" in funnel else pd.Series(funnel.index, index=funnel.index)
    return tuple(
        Bar(both(f"funnel.{step}"), int(count), float(area), aside="filler" in str(step))
        for step, count, area in zip(steps, funnel["count"], funnel["area_m2"], strict=True)
    )


def fingerprint_of(delineation: Delineation) -> str:
    """Return a hash of the inputs as read and the answer: the same data gives the same."""
    provenance = delineation.provenance
    inputs = [s.sha256 for s in provenance.inputs] if hasattr(provenance, "inputs") else []
    members = delineation.membership.dropna().sort_index()
    parts = [inputs, members.index.astype(str).tolist(), members.astype(str).tolist()]
    text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def caption(spec: MapSpec, lang: str) -> list[str]:
    """Return the lines that every rendering prints below the map: source, day, CRS, approval."""
    lines = []
    if spec.source:
        lines.append(f"{label('map.source', lang)}: {spec.source}")
    if spec.as_of:
        lines.append(f"{label('map.as_of', lang)} {spec.as_of.isoformat()}")
    if spec.crs:
        lines.append(f"{label('map.crs', lang)}: {spec.crs}")
    lines.extend(note.zh if lang == "zh" else note.en for note in spec.notes)
    return lines
