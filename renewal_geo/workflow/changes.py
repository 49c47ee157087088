"""The pass that compares two versions: what became of every feature and of every square metre."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from renewal_geo import io, ledger, maps, report
from renewal_geo.foundation.errors import SchemaError
from renewal_geo.foundation.labels import label
from renewal_geo.foundation.provenance import Source
from renewal_geo.foundation.schema import as_text
from renewal_geo.spatial.lineage import GONE
from renewal_geo.workflow.studies import STUDY_FILE, listed

COLOURS = {
    "same": "#d9d9d9", "reshaped": "#fdb863", "split": "#5e3c99", "merged": "#b2abd2",
    "split_and_merged": "#e66101", "new": "#1b7837", "gone": "#7f7f7f",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Version:
    """One version as it was read."""

    table: gpd.GeoDataFrame
    source: Source | None
    name: str
    lang: str


def compare(
    before: Path,
    after: Path,
    out: Path,
    *,
    layer: str = "parcels",
    identity: str = "",
    columns: Sequence[str] = (),
    **limits: Any,
) -> tuple[ledger.Changes, tuple[str, ...], tuple[str, ...]]:
    """Compare two studies or bare layers, and write layers, workbook, map and record into `out`.

    Parameters
    ----------
    before, after
        Studies, or bare layers.
    out
        Folder for the answer.
    layer
        Role of the layer to compare, of studies.
    identity
        Column of ids; empty: the ids of the study, or what looks like the parcels' id.
    columns
        Columns whose values are compared.
    **limits
        ``tolerance, min_share, reason`` of :func:`renewal_geo.ledger.compare`.

    Returns
    -------
    tuple
        The changes, the files written, the notes.
    """
    old, new = (version_of(path, layer, identity) for path in (before, after))
    changes = ledger.compare(old.table, new.table, columns=columns, **limits)
    read = [
        f"{version.source.path}: {note}"
        for version in (old, new)
        if version.source
        for note in version.source.notes
    ]
    notes = (*dict.fromkeys(read), *changes.notes)
    with io.staged(out, record="changes.json") as stage:
        layers = layers_of(changes, old, new)
        io.write_layers(
            stage.path("changes.gpkg"),
            layers,
            styles=_styles(new.lang, _titles(layers, new.lang)),
            aliases=_titles(layers, new.lang),
        )
        stage.write_bytes(
            "changes.xlsx", report.change_workbook(changes, study_name=new.name, lang=new.lang)
        )
        shown = _shown(layers, old.table)
        page = maps.value_map(
            shown,
            "change_share",
            columns=(
                "kind",
                "cause",
                "predecessors",
                "group_before_m2",
                "group_after_m2",
                "reason",
            ),
            titles={name: report.change_title(str(name), new.lang) for name in shown.columns},
            lang=new.lang,
            title=label("change.map_title", new.lang),
            source="、".join(v.source.path for v in (old, new) if v.source),
            notes=changes.notes,
        )
        page.save(str(stage.path("changes.html")))
        stage.write_json("changes.json", _record(changes, (old, new), notes))
    return changes, listed(stage), notes


def version_of(path: Path, layer: str = "parcels", identity: str = "") -> Version:
    """Read one version: a layer of a study, or a bare layer, indexed by its ids as text.

    Raises
    ------
    SchemaError
        ``unknown_column`` where there is no column of ids of that name.
    """
    if path.is_dir() or path.name == STUDY_FILE or path.suffix == ".toml":
        study = io.open_study(path, measured=False)
        table = study.table(layer)
        source = next((one for one in study.provenance.inputs if one.role == layer), None)
        return Version(_identified(table, identity, str(path)), source, study.name, study.lang)
    if not identity:
        table, source = io.open_layer(path)
        return Version(table, source, path.stem, "zh")
    table, source = io.read_layer(path, role=layer, strict=False)
    return Version(_identified(table, identity, source.path), source, path.stem, "zh")


def layers_of(
    changes: ledger.Changes, before: Version, after: Version
) -> dict[str, gpd.GeoDataFrame | Any]:
    """Return the layers of a comparison: both versions with what became of them, pairs, lost and gained."""
    table = report.plain_ids(changes.table).drop(columns="version")
    layers: dict[str, Any] = {
        "before": _drawn(report.plain_ids(changes.fates), before.table),
        "after": _drawn(table.iloc[: len(after.table)], after.table),
        "links": changes.links,
        "flows": changes.flows,
    }
    if len(changes.attributes):
        layers["changed_values"] = changes.attributes.astype(str)
    return layers | {
        name: part
        for name, part in (("lost", changes.lost), ("gained", changes.gained))
        if len(part)
    }


def _identified(table: gpd.GeoDataFrame, identity: str, where: str) -> gpd.GeoDataFrame:
    if not identity or identity == table.index.name:
        return table
    if identity not in table.columns:
        known = [str(name) for name in table.columns if name != table.geometry.name]
        raise SchemaError(
            f"there is no column {identity!r} to take ids from",
            where=where,
            fix=f"one of: {', '.join(known)}",
            code="unknown_column",
        )
    return table.set_index(as_text(table[identity]).rename(identity)).drop(columns=identity)


def _drawn(rows: Any, version: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the rows of a table, which are those of a version, with their shapes, by id."""
    return gpd.GeoDataFrame(
        rows.set_index("id"), geometry=version.geometry.to_numpy(), crs=version.crs
    )


def _shown(layers: dict[str, Any], before: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the later features and those that are gone, for the map."""
    old = layers["before"]
    gone = old[(old["kind"] == GONE).to_numpy()]
    return gpd.GeoDataFrame(pd.concat([layers["after"], gone]), crs=before.crs)


def _titles(layers: dict[str, Any], lang: str) -> dict[str, dict[str, str]]:
    return {
        name: {
            str(column): report.change_title(str(column), lang)
            for column in [table.index.name, *table.columns]
            if column and column != "geometry"
        }
        for name, table in layers.items()
    }


def _styles(lang: str, titles: dict[str, dict[str, str]]) -> dict[str, str]:
    names = {kind: label(f"change.{kind}", lang) for kind in COLOURS}
    styles = {
        name: io.layer_style("kind", COLOURS, titles[name], labels=names)
        for name in ("before", "after")
    }
    for name, colour in (("lost", "#d73027"), ("gained", "#1a9850")):
        if name in titles:
            styles[name] = io.layer_style("", {"": colour}, titles[name])
    return styles


def _record(
    changes: ledger.Changes, read: tuple[Version, ...], notes: Sequence[str]
) -> dict[str, Any]:
    table = changes.table
    return {
        "question": "ledger",
        "verb": "compare",
        "summary": str(changes),
        "inputs": [dataclasses.asdict(version.source) for version in read if version.source],
        "settings": changes.provenance.parameters,
        "kinds": table["kind"].value_counts().sort_index().to_dict(),
        "causes": table["cause"].value_counts().sort_index().to_dict(),
        "needs_reason": sorted(table.loc[table["needs_reason"], "id"]),
        "totals": changes.totals.to_dict("index"),
        "notes": list(notes),
        "versions": changes.provenance.versions,
    }
