"""A cell as plain data: what a worker anywhere needs to compute it, and what it gives back.

The files that a scenario names travel with it. A worker takes its own file where that is the same,
as on this computer or in a shared folder, and else unpacks what came into a folder of its own for
as long as the cell takes. What those files load themselves does not travel.
"""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import neurosim
from neurosim.errors import RunFailed, UserError
from neurosim.study import checks, comparison, description, results
from neurosim.study.scenario import Scenario, from_mapping, moved


class Parcel(NamedTuple):
    """A cell on its way to a worker.

    Attributes
    ----------
    described
        The scenario as nested mappings.
    files
        What the files that it names hold, by their paths.
    version
        Of the neurosim that sends it.
    """

    described: dict[str, Any]
    files: dict[str, bytes]
    version: str


class Reply(NamedTuple):
    """What became of a cell: the files of its run folder by name, or why there are none."""

    files: dict[str, bytes]
    error: str | None = None


def parcel(scenario: Scenario) -> Parcel:
    """Return a cell as plain data.

    Raises
    ------
    UserError
        When a file that it names cannot be read.
    """
    files: dict[str, bytes] = {}

    def packed(path: Path) -> None:
        checks.file(path)
        try:
            files[str(path)] = path.read_bytes()
        except OSError as error:
            raise checks.unreadable(path, error) from None

    moved(scenario, packed)
    return Parcel(description.mapping(scenario), files, neurosim.__version__)


def computed(sent: Parcel) -> Reply:
    """Do what `neurosim run` does with a cell, in a folder that is gone afterwards.

    Whatever goes wrong is told in the reply: a cell stops no other.
    """
    try:
        return _computed(sent)
    except (UserError, RunFailed) as error:
        return Reply({}, str(error))
    except MemoryError:
        return Reply({}, "out of memory. Use fewer units or steps.")
    except Exception as error:
        return Reply({}, f"{type(error).__name__}: {error}".rstrip(": "))


def _computed(sent: Parcel) -> Reply:
    if sent.version != neurosim.__version__:
        raise UserError(
            f"the worker on {platform.node()} has neurosim {neurosim.__version__}, and the caller"
            f" {sent.version}. Install the same on both."
        )
    with tempfile.TemporaryDirectory(prefix="neurosim-") as name, _unpacked(sent) as places:
        scenario = from_mapping(sent.described, "cell:")
        scenario = moved(scenario, lambda path: places.get(str(path)))
        back = {there: own for own, there in places.items()}
        try:
            summary, outcomes = comparison.study(scenario, "run", lambda progress: None)
            with results.prepared(scenario, Path(name)) as folder:
                results.write(folder, scenario, summary, outcomes)
                return Reply(_files(folder, back))
        except (UserError, RunFailed) as error:
            raise type(error)(_renamed(str(error), back)) from None


@contextmanager
def _unpacked(sent: Parcel) -> Iterator[Mapping[str, str]]:
    """Lay what came with a cell where the worker finds it: new paths by the caller's own.

    A file that lies there already, the same to the last byte, is left out.
    """
    with tempfile.TemporaryDirectory(prefix="neurosim-") as name:
        places = {}
        for path, content in sent.files.items():
            if not _is_here(Path(path), content):
                # a folder each: two files may have one name
                place = Path(tempfile.mkdtemp(dir=name)) / Path(path).name
                place.write_bytes(content)
                places[path] = str(place)
        yield places


def _is_here(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except (OSError, ValueError):
        return False


def _files(folder: Path, back: Mapping[str, str]) -> dict[str, bytes]:
    """Return what a run folder holds, with the caller's own paths in its texts."""
    found = {}
    for path in sorted(folder.iterdir()):
        if path.is_file() and not path.name.startswith("."):
            content = path.read_bytes()
            if path.suffix in (".json", ".toml", ".csv"):
                content = _renamed(content.decode(), back).encode()
            found[path.name] = content
    return found


def _renamed(text: str, back: Mapping[str, str]) -> str:
    for there, own in back.items():
        text = text.replace(there, own)
    return text
