"""Facilities, their service areas, and who lies within them, as tables for the map."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from renewal_geo.foundation import crs as crs_rules
from renewal_geo.foundation.errors import InputError
from renewal_geo.foundation.facility_kinds import KINDS, kind_code
from renewal_geo.foundation.labels import LANGUAGES
from renewal_geo.maps.ready.ready_tables import identified, said, texts_of
from renewal_geo.maps.spec import Text, both
from renewal_geo.maps.texts import listed

CIRCLE_SEGMENTS = 24


@dataclass(frozen=True, slots=True)
class Standard:
    """A service radius that somebody asked for.

    Attributes
    ----------
    radius_m
        Straight-line distance (m) from the facility.
    source
        What it is taken from.
    verified
        Whether the caller has checked it against the text in force. Without it the map says so.
    """

    radius_m: float
    source: str = ""
    verified: bool = False


def kind_title(code: str) -> Text:
    """Return the title of a kind, the text itself for one that we do not know."""
    return both(f"facility.{code}") if code in KINDS else Text(code, code)


def checked_standards(
    standards: Mapping[str, float | Standard] | None,
) -> dict[str, Standard]:
    """Return the standards by the code of their kind; a bare number is a radius that nobody checked.

    Raises
    ------
    InputError
        For a radius that is no positive number.
    """
    made = {}
    for kind, one in (standards or {}).items():
        given = one if isinstance(one, Standard) else Standard(float(one))
        if not 0 < given.radius_m < np.inf:
            raise InputError(
                f"the radius of {kind} is {given.radius_m}",
                fix="give metres, more than zero",
                code="bad_limit",
            )
        made[kind_code(kind)] = given
    return made


def service_areas(
    facilities: gpd.GeoDataFrame, kinds: Sequence[str], standards: Mapping[str, Standard]
) -> tuple[gpd.GeoDataFrame, list[Text]]:
    """Return one area per kind: everything within its radius of one of its facilities.

    Parameters
    ----------
    facilities
        n points or areas in a metric CRS.
    kinds
        n codes.
    standards
        Code to radius; kinds without one have no area.

    Returns
    -------
    areas : GeoDataFrame
        ``kind`` (code), ``facilities`` (how many), ``radius_m, source, verified``.
    notes : list of Text
        What is asked for and not there, and which radii nobody checked.
    """
    of = np.asarray(kinds, dtype=object)
    shapes = facilities.geometry.to_numpy()
    placed = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    rows = []
    if standards:
        crs_rules.require_metric(facilities.crs, "the facilities")
    for kind, one in standards.items():
        own = shapes[(of == kind) & placed]
        if len(own):
            circles = shapely.buffer(own, one.radius_m, quad_segs=CIRCLE_SEGMENTS)
            rows.append(
                (kind, len(own), one.radius_m, one.source, one.verified, shapely.union_all(circles))
            )
    columns = ["kind", "facilities", "radius_m", "source", "verified", "geometry"]
    made = gpd.GeoDataFrame(
        pd.DataFrame(rows, columns=columns), geometry="geometry", crs=facilities.crs
    )
    return made, _radius_notes(made, list(dict.fromkeys(of)), standards)


def _radius_notes(
    areas: gpd.GeoDataFrame, kinds: Sequence[str], standards: Mapping[str, Standard]
) -> list[Text]:
    drawn = list(areas["kind"])
    notes = []
    if drawn:
        radii = [_said_radius(kind, standards[kind]) for kind in drawn]
        sources = _sources(standards[k] for k in drawn)
        notes.append(both("facility.radius_note", texts=listed(radii), sources=sources))
    doubtful = [kind_title(kind) for kind in drawn if not standards[kind].verified]
    bare = [kind_title(kind) for kind in kinds if kind and kind not in standards]
    unused = [kind_title(kind) for kind in standards if kind not in drawn]
    for key, names in (
        ("unverified_note", doubtful),
        ("no_radius", bare),
        ("unused_radius", unused),
    ):
        if names and (key != "no_radius" or standards):
            notes.append(both(f"facility.{key}", texts=listed(names)))
    return notes


def _said_radius(kind: str, one: Standard) -> Text:
    title = kind_title(kind)
    return Text(f"{title.zh} {one.radius_m:g} m", f"{title.en} {one.radius_m:g} m")


def _sources(standards: Iterable[Standard]) -> Text:
    named = [one.source for one in standards]
    none = both("facility.no_source")
    return Text(
        *(", ".join(dict.fromkeys(one or none.said(x) for one in named)) for x in LANGUAGES)
    )


def within(demand: gpd.GeoDataFrame, area: shapely.Geometry) -> NDArray[np.bool_]:
    """Return which of n points, or which areas by a point inside them, lie in `area`."""
    shapely.prepare(area)
    spots = demand.geometry.representative_point().to_numpy()
    found: NDArray[np.bool_] = shapely.covers(area, spots)
    return found


def link_lines(
    links: pd.DataFrame, needs: gpd.GeoDataFrame, sites: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, list[Text]]:
    """Return a line from each need to the site that answers it, with its length (m).

    Parameters
    ----------
    links
        Rows ``need_id, site_id``.
    needs, sites
        As :func:`renewal_geo.maps.ready.ready_tables.identified` returns them, in one metric CRS.
    """
    table = identified(links.assign(kind=""), "needs", ["need_id", "site_id"])
    ends = {}
    for role, own in (("need_id", needs), ("site_id", sites)):
        once = own.drop_duplicates(role)
        spots = once.geometry.representative_point()
        ends[role] = dict(zip(once[role], spots, strict=True))
    rows, lost = [], []
    limit = _limits(needs)
    for need, site in zip(table["need_id"], texts_of(table, "site_id"), strict=True):
        a, b = ends["need_id"].get(need), ends["site_id"].get(site)
        if a is None or b is None or a.is_empty or b.is_empty:
            lost.append(f"{need}–{site}")
            continue
        way = float(a.distance(b))
        most = limit.get(need, np.nan)
        state = "unlimited" if not np.isfinite(most) else "within" if way <= most else "beyond"
        rows.append((need, site, way, state, shapely.LineString([a, b])))
    columns = ["need_id", "site_id", "distance_m", "state", "geometry"]
    made = gpd.GeoDataFrame(pd.DataFrame(rows, columns=columns), geometry="geometry", crs=needs.crs)
    return made, [said("facility.links_lost", both("facility.links"), lost)] if lost else []


def _limits(needs: gpd.GeoDataFrame) -> dict[str, float]:
    if "max_dist_m" not in needs.columns:
        return {}
    return dict(
        zip(needs["need_id"], pd.to_numeric(needs["max_dist_m"], errors="coerce"), strict=True)
    )
