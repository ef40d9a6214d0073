"""start.py: what it finds in .venv, and what it does about it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import start

PACKAGES = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
posix = pytest.mark.skipif(os.name == "nt", reason="the layout of an environment on POSIX")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "a check [out]"
    root.mkdir()
    (root / "pyproject.toml").write_text("[project]\nname = 'neurosim-hdl'\n")
    return root


def put_project(root: Path) -> None:
    (root / ".venv" / PACKAGES / "neurosim_hdl-0.1.0.dist-info").mkdir(parents=True)


def finished(root: Path, extras: list[str]) -> Path:
    """Make what a finished start leaves behind, as far as start.py looks at it."""
    venv = root / ".venv"
    put_project(root)
    python = start.python_in(venv)
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nfor word in "$@"; do echo "$word"; done\npwd\nexit 3\n')
    python.chmod(0o755)
    start.stamp_in(venv).write_text(start.stamp_text(root, extras), "utf-8")
    return venv


# --- the state of .venv -------------------------------------------------------------------------


def nothing(venv: Path) -> None:
    pass


def change_project(venv: Path) -> None:
    (venv.parent / "pyproject.toml").write_text("[project]\nname = 'other'\n")


def lose_python(venv: Path) -> None:
    start.python_in(venv).unlink()


def lose_packages(venv: Path) -> None:
    (venv / PACKAGES / "neurosim_hdl-0.1.0.dist-info").rename(venv / "gone")


def cut_short(venv: Path) -> None:
    start.stamp_in(venv).write_text("")


def garble_stamp(venv: Path) -> None:
    start.stamp_in(venv).write_bytes(b"\xff\n\x00")


def other_python(venv: Path) -> None:
    stamp = start.stamp_in(venv)
    stamp.write_text("cpython-27 linux\n" + stamp.read_text().split("\n", 1)[1])


def other_place(venv: Path) -> None:
    start.stamp_in(venv).write_text(start.stamp_text(venv.parent).replace("check", "former"))


def no_stamp(venv: Path) -> None:
    start.stamp_in(venv).unlink()


@posix
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (nothing, "ready"),
        (change_project, "stale"),
        (lose_python, "broken"),
        (lose_packages, "broken"),
        (cut_short, "broken"),
        (garble_stamp, "broken"),
        (other_python, "broken"),
        (other_place, "broken"),
        (no_stamp, "foreign"),
    ],
)
def test_state_after(checkout: Path, change: Callable[[Path], None], expected: str) -> None:
    venv = finished(checkout, [])
    change(venv)
    assert start.state(checkout) == expected


@posix
@pytest.mark.parametrize(
    ("has", "wants", "expected"),
    [
        ([], ["test"], "stale"),
        (["test"], [], "ready"),
        (["test"], ["test"], "ready"),
        (["hardware", "test"], ["test"], "ready"),
    ],
)
def test_state_with_extras(checkout: Path, has: list[str], wants: list[str], expected: str) -> None:
    finished(checkout, has)
    assert start.state(checkout, wants) == expected


def test_state_without_an_environment(checkout: Path) -> None:
    venv = checkout / ".venv"
    assert start.state(checkout) == "absent"
    venv.mkdir()
    assert start.state(checkout) == "absent"
    (venv / "somebody's").touch()
    assert start.state(checkout) == "foreign"


def test_a_file_in_the_place_of_an_environment_is_foreign(checkout: Path) -> None:
    (checkout / ".venv").touch()
    assert start.state(checkout) == "foreign"


# --- making and mending it ----------------------------------------------------------------------


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Put a recorder in the place of the one step that needs a network."""
    run: list[list[str]] = []

    def record(command: list[str], root: Path) -> None:
        run.append(command)
        if not start.installed(root / ".venv"):
            put_project(root)

    monkeypatch.setattr(start, "run_installer", record)
    monkeypatch.setattr(start, "installer", lambda python: ["INSTALLER", str(python)])
    return run


