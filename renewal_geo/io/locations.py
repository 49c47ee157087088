"""Where a layer lies: the file's own CRS, the study's, and what to do when they disagree."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pyproj

from renewal_geo.foundation import crs as crs_rules
from renewal_geo.foundation.errors import CRSError
from renewal_geo.io import drivers

DEGREE_LIMIT = 180.0


@dataclass(frozen=True, slots=True)
class Claim:
    """What the study says of a layer's CRS, and whether the file states its own."""

    given: str
    force: bool
    stated: bool
    strict: bool
    where: str


def located(frame: gpd.GeoDataFrame, claim: Claim, notes: list[str]) -> gpd.GeoDataFrame:
    """Settle the CRS of a layer: the file's own, else the study's; coordinates stay as they are.

    Parameters
    ----------
    frame
        The layer as read.
    claim
        What the study says.
    notes
        What was decided is added here.

    Raises
    ------
    CRSError
        ``crs_contradiction, crs_unknown`` or ``crs_suspect``.
    """
    own = None if _is_nameless(frame.crs) else frame.crs
    if own is None and frame.crs is not None:
        frame = gpd.GeoDataFrame(
            frame, geometry=gpd.GeoSeries(frame.geometry.to_numpy(), index=frame.index)
        )
    assumed = own is not None and not claim.stated
    degrees = in_degrees(frame)
    if not claim.given.strip():
        if assumed and degrees is False:
            fault = _not_degrees(frame, claim.where)
            if claim.strict:
                raise fault
            notes.append(f"crs_suspect: {fault.what}")
        if assumed:
            notes.append("GeoJSON without a crs member: WGS 84 by RFC 7946")
        return frame
    wanted = crs_rules.parse(claim.given)
    named = crs_rules.name_of(wanted)
    if own is None:
        notes.append(f"the file names no CRS; {named} is the study's")
        return frame.set_crs(wanted)
    if same_crs(own, wanted):
        return frame
    if assumed and (wanted.is_geographic or degrees is False):
        notes.append(f"GeoJSON without a crs member; {named} is the study's")
        return frame.set_crs(wanted, allow_override=True)
    if claim.force:
        notes.append(
            f"crs_forced: the file says {crs_rules.name_of(own)}, the study forces {named}"
        )
        return frame.set_crs(wanted, allow_override=True)
    says = (
        "is WGS 84 by RFC 7946 and its coordinates are degrees"
        if assumed
        else (f"says {crs_rules.name_of(own)}")
    )
    raise CRSError(
        f"the study gives {named} for this layer, but the file {says}",
        where=claim.where,
        fix="drop crs for this layer (it is reprojected by itself), or add crs_force = true if the "
        "file is wrong",
        code="crs_contradiction",
    )


def _not_degrees(frame: gpd.GeoDataFrame, where: str) -> CRSError:
    hint = crs_rules.suspect(frame.total_bounds, None) or "the coordinates are no degrees"
    xmin, ymin, xmax, ymax = frame.total_bounds
    return CRSError(
        f"GeoJSON without a crs member is WGS 84, but {hint}",
        where=f"{where}, x {xmin:,.0f} to {xmax:,.0f}, y {ymin:,.0f} to {ymax:,.0f}",
        fix=f'say which it is: crs = "{crs_rules.EXAMPLE}" (or your own) for this layer',
        code="crs_suspect",
    )


def in_degrees(frame: gpd.GeoDataFrame) -> bool | None:
    """Say whether all coordinates could be degrees; None where there are none."""
    bounds = np.abs(np.asarray(frame.total_bounds, dtype=float))
    if not np.isfinite(bounds).all():
        return None
    return bool((bounds <= DEGREE_LIMIT).all())


def _is_nameless(crs: pyproj.CRS | None) -> bool:
    """Engineering CRSs, GeoPackage's ``undefined`` among them, say nothing about where it is."""
    return crs is None or crs.is_engineering or "undefined" in str(crs.name).lower()


def same_crs(first: pyproj.CRS, second: pyproj.CRS) -> bool:
    """Say whether two CRSs give every point the same x and y, whatever they are called.

    >>> same_crs(pyproj.CRS("EPSG:4326"), pyproj.CRS("OGC:CRS84"))
    True
    >>> same_crs(pyproj.CRS("EPSG:4547"), pyproj.CRS("EPSG:4526"))
    False
    """
    if first.equals(second, ignore_axis_order=True):
        return True
    codes = {c.to_authority(min_confidence=70) for c in (first, second)}
    if len(codes) == 1 and None not in codes:
        return True
    with drivers.remarks():
        forms = [{**c.to_dict()} for c in (first, second)]
    for form in forms:
        for key in ("no_defs", "type", "towgs84", "axis"):
            form.pop(key, None)
        if form.get("datum") == "WGS84":
            form["ellps"] = form.pop("datum")
    return bool(forms[0]) and forms[0] == forms[1]


def crs_text(crs: pyproj.CRS | None) -> str:
    """Return the authority code of a CRS, else its WKT; empty for none."""
    if crs is None:
        return ""
    authority = crs.to_authority(min_confidence=70)
    return ":".join(authority) if authority else crs.to_wkt()
