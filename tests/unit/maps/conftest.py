"""The drawn district, for every test of this folder."""

import importlib.util
from pathlib import Path

import pytest


def loaded(name):
    here = Path(__file__).resolve()
    path = next(p / name for p in here.parents if (p / name).exists())
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def drawn():
    """The module that draws delineations by hand."""
    return loaded("drawn.py")


@pytest.fixture(scope="session")
def foreseen():
    """The module that draws what a planner asks next."""
    return loaded("drawn_outlook.py")


@pytest.fixture(scope="session")
def unpacked():
    """The module that reads a page's data block again."""
    return loaded("unpacked.py")


@pytest.fixture(scope="session")
def pages():
    """The module that draws a map with everything that a page can show."""
    return loaded("drawn_page.py")
