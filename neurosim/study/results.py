"""The run folder: what a study computed, in files that anyone can read and nothing overwrites.

`NAME-HASH/` holds `scenario.toml` (complete: running it again gives the same folder),
`summary.json` (all figures of the report, versions, host, seconds), `series.csv` (the last steps of
every rule's first seed) and `checkpoint.safetensors` (the trained network;
`checkpoint-RULE.safetensors` those of the other rules). Each file is written beside its place and
then moved there, whole.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
import platform
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from importlib import metadata
from pathlib import Path
from typing import Any

import neurosim
from neurosim.errors import UserError, nearest
from neurosim.model.network import Network
from neurosim.study import description, sources
from neurosim.study.scenario import Scenario, digest, folder_name
from neurosim.study.training import TAIL_STEPS, Outcome

SCHEMA = 1
SUMMARY, SCENARIO = "summary.json", "scenario.toml"
SERIES, CHECKPOINT = "series.csv", "checkpoint.safetensors"
_PACKAGES = ("numpy", "networkx", "simpy", "safetensors")


@dataclass(frozen=True)
class Check:
    """A promise that was tried on this very run.

    Attributes
    ----------
    promise
        What it says.
    times
        How often it was tried.
    broken
        Where it did not hold.
    """

    promise: str
    times: int
    broken: Sequence[str] = ()

    @property
    def held(self) -> bool:
        """Whether it held each time."""
        return not self.broken


@dataclass(frozen=True)
class Summary:
    """All that a report prints.

    Attributes
    ----------
    verb
        What was asked for: run, compare or cost.
    status
        done, interrupted or failed.
    seconds
        Wall-clock time of it all.
    network, task
        What learned what, in words.
    clock_mhz
        Clock of the machine, which turns cycles into time.
    rows
        One mapping of figures for each rule (and size), named as in `--json`.
    curves
        For each rule, the normalised error in equal parts of the run.
    slopes
        For each rule, how fast its figures grow with the number of units: exponents.
    checks
        Promises that were tried.
    notes
        What the reader should know besides, such as why a rule failed.
    hints
        Useful commands that could follow, each with its purpose.
    versions, host
        What it was computed with, and on.
    """

    verb: str
    status: str
    seconds: float
    network: str
    task: str
    clock_mhz: float | None
    rows: tuple[Mapping[str, Any], ...]
    curves: Mapping[str, Sequence[float]]
    slopes: Mapping[str, Mapping[str, float]]
    checks: tuple[Check, ...]
    notes: tuple[str, ...]
    hints: tuple[tuple[str, str], ...]
    versions: Mapping[str, str]
    host: Mapping[str, Any]


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


def prepare(scenario: Scenario, out: Path) -> Path:
    """Return the run folder of ``scenario`` in ``out``, made and tried out for writing.

    Called before anything is computed, so that a wrong ``--out`` costs nothing.
    """
    folder = out / folder_name(scenario)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            f"{folder}: cannot be written ({reason}). Name another folder with --out."
        ) from None
    return folder


def write(folder: Path, scenario: Scenario, summary: Summary, outcomes: Sequence[Outcome]) -> str:
    """Write the run folder and return in words what was written.

    What a run has finished before is kept when the same run ends early.
    """
    if summary.status != "done" and _finished(folder):
        return f"nothing: {folder} holds this run, finished before"
    firsts = _firsts(outcomes)
    _replace_text(folder / SCENARIO, description.toml(description.mapping(scenario)))
    if firsts:
        _replace_text(folder / SERIES, _series(firsts))
    for outcome in firsts:
        own = outcome.rule == scenario.rule.name or len(firsts) == 1
        name = CHECKPOINT if own else f"checkpoint-{outcome.rule}.safetensors"
        _replace(folder / name, _saver(outcome.network))
    # last, since a folder is known by its summary
    record = json.dumps(_record(scenario, summary), indent=2, allow_nan=False)
    _replace_text(folder / SUMMARY, record + "\n")
    return listed(folder)


def listed(folder: Path) -> str:
    """Return in words what a run folder holds."""
    files = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    return f"{folder}: {', '.join(files)}"


def read(folder: Path) -> tuple[Scenario, Summary]:
    """Return what the run folder holds.

    Raises
    ------
    UserError
        When it is no run folder, or one that this version does not know.
    """
    path = folder / SUMMARY
    try:
        record = json.loads(sources.text(path))
        if record["schema"] != SCHEMA:
            raise UserError(f"{path}: has schema {record['schema']}; known is {SCHEMA}.")
        given = {field.name: record[field.name] for field in fields(Summary)}
        given["checks"] = tuple(
            Check(check["promise"], check["times"], tuple(check["broken"]))
            for check in given["checks"]
        )
        summary = Summary(**given)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UserError(f"{path}: is not a summary that neurosim wrote. Run it again.") from None
    return sources.load(str(folder / SCENARIO)), summary


def find(name: str | None, out: Path) -> Path:
    """Return the run folder called ``name``, the newest in ``out`` where it is None.

    A name is a path, or the beginning of a folder's name in ``out``.

    Raises
    ------
    UserError
        When there is none, or more than one.
    """
    known = {path.parent.name: path.parent for path in sorted(out.glob(f"*/{SUMMARY}"))}
    if name is None:
        if not known:
            raise UserError(f"{out}: holds no runs yet. Start with `neurosim compare`.")
        return max(known.values(), key=lambda folder: (folder / SUMMARY).stat().st_mtime_ns)
    if (Path(name) / SUMMARY).is_file():
        return Path(name)
    begin = [folder for key, folder in known.items() if key.startswith(name)]
    if len(begin) == 1 or name in known:
        return known.get(name, begin[0])
    if begin:
        several = ", ".join(folder.name for folder in begin)
        raise UserError(f"{name}: begins several runs ({several}). Write more of the name.")
    raise UserError(
        f"{name}: no such run in {out}.{nearest(name, known)}"
        " `neurosim report` without a name shows the newest; --out names another folder."
    )


def finite(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row without what could not be computed: nothing stands for it in JSON."""
    return {key: value for key, value in row.items() if _is_computed(value)}


def _is_computed(value: object) -> bool:
    return value is not None and not (isinstance(value, float) and not math.isfinite(value))


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


def _finished(folder: Path) -> bool:
    try:
        return read(folder)[1].status == "done"
    except UserError:
        return False


def _saver(network: Network) -> Callable[[Path], None]:
    return lambda path: network.save(str(path))


def _replace_text(path: Path, content: str) -> None:
    _replace(path, lambda beside: beside.write_text(content, encoding="utf-8"))


def _replace(path: Path, write_to: Callable[[Path], object]) -> None:
    """Write a file beside ``path`` and move it there, so that no reader ever meets half a file."""
    beside = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        write_to(beside)
        os.replace(beside, path)
    except OSError as error:
        raise UserError(
            f"{path}: cannot be written ({error.strerror}). Make room or name another folder"
            " with --out."
        ) from None
    finally:
        beside.unlink(missing_ok=True)
