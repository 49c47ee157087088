"""Where a layer lies: the file's own CRS, the study's, and what to do when they disagree."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from renewal_geo.foundation import crs as crs_rules
from renewal_geo.foundation import gcj02
from renewal_geo.foundation.crs_candidates import listed
from renewal_geo.foundation.errors import CRSError
from renewal_geo.io import drivers

DEGREE_LIMIT = 180.0


@dataclass(frozen=True, slots=True)
class Claim:
    """What the study says of a layer's CRS, and what the file does.

    `assumption` is a sentence where the file itself states no CRS and WGS 84 is taken: by RFC 7946
    for GeoJSON, by the names of its columns for a table.
    """

    given: str
    force: bool
    assumption: str
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
        notes.append(f"the file's own CRS, {frame.crs.name}, does not say where on earth it is")
        bare = gpd.GeoSeries(frame.geometry.to_numpy(), index=frame.index)
        frame = gpd.GeoDataFrame(frame.drop(columns=frame.geometry.name), geometry=bare)
    assumed = bool(claim.assumption)
    degrees = in_degrees(frame)
    shifted = gcj02.system_named(claim.given)
    if shifted:
        return _unshifted(frame, own, shifted, claim, notes)
    if not claim.given.strip():
        return _by_itself(frame, own, claim, notes)
    wanted = crs_rules.parse(claim.given)
    named = crs_rules.name_of(wanted)
    if own is None:
        notes.append(f"the file names no CRS; {named} is the study's")
        return frame.set_crs(wanted)
    if same_crs(own, wanted):
        return frame
    if assumed and (wanted.is_geographic or degrees is False):
        notes.append(f"{claim.assumption.split(':')[0]}; {named} is the study's")
        return frame.set_crs(wanted, allow_override=True)
    if claim.force:
        notes.append(
            f"crs_forced: the file says {crs_rules.name_of(own)}, the study forces {named}"
        )
        return frame.set_crs(wanted, allow_override=True)
    says = f"has degrees ({claim.assumption})" if assumed else f"says {crs_rules.name_of(own)}"
    raise CRSError(
        f"the study gives {named} for this layer, but the file {says}",
        where=claim.where,
        fix="drop crs for this layer (it is reprojected by itself), or add crs_force = true if the "
        "file is wrong",
        code="crs_contradiction",
    )


def _by_itself(
    frame: gpd.GeoDataFrame, own: pyproj.CRS | None, claim: Claim, notes: list[str]
) -> gpd.GeoDataFrame:
    """Leave a layer where it says that it lies, or where its format or its columns put it."""
    if claim.assumption:
        if in_degrees(frame) is False:
            fault = _not_degrees(frame, claim)
            if claim.strict:
                raise fault
            notes.append(f"crs_suspect: {fault.what}; {fault.fix}")
        notes.append(claim.assumption)
        return frame if own is not None else frame.set_crs(4326)
    if own is None:
        could = listed(frame.total_bounds)
        notes.append(
            "the file names no CRS"
            + (f"; by their range its coordinates could be {could}" if could else "")
        )
    return frame


def _not_degrees(frame: gpd.GeoDataFrame, claim: Claim) -> CRSError:
    could = listed(frame.total_bounds)
    xmin, ymin, xmax, ymax = frame.total_bounds
    return CRSError(
        f"{claim.assumption}, but the coordinates are no degrees",
        where=f"{claim.where}, x {xmin:,.0f} to {xmax:,.0f}, y {ymin:,.0f} to {ymax:,.0f}",
        fix=f'say which it is: crs = "{crs_rules.EXAMPLE}" (or your own) for this layer'
        + (f"; by their range it could be {could}" if could else ""),
        code="crs_suspect",
    )


def _unshifted(
    frame: gpd.GeoDataFrame, own: pyproj.CRS | None, system: str, claim: Claim, notes: list[str]
) -> gpd.GeoDataFrame:
    """Bring coordinates of a Chinese web map back to WGS 84, because the study says what they are."""
    if (own is not None and not own.is_geographic) or in_degrees(frame) is False:
        raise CRSError(
            f"the study gives {system} for this layer, which is in degrees, but its coordinates are not",
            where=claim.where,
            fix="drop crs for this layer, or give the one that it is in",
            code="crs_contradiction",
        )

    def moved(points: np.ndarray) -> np.ndarray:
        return np.stack(gcj02.to_wgs84(points[:, 0], points[:, 1], system), axis=1)

    shapes = shapely.transform(frame.geometry.to_numpy(), moved)
    notes.append(
        f"{system} coordinates brought back to WGS 84, because the study says that they are in it "
        "(the published series, good to about a metre)"
    )
    return gpd.GeoDataFrame(
        frame.drop(columns=frame.geometry.name),
        geometry=gpd.GeoSeries(shapes, index=frame.index, crs=4326),
    )


def shift_suspected(frame: gpd.GeoDataFrame, label: str, given: str) -> str:
    """Say that degrees in China are probably shifted, where their origin speaks for it."""
    if frame.crs is None or not frame.crs.is_geographic or gcj02.system_named(given):
        return ""
    bounds = np.asarray(frame.total_bounds, dtype=float)
    if not np.isfinite(bounds).all():
        return ""
    names = [str(c) for c in frame.columns if c != frame.geometry.name]
    middle = ((bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2)
    system, why = gcj02.suspicion(names, label, *middle)
    fix = f'; write crs = "{system}" for this layer to have it brought back to WGS 84'
    return f"crs_suspect: {why}{fix}" if system else ""


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
