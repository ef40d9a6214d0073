"""The floors of the house: imports go down only, and every room stands on a floor."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHECK = "from importlinter.cli import lint_imports_command as check; check()"


def test_imports_go_down_only() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHECK, "--no-cache"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 kept, 0 broken" in done.stdout


def test_every_room_stands_on_a_floor() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    (contract,) = project["tool"]["importlinter"]["contracts"]
    floors = {room.strip() for floor in contract["layers"] for room in floor.split("|")}
    rooms = {
        f"neurosim.{path.stem}"
        for path in (ROOT / "neurosim").iterdir()
        if not path.name.startswith("__") and (path.suffix == ".py" or any(path.glob("*.py")))
    }
    assert floors == rooms | {"myhdl_core"}
