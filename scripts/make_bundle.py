"""Gather wheels and an installer script for a machine without internet.

Run on a machine that reaches a package registry: ``make bundle`` or
``python scripts/make_bundle.py bundle --platform windows``. Carry the folder over; there run
``install.sh`` or ``install.bat`` with Python 3.11 installed. Nothing is fetched on that side.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
PYTHON_VERSION = "3.11"
PLATFORMS = {
    "linux": (
        ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"),
        {
            "sys_platform": "linux",
            "platform_system": "Linux",
            "os_name": "posix",
            "platform_machine": "x86_64",
        },
    ),
    "windows": (
        ("win_amd64",),
        {
            "sys_platform": "win32",
            "platform_system": "Windows",
            "os_name": "nt",
            "platform_machine": "AMD64",
        },
    ),
}
INSTALL_SH = """#!/bin/sh
# Installs renewal-geo from the wheels beside this script; needs Python 3.11 and no internet.
set -eu
cd "$(dirname "$0")"
"${PYTHON:-python3.11}" -m venv "${1:-renewal-geo}"
"${1:-renewal-geo}/bin/python" -m pip install --no-index --find-links wheels renewal-geo
echo "installed; run ${1:-renewal-geo}/bin/renewal-geo demo --out demo"
"""
INSTALL_BAT = """@echo off\r
rem Installs renewal-geo from the wheels beside this script; needs Python 3.11 and no internet.\r
cd /d "%~dp0"\r
py -3.11 -m venv renewal-geo || exit /b 1\r
renewal-geo\\Scripts\\python -m pip install --no-index --find-links wheels renewal-geo || exit /b 1\r
echo installed; run renewal-geo\\Scripts\\renewal-geo demo --out demo\r
"""


def pinned(environment: dict[str, str]) -> list[str]:
    """Return the lock file's requirements that hold in `environment`, with their hashes."""
    kept = []
    text = (ROOT / "requirements" / "run.lock").read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        words, *hashes = line.split("--hash=")
        requirement = Requirement(words.strip())
        full = environment | {
            "python_version": PYTHON_VERSION,
            "python_full_version": f"{PYTHON_VERSION}.9",
            "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
        }
        if requirement.marker is None or requirement.marker.evaluate(full):
            name = f"{requirement.name}{requirement.specifier}"
            kept.append(" ".join([name, *(f"--hash={one.strip()}" for one in hashes)]))
    return kept


def gather(folder: Path, platform: str) -> None:
    """Fill `folder` with wheels for `platform` and the installer scripts."""
    tags, environment = PLATFORMS[platform]
    wheels = folder / "wheels"
    wheels.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        venv.create(scratch, with_pip=True)
        python = next(
            p
            for p in (Path(scratch, "bin", "python"), Path(scratch, "Scripts", "python.exe"))
            if p.exists()
        )
        lock = Path(scratch, "platform.lock")
        lock.write_text("\n".join(pinned(environment)) + "\n", encoding="utf-8")
        platforms = [word for tag in tags for word in ("--platform", tag)]
        subprocess.run(
            [
                python,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--require-hashes",
                "--only-binary",
                ":all:",
                "--python-version",
                PYTHON_VERSION,
                *platforms,
                "--dest",
                wheels,
                "--requirement",
                lock,
            ],
            check=True,
        )
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", wheels],
        check=True,
        cwd=ROOT,
    )
    (folder / "install.sh").write_text(INSTALL_SH, encoding="utf-8")
    (folder / "install.sh").chmod(0o755)
    (folder / "install.bat").write_bytes(INSTALL_BAT.encode())
    shutil.copy(ROOT / "README.md", folder)
    shutil.copy(ROOT / "README.zh.md", folder)


def main() -> int:
    """Read the command line and gather."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--platform", choices=sorted(PLATFORMS), default="linux")
    asked = parser.parse_args()
    gather(asked.folder.resolve(), asked.platform)
    print(f"{len(list((asked.folder / 'wheels').glob('*.whl')))} wheels in {asked.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
