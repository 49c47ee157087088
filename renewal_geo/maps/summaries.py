"""What stands beside and below a map: figures, funnel, sources, fingerprint."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pandas as pd

from renewal_geo.foundation.labels import described, label
from renewal_geo.foundation.quantities import M2_PER_HA
from renewal_geo.maps.spec import Bar, Fact, MapSpec, Text, both, same

if TYPE_CHECKING:
    from renewal_geo.zones import Delineation


def facts(delineation: Delineation) -> tuple[Fact, ...]:
    """Return what the summary beside the map says of a delineation."""
    zones, d = delineation.zones, delineation
    area = float(zones["area_m2"].sum()) if len(zones) else 0.0
    chosen = int(delineation.membership.notna().sum())
    facts = [
        Fact(both("map.zone_count"), same(f"{len(zones):,}"), strong=True),
        Fact(both("map.net_area"), same(f"{area / M2_PER_HA:,.2f}"), strong=True),
        Fact(both("map.chosen_parcels"), same(f"{chosen:,}"), strong=True),
        Fact(both("map.status"), both(f"status.{d.status}")),
    ]
    if d.stopped_by:
        facts.append(Fact(both("map.stopped_by"), both(f"status.{d.stopped_by}")))
    if d.objective is not None:
        facts.append(Fact(both("map.objective"), same(f"{d.objective:,.4f}")))
    if d.bound is not None:
        facts.append(Fact(both("map.bound"), same(f"{d.bound:,.4f}")))
    if d.gap is not None:
        facts.append(Fact(both("map.gap"), same(f"{d.gap:.2%}")))
    facts.extend(Fact(both("map.conflict"), text) for text in _conflicts(d.conflict))
    return tuple(facts)


def _conflicts(conflict: object) -> list[Text]:
    if not conflict:
        return []
    entries = conflict if isinstance(conflict, (list, tuple)) else [conflict]
    return [Text(described(entry, "zh"), described(entry, "en")) for entry in entries]


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
