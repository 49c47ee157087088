"""A LibreOffice of the system, where there is one: it reckons a workbook anew, and we read what it found."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SOFFICE = os.environ.get("RENEWAL_GEO_SOFFICE", "soffice")
# reckon every formula anew on opening, whatever values stand beside them; ask no host for anything
SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse">
<value>0</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="DisableMacrosExecution" oor:op="fuse">
<value>true</value></prop></item>
</oor:items>
"""
SECONDS = 300


@pytest.fixture(scope="session")
def recalculated(tmp_path_factory):
    """Return a function: the file of a workbook -> the file of the workbook as LibreOffice reckons it."""
    if shutil.which(SOFFICE) is None:
        if "libreoffice" in os.environ.get("RENEWAL_GEO_REQUIRE", ""):
            pytest.fail("LibreOffice is required here and is not installed")
        pytest.skip(
            "LibreOffice is not installed: apt install --no-install-recommends libreoffice-calc"
        )
    profile = tmp_path_factory.mktemp("profile")
    (profile / "user").mkdir()
    (profile / "user" / "registrymodifications.xcu").write_text(SETTINGS, encoding="utf-8")

    def reckon(file: Path) -> Path:
        out = tmp_path_factory.mktemp("recalculated")
        closed = {
            **os.environ,
            "http_proxy": "http://127.0.0.1:9",
            "https_proxy": "http://127.0.0.1:9",
        }
        ran = subprocess.run(
            [
                SOFFICE, "--headless", "--norestore", f"-env:UserInstallation={profile.as_uri()}",
                "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(out), str(file),
            ],
            capture_output=True, text=True, timeout=SECONDS, check=False, env=closed,
        )  # fmt: skip
        made = out / f"{file.stem}.xlsx"
        assert made.exists(), ran.stdout + ran.stderr
        return made

    return reckon
