"""Finds scenarios, topologies and data by name, and loads Python files of the user's.

A name is looked up in the working folder first, then in the checkout, then in the installed copy,
so a user extends neurosim by dropping a file into a folder called ``topologies``, ``scenarios`` or
``rules``.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from neurosim.errors import UserError, nearest
from neurosim.study import checks


class Shelf(NamedTuple):
    """A kind of thing that is found by name: its folder, what is on it, and its file names."""

    folder: str
    noun: str
    suffixes: tuple[str, ...]


SHELVES = {
    "scenarios": Shelf("scenarios", "scenario", (".toml", ".py")),
    "topologies": Shelf("topologies", "topology", (".py", ".json", ".graphml")),
    "rules": Shelf("rules", "rule", (".py",)),
    "data": Shelf("scenarios/data", "data", (".csv", ".txt")),
}
_HIDDEN = ("_", ".")  # names that begin so are on no shelf
PACKAGE = Path(__file__).resolve().parent.parent


def folders(kind: str) -> list[Path]:
    """List the folders that a kind is looked up in, the first that has a name wins.

    Parameters
    ----------
    kind : str
        ``scenarios``, ``topologies``, ``rules`` or ``data``.
    """
    places = [Path.cwd(), PACKAGE / "shelf"]
    # beside an installed package lie other people's packages, so only a checkout counts
    if (PACKAGE.parent / "pyproject.toml").is_file():
        places.insert(1, PACKAGE.parent)
    found = [place / SHELVES[kind].folder for place in places]
    return [folder for folder in dict.fromkeys(found) if folder.is_dir()]


def names(kind: str) -> dict[str, Path]:
    """Return everything of a kind that can be found by name, sorted by name."""
    found: dict[str, Path] = {}
    for folder in folders(kind):
        for name, paths in _listing(kind, folder).items():
            found.setdefault(name, paths[0])
    return dict(sorted(found.items()))


def find(kind: str, name: str) -> Path:
    """Return the file that ``name`` stands for: a name on the shelf, or a path.

    Parameters
    ----------
    kind : str
        ``scenarios``, ``topologies``, ``rules`` or ``data``.
    name : str
        ``ring`` is looked up on the shelf; ``ring.py`` and ``mine/ring`` are paths.

    Raises
    ------
    UserError
        When there is none, or one folder has two files of that name.
    """
    shelf, found = SHELVES[kind], _shelved(kind, name)
    if len(found) > 1:
        files = " and ".join(path.name for path in found)
        folder = found[0].parent
        raise UserError(f"{folder}: {name} could be {files}. Name the file with its suffix.")
    if found:
        return found[0]
    path = Path(name)
    if name and (path.suffix or len(path.parts) > 1 or checks.is_file(path)):
        checks.file(path)
        return path
    raise UserError(
        f"{checks.short(name)}: no {shelf.noun} of that name.{nearest(name, names(kind))}"
        f" Put a file into ./{shelf.folder}, or see `neurosim list`."
    )


def on_shelf(kind: str, name: str) -> Path | None:
    """Return the file that a bare name stands for, None where it stands for none or for several."""
    found = _shelved(kind, name)
    return found[0] if len(found) == 1 else None


def own(kind: str, name: str) -> Path | None:
    """Return the file that a bare name stands for where it is the caller's, in the working folder.

    What lies in a checkout of neurosim, or came with it, is found by its name from everywhere.
    """
    found, here = on_shelf(kind, name), Path.cwd()
    if found is None or here in (PACKAGE / "shelf", PACKAGE.parent):
        return None
    return found if found.is_relative_to(here / SHELVES[kind].folder) else None


def load(path: Path) -> ModuleType:
    """Run a Python file and return it as a module.

    Naming a Python file means running it, so nothing but a file that the user named, or put on the
    shelf, ever comes here.

    Raises
    ------
    UserError
        When it cannot be read, or fails: with file, line and what Python said.
    """
    checks.file(path)
    name = f"neurosim_{path.parent.name}_{path.stem}"
    loader = SourceFileLoader(name, str(path))
    spec = spec_from_file_location(name, path, loader=loader)
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their own module up
    try:
        with blamed(path):
            # compiled here, not imported: a cached file would be taken for the one just edited,
            # and none is left in the user's folder
            exec(loader.source_to_code(path.read_bytes(), str(path)), module.__dict__)
    except UserError:
        del sys.modules[name]
        raise
    return module


@contextmanager
def blamed(path: Path) -> Iterator[None]:
    """Turn whatever goes wrong in the user's Python file into a UserError with file and line.

    What it prints goes to stderr, since stdout is for results.
    """
    try:
        with redirect_stdout(sys.stderr):
            yield
    except UserError:
        raise
    except SyntaxError as error:
        line = f":{error.lineno}" if error.lineno else ""
        raise UserError(f"{path}{line}: {error.msg}. Correct the file.") from error
    except (Exception, SystemExit) as error:
        text = str(error).strip() or "no message"
        raise UserError(
            f"{path}{line_of(error, path)}: {type(error).__name__}: {text}. Correct the file."
        ) from error


def line_of(error: BaseException, path: Path) -> str:
    """Return the last line of a file that an error came through, as ``:LINE``; or nothing."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(path)]
    return f":{lines[-1]}" if lines else ""


def _shelved(kind: str, name: str) -> list[Path]:
    """Return the files of a name in the first folder that has any."""
    if not name or name.startswith(_HIDDEN) or Path(name).name != name:
        return []
    for folder in folders(kind):
        paths = [folder / f"{name}{suffix}" for suffix in SHELVES[kind].suffixes]
        if found := [path for path in paths if checks.is_file(path)]:
            return found
    return []


def _listing(kind: str, folder: Path) -> dict[str, list[Path]]:
    """Return the files of a kind in one folder by name, in the order of the kind's suffixes."""
    found: dict[str, list[Path]] = {}
    for suffix in SHELVES[kind].suffixes:
        for path in sorted(folder.glob(f"*{suffix}")):
            if path.is_file() and not path.name.startswith(_HIDDEN):
                found.setdefault(path.stem, []).append(path)
    return found
