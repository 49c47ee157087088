"""Where the invented sample district lies: beside the package in a clone, inside it in a wheel."""

from __future__ import annotations

import importlib.resources
from pathlib import Path

from renewal_geo.foundation.errors import SourceError
from renewal_geo.io.declarations import FILE_NAME


def sample_study() -> Path:
    """Return the folder of the invented sample district.

    Raises
    ------
    SourceError
        ``sample_missing`` where neither the wheel nor the clone has it.
    """
    package = Path(str(importlib.resources.files("renewal_geo")))
    places = (package / "sample", package.parent / "data" / "shapefiles")
    for place in places:
        if (place / FILE_NAME).is_file():
            return place
    raise SourceError(
        "the sample district is not installed",
        where=str(places[1]),
        fix="run scripts/make_sample.py, or install the wheel",
        code="sample_missing",
    )
