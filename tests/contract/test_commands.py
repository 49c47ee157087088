"""The command line and the library are one."""

import importlib
import inspect
import subprocess
import sys

import pytest
import typer

from renewal_geo.cli.app import app
from renewal_geo.cli.options import settings_options
from renewal_geo.foundation.settings import SETTINGS

COMMANDS = typer.main.get_command(app).commands
# a command is called by what it shows, the function by the map that it makes
FUNCTIONS = {
    ("maps", "zones"): "zone_map",
    ("maps", "handover"): "handover_map",
    ("maps", "facilities"): "facility_map",
    ("maps", "quality"): "quality_map",
    ("maps", "tasks"): "task_map",
    ("maps", "units"): "unit_map",
}


FORMS = {
    ("potential", "table")
}  # a form to be filled in; in Python report.criteria_workbook makes it
TOOLS = {"rules"}  # looked up and confirmed on the line; in Python they are a set that is asked


def verbs():
    for question, group in COMMANDS.items():
        if question in TOOLS:
            continue
        for verb in getattr(group, "commands", {}):
            if (question, verb) not in FORMS:
                yield question, verb


@pytest.mark.parametrize(("question", "verb"), list(verbs()))
def test_every_command_is_a_python_function_with_the_same_first_line(question, verb):
    name = FUNCTIONS.get((question, verb), verb.replace("-", "_"))
    function = getattr(importlib.import_module(f"renewal_geo.{question}"), name)
    shown = COMMANDS[question].commands[verb].help
    assert shown.splitlines()[0] == function.__doc__.splitlines()[0]


@pytest.mark.parametrize("key", SETTINGS["zones"])
def test_every_key_of_zones_is_an_option(key):
    options = {o for p in COMMANDS["zones"].commands["delineate"].params for o in p.opts}
    assert f"--{key.replace('_', '-')}" in options


@pytest.mark.parametrize("verb", COMMANDS["maps"].commands)
@pytest.mark.parametrize("key", SETTINGS["maps"])
def test_every_key_of_maps_is_an_option_of_every_map(verb, key):
    options = {o for p in COMMANDS["maps"].commands[verb].params for o in p.opts}
    assert f"--{key.replace('_', '-')}" in options


@pytest.mark.parametrize("verb", COMMANDS["maps"].commands)
def test_every_map_has_a_spec_function_beside_it_with_the_same_parameters(verb):
    maps = importlib.import_module("renewal_geo.maps")
    name = FUNCTIONS["maps", verb]
    drawn, said = getattr(maps, name), getattr(maps, name.replace("_map", "_spec"))
    assert list(inspect.signature(drawn).parameters) == list(inspect.signature(said).parameters)
    assert {name, name.replace("_map", "_spec")} <= set(maps.__all__)


def test_options_are_parsed_to_what_the_study_holds():
    seen = {}

    @settings_options("zones")
    def command(*, given):
        seen.update(given)

    names = dict.fromkeys(SETTINGS["zones"])
    command(
        **{**names, "min_share": ["industrial=0.6"], "lock_in": ["a,b", "c"], "min_area_ha": 5.0}
    )
    assert seen == {
        "zones": {"min_share": {"industrial": 0.6}, "lock_in": ["a", "b", "c"], "min_area_ha": 5.0}
    }


def test_what_a_library_prints_for_itself_is_no_answer():
    """HiGHS has printed a line from its C code into the one JSON object."""
    code = (
        "import ctypes; from renewal_geo.cli import app\n"
        "def noisy():\n"
        "    ctypes.CDLL(None).puts(b'noise'); print('answer'); return 4\n"
        "app.main = noisy; app.script()"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (4, "answer\n")
    assert "noise" in ran.stderr
