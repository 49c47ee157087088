"""A process that writes what it is told to, and may be killed or starved while it does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("killed_runs.py")


@pytest.fixture(scope="session")
def writer():
    """Ask the writing process for one run; tell whether it was killed, or what it said."""
    if not hasattr(os, "fork"):
        pytest.skip("this system has no fork")
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", str(SCRIPT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )

    def ask(kind, folder, version, **how):
        asked = {"kind": kind, "folder": str(folder), "version": version, **how}
        process.stdin.write(json.dumps(asked) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    yield ask
    process.stdin.close()
    process.wait(30)
    process.stdout.close()
