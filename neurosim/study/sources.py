"""Where a scenario comes from: the shelf, a TOML file, a script, or a graph of the user's."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

from neurosim.errors import UserError, nearest
from neurosim.study import catalog, checks
from neurosim.study.overrides import GRAPHS, override
from neurosim.study.scenario import Scenario, from_mapping, resolve_files

SUFFIXES = (".toml", ".py", *GRAPHS)
# What a bare graph or topology is tried on: the main comparison.
STANDARD = "compare"


def load(name: str) -> Scenario:
    """Return the scenario called ``name``: a name from the shelf, or a file.

    A graph file, and the name of a topology, stand for the main comparison on that network.

    Raises
    ------
    UserError
        When there is none, or the file is not what its name says.
    """
    if Path(name).suffix.lower() in SUFFIXES or "/" in name or "\\" in name:
        return _from_file(Path(name))
    scenarios, topologies = catalog.names("scenarios"), catalog.names("topologies")
    if name in scenarios:
        return _from_file(scenarios[name])
    if name in topologies:
        return _on_network(name, {"topology": name})
    if Path(name).suffix.lower() == ".csv" or checks.is_file(Path(name)):
        return _from_file(Path(name))
    raise UserError(
        f"{checks.short(name)}: no such scenario or topology on the shelf, and not a file"
        f" ({', '.join(SUFFIXES)}).{nearest(name, [*scenarios, *topologies])}"
        " `neurosim list` shows the shelf."
    )


def docstring(path: Path) -> str:
    """Return the docstring of a script without running it, or nothing where it has none."""
    try:
        return ast.get_docstring(ast.parse(text(path))) or ""
    except (SyntaxError, ValueError):
        return ""


def text(path: Path) -> str:
    """Return the text of a file of the user's.

    Raises
    ------
    UserError
        When it is missing, a folder, not readable or not UTF-8.
    """
    checks.file(path)
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{path}: is not UTF-8 text. Save it as UTF-8.") from None
    except OSError as error:
        raise checks.unreadable(path, error) from None


def _from_file(path: Path) -> Scenario:
    suffix = path.suffix.lower()
    if suffix == ".toml":
        return _from_toml(path)
    if suffix == ".py":
        return _from_script(path)
    if suffix in GRAPHS:
        text(path)  # what is in it is judged when the graph is built; here it only has to be there
        return _on_network(path.stem, {"file": str(path.resolve())})
    if suffix == ".csv":
        raise UserError(f"{path}: is data, not a scenario. Use --data {path}.")
    if path.is_dir():
        raise UserError(f"{path}: is a folder. Name a file in it ({', '.join(SUFFIXES)}).")
    raise UserError(f"{path}: neither a scenario nor a graph. Known: {', '.join(SUFFIXES)}.")


def _from_toml(path: Path) -> Scenario:
    try:
        given = tomllib.loads(text(path))
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path}: is not valid TOML: {error}. Correct the file.") from None
    except RecursionError:
        raise UserError(f"{path}: is not valid TOML for a scenario: nested too deeply.") from None
    if isinstance(given.get("machine"), dict):
        raise UserError(f"{path}: is a machine, not a scenario. Use --machine {path}.")
    given.setdefault("name", path.stem)
    return resolve_files(from_mapping(given, f"{path}:"), path.parent)


def _from_script(path: Path) -> Scenario:
    try:
        module = catalog.load(path)
        scenario = getattr(module, "scenario", None)
        if isinstance(scenario, Scenario):
            return resolve_files(scenario, path.parent)
        if callable(getattr(module, "build", None)):
            return _on_network(path.stem, {"topology": str(path.resolve())})
    except UserError as error:
        said = str(error)
        raise UserError(said if said.startswith(str(path)) else f"{path}: {said}") from None
    raise UserError(f"{path}: sets no scenario. Add `scenario = Scenario(...)`.")


def _on_network(name: str, network: dict[str, object]) -> Scenario:
    standard = _from_file(catalog.find("scenarios", STANDARD))
    described = override(standard, {"network": network})
    summary = f"the main comparison on {name}"
    return override(described, {"name": name, "summary": summary})
