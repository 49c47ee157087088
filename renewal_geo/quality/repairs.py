"""What may be mended: safe faults by themselves, borders where asked for. Every change is logged."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from renewal_geo.foundation.crs import fault_of
from renewal_geo.foundation.errors import InputError
from renewal_geo.foundation.provenance import Provenance, versions
from renewal_geo.quality.border_repairs import BORDER_CODES, BorderMender, Fault, Limits, fault_key
from renewal_geo.quality.checks import check
from renewal_geo.quality.edits import Edit, moves_of
from renewal_geo.quality.findings import Findings
from renewal_geo.spatial.areas import polygonal

SAFE_CODES = (
    "null_geometry",
    "wrong_type",
    "invalid",
    "self_touch",
    "duplicate_geometry",
    "missing_id",
    "duplicate_id",
)
SAFE = "safe"
REPAIRABLE = (*SAFE_CODES, *BORDER_CODES)
LOG_COLUMNS = [
    "finding_id",
    "row_id",
    "other_id",
    "new_id",
    "code",
    "action",
    "area_before_m2",
    "area_after_m2",
    "delta_m2",
    "vertices_moved",
    "max_move_m",
    "note",
]


@dataclass(frozen=True, slots=True, eq=False)
class Repair:
    """A mended layer and the log of every change.

    Attributes
    ----------
    table
        The rows that remain, in the order of the input, with unique non-empty ids.
    log
        One row per change of a parcel: ``finding_id, row_id, other_id, new_id, code, action, area_before_m2,
        area_after_m2, delta_m2, vertices_moved, max_move_m, note``. The deltas add up to the change of the
        layer's total area.
    dropped
        Rows taken out (no geometry, exact duplicates, slivers given away), as they were, with the reason.
    left
        Findings that were not mended, and why.
    area_before_m2, area_after_m2
        Sum of the polygons' areas as stored (planar; an invalid ring counts as GEOS measures it).
    moves
        One row per vertex that was put in or taken out: ``finding_id, row_id, kind, x0, y0`` (where the
        border was), ``x1, y1`` (where it is), ``distance_m``, geometry: the line between.
    before, after
        The rows whose shape changed, as they were and as they are, by their new ids.
    """

    table: gpd.GeoDataFrame
    log: pd.DataFrame
    dropped: gpd.GeoDataFrame
    left: pd.DataFrame
    area_before_m2: float
    area_after_m2: float
    moves: gpd.GeoDataFrame
    before: gpd.GeoDataFrame
    after: gpd.GeoDataFrame
    provenance: Provenance = field(default_factory=Provenance)

    def __str__(self) -> str:
        delta = self.area_after_m2 - self.area_before_m2
        return (
            f"{len(self.log):,} changes: {len(self.dropped):,} rows taken out, "
            f"{len(self.table):,} remain, area {delta:+,.2f} m²; "
            f"{len(self.left):,} findings left for a person"
        )


@np.errstate(
    invalid="ignore", over="ignore"
)  # corners that are no number are reported, not warned of
def repair(
    parcels: gpd.GeoDataFrame,
    findings: Findings,
    *,
    codes: Sequence[str] = (SAFE,),
    max_width_m: float = 0.5,
    max_m2: float = 50.0,
) -> Repair:
    """Mend the classes of faults that were asked for; log every vertex moved and every m2 given or taken.

    Parameters
    ----------
    parcels
        The layer that was checked; not changed.
    findings
        Of :func:`check` on the same layer. A fault that is not among them is not mended, unless an earlier
        repair laid it bare.
    codes
        Which classes to mend, and no other. ``safe`` stands for ``null_geometry, wrong_type`` (row taken out),
        ``invalid, self_touch`` (ring made valid; lobes of a bow-tie are kept), ``duplicate_geometry`` (a row
        that equals another in geometry and attributes, ids aside, is taken out), ``missing_id`` (a new id),
        ``duplicate_id`` (the later row gets ``#2`` added). Borders only move where asked for: ``spike`` (the
        tip is taken out), ``overlap`` (one of two parcels gives the ground up), ``gap`` (a neighbour with
        about the longest border takes it), ``sliver`` (joined to such a neighbour of the same attributes),
        ``unmatched_vertex`` (put into the edge that it lies by).
    max_width_m, max_m2
        Spikes, overlaps and gaps that are wider anywhere, or larger, and larger slivers, are left for a person.

    Returns
    -------
    Repair
        Idempotent, and independent of the order of rows. Whose an overlap or a gap is, recorded areas decide
        where they speak clearly, else the larger parcel takes or gives: its area changes least in
        proportion. What was refused, and all else where the right answer is a person's, is in ``left``.

    Raises
    ------
    InputError
        If a code is not among those that can be mended, a limit is negative, the findings belong to another
        layer, or borders are to be moved without a metric CRS.
    """
    asked = _asked(codes, parcels, max_width_m, max_m2)
    if findings.rows != len(parcels):
        raise InputError(
            f"the findings are of a layer of {findings.rows} rows, this one has {len(parcels)}",
            fix="quality.check this layer first",
            code="other_layer",
        )
    defaults = inspect.signature(check).parameters
    known = {
        name: float(findings.parameters.get(name, defaults[name].default))
        for name in ("gap_max_width_m", "overlap_min_m2", "sliver_width_m", "sliver_min_m2")
    }
    return _Mender(
        parcels, findings, asked, Limits(max_width_m, max_m2, *known.values()), known
    ).run()


def _asked(
    codes: Sequence[str], parcels: gpd.GeoDataFrame, max_width_m: float, max_m2: float
) -> tuple[str, ...]:
    """Return the codes that were asked for, in our order, after all complaints."""
    wanted = {one for code in codes for one in (SAFE_CODES if code == SAFE else (code,))}
    unsafe = sorted(wanted - set(REPAIRABLE))
    if unsafe:
        raise InputError(
            f"{', '.join(unsafe)} cannot be mended: a person must decide",
            where="[quality] repair",
            fix=f"choose from: {SAFE}, {', '.join(REPAIRABLE)}",
            code="unsafe_repair",
        )
    if not (max_width_m >= 0 and max_m2 >= 0):
        raise InputError(
            f"limits of a repair must not be negative: {max_width_m:g} m, {max_m2:g} m²",
            where="[quality] repair_max_width_m, repair_max_m2",
            fix="give numbers from 0 up",
            code="negative_limit",
        )
    moved = [code for code in BORDER_CODES if code in wanted]
    if moved and fault_of(parcels.crs) is not None:
        raise InputError(
            f"{', '.join(moved)} cannot be mended without a projected CRS in metres",
            where="[quality] repair",
            fix="reproject the layer first, or leave these codes out",
            code="needs_metres",
        )
    return tuple(code for code in REPAIRABLE if code in wanted)


class _Mender:
    """Applies the repairs one kind after the other and keeps the log."""

    def __init__(
        self,
        parcels: gpd.GeoDataFrame,
        findings: Findings,
        codes: tuple[str, ...],
        limits: Limits,
        parameters: dict[str, float],
    ) -> None:
        self.parcels = parcels
        self.findings = findings.table
        self.others = findings.others
        self.codes = codes
        self.limits = limits
        self.parameters = parameters
        self.shapes = parcels.geometry.to_numpy().copy()
        self.ids = parcels.index.to_numpy().astype(object).copy()
        self.out = np.full(len(parcels), "", dtype=object)
        self.log: list[dict[str, Any]] = []
        self.edits: list[Edit] = []
        self.mended: set[str] = set()

    def of(self, *codes: str) -> pd.DataFrame:
        wanted = [code for code in codes if code in self.codes]
        return self.findings[self.findings["code"].isin(wanted)]

    def run(self) -> Repair:
        self._take_out_rows_without_area()
        self._make_valid()
        self._take_out_duplicates()
        self._name()
        left = self._left(*self._mend_borders())
        remain = self.out == ""
        name = self.parcels.geometry.name
        table = self._with(self.parcels[remain], self.shapes[remain], self.ids[remain])
        dropped = self.parcels[~remain].assign(dropped_because=self.out[~remain])
        moves = moves_of(self.edits, [str(self.ids[e.row]) for e in self.edits], self.parcels.crs)
        rows = [row for row in dict.fromkeys(e.row for e in self.edits) if remain[row]]
        rows = sorted(rows)
        changed = self.parcels.iloc[rows]
        shapes = self.parcels.geometry.to_numpy()
        return Repair(
            table,
            self._logged(moves),
            dropped,
            left,
            float(np.nan_to_num(shapely.area(self.parcels.geometry.to_numpy())).sum()),
            float(np.nan_to_num(shapely.area(self.shapes[remain])).sum()),
            moves,
            self._with(changed, shapes[rows], self.ids[rows])[[name]],
            self._with(changed, self.shapes[rows], self.ids[rows])[[name]],
            Provenance(versions=versions()),
        )

    def _with(self, table: gpd.GeoDataFrame, shapes: Any, ids: Any) -> gpd.GeoDataFrame:
        made = table.copy()
        made.index = pd.Index(ids, name=self.parcels.index.name, dtype=object)
        series = gpd.GeoSeries(shapes, index=made.index, crs=self.parcels.crs)
        made[table.geometry.name] = series.to_numpy()
        return made

    def _logged(self, moves: gpd.GeoDataFrame) -> pd.DataFrame:
        """Return the log, with the moves of every edit counted."""
        distance = moves["distance_m"].astype(float)
        count, farthest = distance.groupby(level=0).size(), distance.groupby(level=0).max()
        for entry in self.log:
            edit = entry.pop("edit", None)
            entry["vertices_moved"] = int(count.get(edit, 0)) if edit is not None else 0
            entry["max_move_m"] = float(farthest.get(edit, 0.0)) if edit is not None else 0.0
        return pd.DataFrame(self.log, columns=LOG_COLUMNS)

    def _mend_borders(self) -> tuple[Findings | None, dict[Fault, str]]:
        """Move borders where asked for; return what a second look finds, and what was refused."""
        codes = tuple(code for code in BORDER_CODES if code in self.codes)
        if not codes or not (len(self.of(*codes)) or self.edits):
            return None, {}
        names = self._names(codes)
        changed = [edit.row for edit in self.edits]
        mender = BorderMender(
            self.parcels, self.shapes, self.out == "", self.limits, names, changed
        )
        mender.mend(codes)
        for edit in mender.edits:
            before, after = (0.0 if s is None else float(s.area) for s in (edit.before, edit.after))
            self.log.append(
                {
                    "edit": len(self.edits),
                    "finding_id": edit.finding_id,
                    "row_id": str(self.ids[edit.row]),
                    "other_id": str(self.ids[edit.other]) if edit.other >= 0 else "",
                    "new_id": "",
                    "code": edit.code,
                    "action": edit.action,
                    "area_before_m2": before,
                    "area_after_m2": after,
                    "delta_m2": after - before,
                    "note": edit.note,
                }
            )
            self.edits.append(edit)
        for row, taker in mender.gone.items():
            self.out[row] = f"sliver given to {self.ids[taker]}"
        remain = self.out == ""
        now = self._with(self.parcels[remain], self.shapes[remain], self.ids[remain])
        return check(now, tests=BORDER_CODES, **self.parameters), mender.refused  # type: ignore[arg-type]

    def _names(self, codes: Sequence[str]) -> dict[Fault, str]:
        """Return the ids of findings by what they are about."""
        listed = self.findings[self.findings["code"].isin(codes)]
        names: dict[Fault, str] = {}
        for key, name in zip(_keys(listed, self.others), listed["finding_id"], strict=True):
            names.setdefault(key, str(name))
        return names

    def _left(self, again: Findings | None, refused: dict[Fault, str]) -> pd.DataFrame:
        """Return what was not mended: of borders, once some moved, what a second look finds."""
        columns = ["finding_id", "code", "severity", "row_id", "other_id", "message"]
        first = self.findings[~self.findings["finding_id"].isin(self.mended)]
        if again is not None:
            first = first[~first["code"].isin(BORDER_CODES)]
        asked = first["code"].isin(self.codes)
        why = np.where(asked, "the rows differ, or another repair settled it", "not asked for")
        person = ~first["code"].isin(REPAIRABLE) | (
            asked & first["code"].isin(("invalid", "self_touch"))
        )
        left = pd.DataFrame(first[columns]).assign(
            why=np.where(person, "needs a person's decision", why)
        )
        if again is not None and len(again.table):
            remain = np.append(np.flatnonzero(self.out == ""), -1)
            keys = _keys(again.table, again.others, remain)
            names = self._names(BORDER_CODES)
            second = pd.DataFrame(again.table[columns])
            new = "after-" + second["finding_id"].astype(str)  # an id of the mended layer's own
            second["finding_id"] = [names.get(key, n) for key, n in zip(keys, new, strict=True)]
            second["why"] = [
                refused.get(key, "not among the findings")
                if key[0] in self.codes
                else "not asked for"
                for key in keys
            ]
            left = pd.concat([left, second])
        return left.reset_index(drop=True)

    def note(self, finding: Any, action: str, before: float, after: float, **more: Any) -> None:
        self.mended.add(finding.finding_id)
        self.log.append(
            {
                "finding_id": finding.finding_id,
                "row_id": finding.row_id,
                "other_id": finding.other_id,
                "new_id": more.get("new_id", ""),
                "code": finding.code,
                "action": action,
                "area_before_m2": before,
                "area_after_m2": after,
                "delta_m2": after - before,
                "note": more.get("note", ""),
                **({"edit": more["edit"]} if "edit" in more else {}),
            }
        )

    def area(self, row: int) -> float:
        shape = self.shapes[row]
        return 0.0 if shape is None else float(shape.area)

    def _take_out_rows_without_area(self) -> None:
        for finding in self.of("null_geometry", "wrong_type").itertuples():
            row = finding.row_number
            self.out[row] = finding.code  # type: ignore[index]
            self.note(
                finding,
                "row taken out",
                self.area(row),  # type: ignore[arg-type]
                0.0,
                note="kept in the layer dropped",
            )

    def _make_valid(self) -> None:
        for finding in self.of("invalid", "self_touch").itertuples():
            row = finding.row_number
            if not np.isfinite(shapely.get_coordinates(self.shapes[row])).all():  # type: ignore[index]
                continue  # nobody can tell where the corner was meant to be
            before = self.area(row)  # type: ignore[arg-type]
            flat = shapely.make_valid(shapely.force_2d(self.shapes[row]))  # type: ignore[index]
            mended = polygonal(np.array([flat], dtype=object))[0]
            if mended is None:
                self.out[row] = "no area after make_valid"  # type: ignore[index]
                self.note(finding, "row taken out", before, 0.0, note="nothing with area remains")
                continue
            old = self.shapes[row]  # type: ignore[index]
            self.shapes[row] = mended  # type: ignore[index]
            parts = int(shapely.get_num_geometries(mended))
            self.edits.append(
                Edit(str(finding.finding_id), str(finding.code), int(row), -1, "", old, mended)  # type: ignore[arg-type]
            )
            self.note(
                finding,
                "ring made valid",
                before,
                float(mended.area),
                edit=len(self.edits) - 1,
                note=f"{parts} parts; {finding.message_en}",
            )

    def _take_out_duplicates(self) -> None:
        """A row that equals an earlier one in geometry and attributes says nothing new."""
        findings = self.of("duplicate_geometry")
        if not len(findings):
            return
        keys = self._attribute_keys()
        plain = shapely.remove_repeated_points(self.shapes)
        shape_key = shapely.to_wkb(shapely.normalize(plain))
        ids_of_key: dict[tuple[bytes, int], list[int]] = {}
        order = {row: n for n, row in enumerate(_by_id(self.ids))}
        for row in sorted(range(len(self.shapes)), key=order.__getitem__):
            if self.out[row] == "" and self.shapes[row] is not None:
                ids_of_key.setdefault((shape_key[row], int(keys[row])), []).append(row)
        for finding in findings.itertuples():
            group = ids_of_key.get(
                (shape_key[finding.row_number], int(keys[finding.row_number])),  # type: ignore[index]
                [],
            )
            alive = [row for row in group if self.out[row] == ""]
            if len(alive) < 2:
                continue
            row = alive[-1]
            self.out[row] = "duplicate_geometry"
            kept = str(self.ids[alive[0]])
            self.note(
                finding,
                "row taken out",
                self.area(row),
                0.0,
                note=f"{self.ids[row]} equals {kept} in geometry and attributes; kept in dropped",
            )

    def _attribute_keys(self) -> np.ndarray:
        body = pd.DataFrame(self.parcels.drop(columns=self.parcels.geometry.name))
        if not body.shape[1]:
            return np.zeros(len(body), dtype=np.int64)
        text = body.astype(object).where(body.notna(), "").astype(str)
        return pd.factorize(pd.util.hash_pandas_object(text, index=False), sort=True)[0]

    def _name(self) -> None:
        taken = {str(one) for row, one in enumerate(self.ids) if self.out[row] == ""}
        number = 0
        for finding in self.of("missing_id").itertuples():
            if self.out[finding.row_number] != "":  # type: ignore[index]
                continue
            number += 1
            while f"auto-{number}" in taken:
                number += 1
            self._rename(finding, f"auto-{number}", taken)
        seen: dict[str, int] = {}
        for finding in self.of("duplicate_id").itertuples():
            row, old = finding.row_number, str(finding.row_id)
            twins = [r for r in np.flatnonzero(self.ids == old) if self.out[r] == ""]
            if self.out[row] != "" or len(twins) < 2:  # type: ignore[index]
                self.mended.add(finding.finding_id)  # type: ignore[arg-type]
                continue
            suffix = seen.get(old, 1) + 1
            while f"{old}#{suffix}" in taken:
                suffix += 1
            seen[old] = suffix
            self._rename(finding, f"{old}#{suffix}", taken)

    def _rename(self, finding: Any, new: str, taken: set[str]) -> None:
        area = self.area(finding.row_number)
        self.ids[finding.row_number] = new
        taken.add(new)
        self.note(finding, "id given", area, area, new_id=new)


def _keys(table: pd.DataFrame, others: pd.Series, rows: Any = None) -> list[Fault]:
    """Return what names each finding; `rows` are the layer's positions of those that were checked."""
    found = []
    columns = (table["finding_id"], table["code"], table["row_number"])
    for name, code, row in zip(*columns, strict=True):
        two = (int(row), int(others.get(name, -1)))
        one, other = two if rows is None else (int(rows[two[0]]), int(rows[two[1]]))
        found.append(fault_key(str(code), one, other))
    return found


def _by_id(ids: np.ndarray) -> np.ndarray:
    """Return rows by id: of two equal rows the one with the smaller id stays."""
    return np.argsort(ids.astype(str), kind="stable")
