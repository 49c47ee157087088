"""A QGIS of the system, where there is one; it has a Python of its own."""

import json
import os
import subprocess
from pathlib import Path

import pytest

PYTHON = os.environ.get("RENEWAL_GEO_QGIS_PYTHON", "/usr/bin/python3")
SCRIPT = Path(__file__).with_name("seen_by_qgis.py")
collect_ignore = [SCRIPT.name]


@pytest.fixture(scope="session")
def qgis():
    """Show files to QGIS; return what it sees."""
    there = subprocess.run(
        [PYTHON, "-c", "import qgis.core"], capture_output=True, check=False
    ).returncode if Path(PYTHON).exists() else 1  # fmt: skip
    if there:
        if "qgis" in os.environ.get("RENEWAL_GEO_REQUIRE", ""):
            pytest.fail("QGIS is required here and is not installed")
        pytest.skip("QGIS is not installed: apt install --no-install-recommends qgis python3-qgis")

    def look(*files):
        bare = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL"))}
        ran = subprocess.run(
            [PYTHON, str(SCRIPT), *map(str, files)],
            capture_output=True,
            text=True,
            check=True,
            env=bare,
        )
        assert "may only be partially supported" not in ran.stderr
        found = json.loads(ran.stdout.splitlines()[-1])
        return [found[str(file)] for file in files]

    return look
