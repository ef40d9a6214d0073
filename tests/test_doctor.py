"""`neurosim doctor`: what is here, what is missing, and the command that gets it."""

import json
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from myhdl_core import tools
from neurosim.cli import doctor, main

ROOT = Path(__file__).resolve().parents[1]


def missing(name: str) -> tools.Tool:
    return replace(tools.TOOLS[name](version=False), found=False, version="", where="")


@pytest.fixture
def survey(monkeypatch):
    """A system that has MyHDL, and neither a compiler nor Verilator."""
    found = tools.Tool("myhdl", True, "0.11.52", "/somewhere", "writing Verilog", "")
    here = (found, *(missing(name) for name in ("verilator", tools.COMPILER)))
    monkeypatch.setattr(tools, "survey", lambda: here)


def test_parts_and_tools_are_shown_with_their_versions(survey, capsys):
    assert main(["doctor"]) == 0
    printed = capsys.readouterr().out
    for name in ("Python", *doctor.PACKAGES, "myhdl", "verilator", "C++ compiler"):
        assert f"  {name} " in printed
    assert "0.11.52" in printed
    assert printed.count("missing ") == 2
    paths = ("install", "are kept in")  # which may be long
    lines = [line for line in printed.splitlines() if not any(word in line for word in paths)]
    assert max(map(len, lines)) <= 100


def test_what_is_missing_is_shown_with_what_installs_it(survey, capsys):
    main(["doctor"])
    printed = capsys.readouterr().out
    commands = tools.commands(tool for tool in tools.survey() if not tool.found)
    assert all(f"  {command}\n" in printed for command in commands)
    assert "ziglang" in printed


def test_nothing_has_to_be_got_where_all_is_there(monkeypatch, capsys):
    monkeypatch.setattr(tools, "survey", lambda: (tools.Tool("all", True, "", "x", "y", "z"),))
    assert main(["doctor"]) == 0
    printed = capsys.readouterr().out
    assert "missing" not in printed
    assert "found" in printed


def test_as_json(survey, capsys):
    assert main(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"core", "many", "hardware", "cache"}
    assert [tool["found"] for tool in found["hardware"]] == [True, False, False]
    assert set(found["core"][0]) == set(tools.Tool.__dataclass_fields__)


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_a_missing_core_part_fails(flags, survey, monkeypatch, capsys):
    monkeypatch.setitem(doctor.PACKAGES, "no_such_package", "something")
    assert main(["doctor", *flags]) == 1
    said = capsys.readouterr().err
    assert "missing: no_such_package" in said
    assert "install neurosim-hdl" in said


def test_the_core_parts_are_those_the_project_declares():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert sorted(doctor.PACKAGES) == [name.split(">=")[0] for name in project["dependencies"]]


def test_the_hardware_extra_has_what_doctor_says_it_has():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extra = {name.split(">=")[0] for name in project["optional-dependencies"]["hardware"]}
    offered = {tool.name for tool in map(missing, tools.TOOLS) if tools.EXTRA in tool.how_to_get}
    assert offered <= extra


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [("doctor --help", 0, "Usage: neurosim doctor"), ("docter", 2, "Did you mean doctor?")],
)
def test_help_and_suggestions_know_the_verb(words, code, said):
    command = [sys.executable, "-m", "neurosim", *words.split()]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert said in done.stdout + done.stderr
