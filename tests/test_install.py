"""The distribution: sdist, wheel from the sdist, and the installed wheel used from elsewhere."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

import start

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PACKAGES = ("neurosim", "myhdl_core")
SHELF = ("topologies", "scenarios")


class Built(NamedTuple):
    sdist: Path
    wheel: Path


def run(command: list[str | Path], folder: Path) -> str:
    """Run a command with nothing of this checkout in its environment; return its stdout."""
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=env | {"NO_COLOR": "1", "COLUMNS": "200", "PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def files(folder: str) -> set[str]:
    """Return what a folder of the checkout holds, as paths inside it, without what Python makes."""
    top = ROOT / folder
    found = (path for path in top.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(top).as_posix() for path in found if not path.name.startswith(".")}


def names(folder: str, suffix: str) -> list[str]:
    paths = sorted((ROOT / folder).glob(f"*{suffix}"))
    return [path.stem for path in paths if not path.stem.startswith("_")]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build as a packager does: the sdist from the checkout, then the wheel from the sdist."""
    out = tmp_path_factory.mktemp("dist")
    run([sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT], out)
    (sdist,), (wheel,) = out.glob("*.tar.gz"), out.glob("*.whl")
    return Built(sdist, wheel)


@pytest.fixture(scope="module")
def python(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into an environment of its own, which borrows the dependencies of ours."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, symlinks=os.name != "nt")
    python = start.python_in(folder)
    packages = Path(
        run([python, "-c", "import sysconfig as s; print(s.get_path('purelib'))"], ROOT).strip()
    )
    # Folders named in a .pth file have no .pth files of their own read: the checkout stays out.
    ours = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (packages / "borrowed.pth").write_text("\n".join(sorted(ours)))
    run([*start.installer(python), "--no-deps", "--no-index", built.wheel], folder.parent)
    return python


def test_the_sdist_holds_what_the_wheel_is_made_of(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    for folder in (*PACKAGES, *SHELF, "tests"):
        assert {f"{folder}/{name}" for name in files(folder)} <= held
    assert {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "start.py"} <= held


def test_the_wheel_holds_the_packages_and_the_shelf_and_no_more(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as archive:
        about = {name for name in archive.namelist() if ".dist-info/" in name}
        held = set(archive.namelist()) - about
    expected = {f"{package}/{name}" for package in PACKAGES for name in files(package)}
    expected |= {f"neurosim/shelf/{folder}/{name}" for folder in SHELF for name in files(folder)}
    assert held == expected
    assert "neurosim/py.typed" in held
    assert any(name.endswith("/LICENSE") for name in about)


def test_the_package_comes_from_the_wheel(python: Path, tmp_path: Path) -> None:
    code = "import neurosim, myhdl_core; print(neurosim.__file__); print(myhdl_core.__file__)"
    for line in run([python, "-c", code], tmp_path).splitlines():
        assert Path(line).is_relative_to(python.parents[1])


@pytest.mark.parametrize("command", ["module", "script"])
def test_the_shelf_is_found_from_another_folder(command: str, python: Path, tmp_path: Path) -> None:
    program = [python, "-m", "neurosim"] if command == "module" else [python.with_name("neurosim")]
    listed = run([*program, "list"], tmp_path)
    shelf = names("scenarios", ".py") + names("topologies", ".py")
    shelf += names("neurosim/machine/shelf", ".toml")
    assert [name for name in shelf if name not in listed] == []


def test_a_scenario_is_shown_from_another_folder(python: Path, tmp_path: Path) -> None:
    shown = run([python, "-m", "neurosim", "show", "compare"], tmp_path)
    assert "compare" in shown


def test_what_is_imported_is_declared() -> None:
    needed = {name.split(">=")[0] for name in PROJECT["dependencies"]}
    hardware = {name.split(">=")[0] for name in PROJECT["optional-dependencies"]["hardware"]}
    own = {*sys.stdlib_module_names, *PACKAGES, *SHELF}
    extras = {ROOT / "neurosim" / f"{extra}.py": {extra} for extra in ("river", "sklearn")}
    extras[ROOT / "neurosim" / "study" / "design" / "trials.py"] = {"optuna"}
    for folder in (*PACKAGES, *SHELF):
        allowed = own | needed | (hardware if folder == "myhdl_core" else set())
        for path in (ROOT / folder).rglob("*.py"):
            unknown = imports(path) - allowed - extras.get(path, set())
            assert not unknown, f"{path.relative_to(ROOT)} imports {sorted(unknown)}"


def imports(path: Path) -> set[str]:
    """Return the top names of what a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_no_requirement_has_an_upper_bound() -> None:
    extras = PROJECT["optional-dependencies"].values()
    named = [*PROJECT["dependencies"], *(name for extra in extras for name in extra)]
    requirements = [name.split(";")[0] for name in named]  # on some Pythons one may be left out
    assert [name for name in requirements if "<" in name or "=" in name.replace(">=", "")] == []
