"""The run folder: what a study computed, in files that anyone can read and nothing overwrites.

`NAME-HASH/` holds `scenario.toml` (complete: running it again gives the same folder),
`summary.json` (all figures of the report, versions, host, seconds), `series.csv` (the last steps of
every rule's first seed) and `checkpoint.safetensors` (the trained network;
`checkpoint-RULE.safetensors` those of the other rules). Where a chip was made of the scenario it
holds `hardware.json` and `rtl/` too, or those and the scenario alone. `neurosim report` draws from
these `report.html` and `figures/`. Each file is written beside its place and then moved there,
whole. While a run is computed there is `resume/` too: see `unfinished.py`.
"""

from __future__ import annotations

import csv
import io
import json
import os
import platform
import shlex
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import Any

import neurosim
from neurosim.engines.checkpoint.lock import NAME as LOCK
from neurosim.errors import UserError, nearest
from neurosim.model.network import Network
from neurosim.study import description, rules, sources
from neurosim.study.checks import is_file, is_folder
from neurosim.study.scenario import RUNS, Scenario, digest, folder_name, in_path
from neurosim.study.summary import SCHEMA, Summary, finite, summary_in
from neurosim.study.training import TAIL_STEPS, Outcome

SUMMARY, SCENARIO = "summary.json", "scenario.toml"
RECORD = "hardware.json"
SERIES, CHECKPOINT = "series.csv", "checkpoint.safetensors"
PAGE, FIGURES = "report.html", "figures"
UNFINISHED = Path("resume", "run.json")
"""Where a run folder says what is computed in it, as long as that is not done."""
_PACKAGES = ("numpy", "networkx", "simpy", "safetensors")


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that the figures depend on."""
    found = {"neurosim": str(neurosim.__version__), "python": platform.python_version()}
    for package in _PACKAGES:
        found[package] = metadata.version(package)
    return found


def host() -> dict[str, Any]:
    """Return the machine that computes, as far as timings depend on it."""
    return {
        "name": platform.node(),
        "system": platform.platform(),
        "processor": platform.machine(),
        "cores": os.cpu_count() or 1,
    }


class Unwritable(UserError):
    """A file that cannot be written, perhaps for want of room."""


@contextmanager
def prepared(scenario: Scenario, out: Path) -> Iterator[Path]:
    """Make the run folder of ``scenario`` in ``out``, and try it out for writing.

    Done before anything is computed, so that a wrong ``--out`` costs nothing. Where the block
    fails, folders that were made for it and are still empty go again.
    """
    with made(out / folder_name(scenario)) as folder:
        yield folder


@contextmanager
def made(folder: Path) -> Iterator[Path]:
    """Make a folder, and try it out for writing; where the block fails, empty ones go again."""
    try:
        new = [path for path in (folder, *folder.parents) if not path.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            f"{folder}: cannot be written ({reason}). Name another folder with --out."
        ) from None
    try:
        yield folder
    except BaseException:
        with suppress(OSError):  # it holds something
            for path in new:
                path.rmdir()
        raise


def write(
    folder: Path,
    scenario: Scenario,
    summary: Summary,
    outcomes: Sequence[Outcome],
    beside: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Write the run folder and return in words what was written.

    What a run has finished before is kept when the same run ends early. ``beside`` are the texts
    of more files, by their names.
    """
    if summary.status != "done" and finished(folder):
        return f"nothing: {folder} holds this run, finished before"
    firsts = [] if scenario.swept else _firsts(outcomes)
    _replace_text(folder / SCENARIO, description.toml(description.mapping(scenario)))
    if firsts:
        _replace_text(folder / SERIES, _series(firsts))
    for outcome in firsts:
        if outcome.failure is not None:
            continue  # weights that are not finite are none that anyone could go on with
        own = len(firsts) == 1 or outcome.rule == rules.key(scenario.rule.name)
        name = CHECKPOINT if own else f"checkpoint-{in_path(outcome.rule)}.safetensors"
        replace_whole(folder / name, _saver(outcome.network))
    for name, text in beside.items():
        _replace_text(folder / name, text)
    # last, since a folder is known by its summary
    record = json.dumps(_record(scenario, summary), indent=2, allow_nan=False)
    _replace_text(folder / SUMMARY, record + "\n")
    return listed(folder)


def listed(folder: Path) -> str:
    """Return in words what a run folder holds, beside what is drawn from that."""
    hidden = {PAGE, FIGURES, UNFINISHED.parts[0], LOCK}
    names = {path.name for path in folder.iterdir()} - hidden
    files = sorted(name for name in names if not name.startswith("."))
    return f"{folder}: {', '.join(files)}"


def read(folder: Path) -> tuple[Scenario, Summary]:
    """Return what the run folder holds.

    Raises
    ------
    UserError
        When it is no run folder, or one that this version does not know.
    """
    found = summary_in(folder / SUMMARY)
    return sources.load(str(folder / SCENARIO)), found


