"""The bank that is drawn by hand."""

import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def drawn():
    """The module that draws banks and needs."""
    path = Path(__file__).with_name("drawn.py")
    spec = importlib.util.spec_from_file_location("drawn_sitebank", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