def test_a_ready_environment_is_left_alone(checkout: Path, commands: list[list[str]]) -> None:
    venv = finished(checkout, ["test"])
    assert start.prepare(checkout, ["test"]) == start.python_in(venv)
    assert commands == []


@posix
@pytest.mark.parametrize("change", [lose_python, lose_packages, cut_short, other_python])
def test_a_half_made_environment_is_made_anew(
    checkout: Path, commands: list[list[str]], change: Callable[[Path], None]
) -> None:
    venv = finished(checkout, [])
    (venv / PACKAGES / "half_a_package.py").touch()
    change(venv)
    python = start.prepare(checkout, ["test"])
    assert commands == [["INSTALLER", str(python), "--editable", ".[test]"]]
    assert start.state(checkout, ["test"]) == "ready"
    assert not (venv / PACKAGES / "half_a_package.py").exists()
    done = subprocess.run([python, "-c", "import sys; print(sys.prefix)"], capture_output=True)
    assert Path(os.fsdecode(done.stdout).strip()) == venv


@posix
def test_a_stale_environment_is_only_installed_into(
    checkout: Path, commands: list[list[str]]
) -> None:
    venv = finished(checkout, [])
    (venv / "mine").touch()
    change_project(venv)
    start.prepare(checkout)
    assert [command[-2:] for command in commands] == [["--editable", "."]]
    assert (venv / "mine").exists()
    assert start.state(checkout) == "ready"


def test_somebody_elses_environment_is_kept(checkout: Path, commands: list[list[str]]) -> None:
    for content in ("one", "two"):
        (checkout / ".venv").mkdir(exist_ok=True)
        (checkout / ".venv" / "dear").write_text(content)
        start.stamp_in(checkout / ".venv").unlink(missing_ok=True)
        start.prepare(checkout)
    kept = [(checkout / f".venv-old-{n}" / "dear").read_text() for n in (1, 2)]
    assert kept == ["one", "two"]
    assert start.state(checkout) == "ready"


def test_a_failed_install_is_tried_again(
    checkout: Path, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(command: list[str], root: Path) -> None:
        raise start.Trouble("no network")

    with monkeypatch.context() as broken:
        broken.setattr(start, "run_installer", fail)
        with pytest.raises(start.Trouble, match="no network"):
            start.prepare(checkout)
    assert start.state(checkout) == "broken"
    start.prepare(checkout)
    assert start.state(checkout) == "ready"


def test_the_installer_s_own_words_are_shown_and_kept(checkout: Path) -> None:
    (checkout / ".venv").mkdir()
    code = "print('Collecting numpy'); print('ERROR: no such package'); raise SystemExit(1)"
    with pytest.raises(start.Trouble) as trouble:
        start.run_installer([sys.executable, "-c", code], checkout)
    log = checkout / ".venv" / "install.log"
    assert "ERROR: no such package" in str(trouble.value)
    assert str(log) in str(trouble.value)
    assert "Collecting numpy" in log.read_text()


def test_a_checkout_that_cannot_be_written(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(venv: Path, now: str) -> None:
        raise PermissionError(13, "Permission denied", str(venv))

    monkeypatch.setattr(start, "make", refuse)
    with pytest.raises(start.Trouble, match=r"cannot be written \(Permission denied\)"):
        start.prepare(checkout)


def test_a_start_py_without_its_checkout(tmp_path: Path) -> None:
    with pytest.raises(start.Trouble, match=r"No pyproject\.toml in"):
        start.prepare(tmp_path)


# --- using it -----------------------------------------------------------------------------------


@posix
def test_a_command_runs_where_the_user_stands(checkout: Path, tmp_path: Path) -> None:
    (checkout / "start.py").write_bytes(Path(start.__file__).read_bytes())
    finished(checkout, [])
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    done = subprocess.run(
        [sys.executable, checkout / "start.py", "cost", "a b"],
        cwd=elsewhere,
        capture_output=True,
        text=True,
    )
    words = ["-P", "-m", "neurosim", "cost", "a b"]
    assert done.stdout.splitlines() == [*words, str(elsewhere.resolve())]
    assert (done.returncode, done.stderr) == (3, "")