def reporting(folder: Path) -> str:
    """Return the command that draws a run folder, from where it was written."""
    there = folder.name if folder.parent == RUNS else str(folder)
    return f"neurosim report {shlex.quote(there)}"


def find(name: str | None, out: Path) -> Path:
    """Return the run folder called ``name``, the newest in ``out`` where it is None.

    A name is a path, or the beginning of a folder's name in ``out``.

    Raises
    ------
    UserError
        When there is none, or more than one.
    """
    known = {folder.name: folder for folder in sorted(out.glob("*/")) if _files(folder)}
    if name is None:
        written = [folder for folder in known.values() if _reported(folder)]
        if not known:
            raise UserError(f"{out}: holds no runs yet. Start with `neurosim compare`.")
        return max(written or known.values(), key=_written_at)
    if _files(Path(name)):
        return Path(name)
    begin = [folder for key, folder in known.items() if key.startswith(name)]
    if len(begin) == 1 or name in known:
        return known.get(name, begin[0])
    if begin:
        several = ", ".join(folder.name for folder in begin[:8]) + ", ..." * (len(begin) > 8)
        raise UserError(f"{name or 'NAME'}: begins several runs ({several}). Write more of it.")
    if is_folder(Path(name)):
        raise UserError(
            f"{name}: is no run folder, since it holds no {SUMMARY} and no {RECORD}. Name another."
        )
    raise UserError(
        f"{name}: no such run in {out}.{nearest(name, known)}"
        " `neurosim report` without a name shows the newest; --out names another folder."
    )


def _files(folder: Path) -> list[Path]:
    """Return the files of a folder by which it is known as one of a run or of a chip."""
    begun = [folder / UNFINISHED] if is_file(folder / UNFINISHED) else []
    return _reported(folder) + begun


def _reported(folder: Path) -> list[Path]:
    """Return the files of a folder that a report can be made of."""
    return [path for path in (folder / SUMMARY, folder / RECORD) if is_file(path)]


def _written_at(folder: Path) -> int:
    return max(path.stat().st_mtime_ns for path in _files(folder))


def _record(scenario: Scenario, summary: Summary) -> dict[str, Any]:
    head = {
        "schema": SCHEMA,
        "name": scenario.name,
        "hash": digest(scenario),
        "seeds": list(scenario.seeds),
        "series": f"the last {TAIL_STEPS:,} steps of every rule's first seed",
    }
    return {**head, **asdict(summary), "rows": [finite(row) for row in summary.rows]}


def _firsts(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return every rule's outcome of its first seed."""
    firsts: dict[str, Outcome] = {}
    for outcome in outcomes:
        firsts.setdefault(outcome.rule, outcome)
    return list(firsts.values())


def _series(outcomes: Sequence[Outcome]) -> str:
    names = outcomes[0].network.outputs
    columns = [f"{kind}_{name}" for name in names for kind in ("target", "output", "error")]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["rule", "seed", "step", *columns])
    for outcome in outcomes:
        table = zip(outcome.targets, outcome.outputs, outcome.errors, strict=True)
        for n, three in enumerate(table):
            values = [repr(float(kind[k])) for k in range(len(names)) for kind in three]
            writer.writerow([outcome.rule, outcome.seed, outcome.first_step + n, *values])
    return buffer.getvalue()


def finished(folder: Path) -> bool:
    """Say whether a run folder holds a run that was done."""
    try:
        return read(folder)[1].status == "done"
    except UserError:
        return False


def _saver(network: Network) -> Callable[[Path], None]:
    return lambda path: network.save(str(path))


def place(path: Path, content: bytes) -> None:
    """Write a file of a run folder whole, or not at all; its own folder is made where missing.

    Raises
    ------
    UserError
        When it cannot be written.
    """
    try:
        path.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise Unwritable(f"{path.parent}: cannot be made ({error.strerror}). Make room.") from None
    replace_whole(path, lambda beside: beside.write_bytes(content))


def put(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files of a run folder, its summary last, since a folder is known by that.

    What else is there stays.

    Raises
    ------
    UserError
        When one cannot be written.
    """
    for name in sorted(files, key=lambda name: name == SUMMARY):
        place(folder / name, files[name])


def _replace_text(path: Path, content: str) -> None:
    replace_whole(path, lambda beside: beside.write_text(content, encoding="utf-8"))


def replace_whole(path: Path, write_to: Callable[[Path], object]) -> None:
    """Write a file beside ``path`` and move it there, so that no reader ever meets half a file."""
    beside = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        write_to(beside)
        os.replace(beside, path)
    except OSError as error:
        raise Unwritable(
            f"{path}: cannot be written ({error.strerror}). Make room or name another folder"
            " with --out."
        ) from None
    finally:
        beside.unlink(missing_ok=True)
