"""A study: the tables and settings that one planner's question rests on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyproj

from renewal_geo.foundation.errors import InputError
from renewal_geo.foundation.provenance import Provenance


@dataclass(frozen=True, slots=True)
class Study:
    """A frozen set of validated tables.

    Attributes
    ----------
    name, as_of, lang
        Title of the study, the day whose rules apply, language of labels (``zh`` or ``en``).
    crs
        Working CRS: projected, in metres.
    tables
        Role -> table in `crs`. ``parcels`` is indexed by ``parcel_id`` (text), the other roles by
        their own id column where the schema has one, else by the driver's feature id as text.
        Canonical columns come first, then the file's own columns under their own names (with
        ``_original`` appended where a canonical column has taken the name).
    settings
        Question -> its table in ``study.toml``, already checked against the known keys.
    provenance
        The inputs as read, and what was decided while reading.
    folder
        The folder of ``study.toml``; None for a study made in memory.
    """

    name: str
    crs: pyproj.CRS
    tables: Mapping[str, gpd.GeoDataFrame]
    as_of: dt.date
    lang: str = "zh"
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    provenance: Provenance = field(default_factory=Provenance)
    folder: Path | None = None

    def table(self, role: str) -> gpd.GeoDataFrame:
        """Return the table of `role`.

        Raises
        ------
        InputError
            If the study has no such layer.
        """
        if role not in self.tables:
            raise InputError(
                f"the study has no layer with the role {role!r}",
                where=str(self.folder or self.name),
                fix=f"add [layers.{role}] with a path to study.toml",
                code="layer_missing",
            )
        return self.tables[role]

    def get(self, role: str) -> gpd.GeoDataFrame | None:
        """Return the table of `role`, or None where the study has none."""
        return self.tables.get(role)

    @property
    def parcels(self) -> gpd.GeoDataFrame:
        """Parcels, indexed by ``parcel_id``."""
        return self.table("parcels")

    @property
    def barriers(self) -> gpd.GeoDataFrame | None:
        """Lines or polygons that contiguity may not cross, or None."""
        return self.get("barriers")

    @property
    def exclusions(self) -> gpd.GeoDataFrame | None:
        """Areas that no zone may take, or None."""
        return self.get("exclusions")

    @property
    def land_use(self) -> gpd.GeoDataFrame:
        """Land-use polygons."""
        return self.table("land_use")

    @property
    def units(self) -> gpd.GeoDataFrame:
        """Renewal units."""
        return self.table("units")

    @property
    def sub_districts(self) -> gpd.GeoDataFrame | None:
        """Sub-districts 街道, or None."""
        return self.get("sub_districts")
