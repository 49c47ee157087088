"""What is safe to mend: exact duplicates, invalid rings, null rows, ids. Every change is logged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from renewal_geo.foundation.errors import InputError
from renewal_geo.foundation.provenance import Provenance, versions
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
        One row per change: ``finding_id, row_id, other_id, new_id, code, action, area_before_m2,
        area_after_m2, delta_m2, note``. The deltas add up to the change of the layer's total area.
    dropped
        Rows taken out (no geometry, exact duplicates), as they were, with the reason.
    left
        Findings that were not mended, and why.
    area_before_m2, area_after_m2
        Sum of the polygons' areas as stored (planar; an invalid ring counts as GEOS measures it).
    """

    table: gpd.GeoDataFrame
    log: pd.DataFrame
    dropped: gpd.GeoDataFrame
    left: pd.DataFrame
    area_before_m2: float
    area_after_m2: float
    provenance: Provenance = field(default_factory=Provenance)

    def __str__(self) -> str:
        delta = self.area_after_m2 - self.area_before_m2
        return (
            f"{len(self.log):,} changes: {len(self.dropped):,} rows taken out, "
            f"{len(self.table):,} remain, area {delta:+,.2f} m²; "
            f"{len(self.left):,} findings left for a person"
        )


def repair(
    parcels: gpd.GeoDataFrame, findings: Findings, *, codes: Sequence[str] = SAFE_CODES
) -> Repair:
    """Mend what is safe to mend and log every change with the area before and after.

    Parameters
    ----------
    parcels
        The layer that was checked; not changed.
    findings
        Of :func:`check` on the same layer.
    codes
        Which of the safe codes to mend: ``null_geometry, wrong_type`` (row taken out), ``invalid,
        self_touch`` (ring made valid; lobes of a bow-tie are kept), ``duplicate_geometry`` (a row that equals
        another in geometry and attributes, ids aside, is taken out), ``missing_id`` (a new id),
        ``duplicate_id`` (the later row gets ``#2`` added).

    Returns
    -------
    Repair
        Idempotent, and independent of the order of rows. Overlaps, gaps, slivers and all else where the
        right answer is a person's are listed in ``left``.

    Raises
    ------
    InputError
        If a code is not among the safe ones, or the findings belong to another layer.
    """
    unsafe = [code for code in codes if code not in SAFE_CODES]
    if unsafe:
        raise InputError(
            f"{', '.join(unsafe)} cannot be mended safely",
            where="quality repair",
            fix=f"choose from: {', '.join(SAFE_CODES)}",
            code="unsafe_repair",
        )
    if findings.rows != len(parcels):
        raise InputError(
            f"the findings are of a layer of {findings.rows} rows, this one has {len(parcels)}",
            fix="quality.check this layer first",
            code="other_layer",
        )
    return _Mender(parcels, findings, tuple(codes)).run()


class _Mender:
    """Applies the repairs one kind after the other and keeps the log."""

    def __init__(
        self, parcels: gpd.GeoDataFrame, findings: Findings, codes: tuple[str, ...]
    ) -> None:
        self.parcels = parcels
        self.findings = findings.table
        self.codes = codes
        self.shapes = parcels.geometry.to_numpy().copy()
        self.ids = parcels.index.to_numpy().astype(object).copy()
        self.out = np.full(len(parcels), "", dtype=object)
        self.log: list[dict[str, Any]] = []
        self.mended: set[str] = set()

    def of(self, *codes: str) -> pd.DataFrame:
        wanted = [code for code in codes if code in self.codes]
        return self.findings[self.findings["code"].isin(wanted)]

    def run(self) -> Repair:
        self._take_out_rows_without_area()
        self._make_valid()
        self._take_out_duplicates()
        self._name()
        remain = self.out == ""
        name = self.parcels.geometry.name
        table = self.parcels[remain].copy()
        table[name] = gpd.GeoSeries(self.shapes[remain], index=table.index, crs=self.parcels.crs)
        table.index = pd.Index(self.ids[remain], name=self.parcels.index.name, dtype=object)
        dropped = self.parcels[~remain].assign(dropped_because=self.out[~remain])
        left = self.findings[~self.findings["finding_id"].isin(self.mended)]
        left = pd.DataFrame(  # type: ignore[assignment]
            left[["finding_id", "code", "severity", "row_id", "other_id", "message"]]
        )
        left = left.assign(
            why=np.where(
                left["code"].isin(SAFE_CODES),
                "not asked for, or needs a person's decision",
                "needs a person's decision",
            )
        ).reset_index(drop=True)
        before = float(np.nan_to_num(shapely.area(self.parcels.geometry.to_numpy())).sum())
        after = float(np.nan_to_num(shapely.area(self.shapes[remain])).sum())
        return Repair(
            table,
            pd.DataFrame(self.log, columns=LOG_COLUMNS),
            dropped,
            left,
            before,
            after,
            Provenance(versions=versions()),
        )

    def note(self, finding: Any, action: str, before: float, after: float, **more: str) -> None:
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
            before = self.area(row)  # type: ignore[arg-type]
            flat = shapely.make_valid(shapely.force_2d(self.shapes[row]))  # type: ignore[index]
            mended = polygonal(np.array([flat], dtype=object))[0]
            if mended is None:
                self.out[row] = "no area after make_valid"  # type: ignore[index]
                self.note(finding, "row taken out", before, 0.0, note="nothing with area remains")
                continue
            self.shapes[row] = mended  # type: ignore[index]
            parts = int(shapely.get_num_geometries(mended))
            self.note(
                finding,
                "ring made valid",
                before,
                float(mended.area),
                note=f"{parts} parts; {finding.message_en}",
            )

    def _take_out_duplicates(self) -> None:
        """A row that equals an earlier one in geometry and attributes says nothing new."""
        findings = self.of("duplicate_geometry")
        if not len(findings):
            return
        keys = self._attribute_keys()
        shape_key = shapely.to_wkb(shapely.normalize(self.shapes))
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


def _by_id(ids: np.ndarray) -> np.ndarray:
    """Return rows by id: of two equal rows the one with the smaller id stays."""
    return np.argsort(ids.astype(str), kind="stable")
