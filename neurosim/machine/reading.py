"""Reading machines from TOML: every key is known, every number in range, or the file is refused."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping as Table
from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from neurosim.errors import UserError, nearest
from neurosim.machine.consistency import check
from neurosim.machine.description import (
    Bus,
    Compute,
    Dram,
    Fabric,
    Links,
    Machine,
    Mapping,
    MemoryBank,
    Noc,
    Sync,
    Technology,
    Tiles,
)
from neurosim.machine.values import checked, decimal

SHELF = Path(__file__).with_name("shelf")
SCHEMA = 1
CARRIERS = ("bus", "links", "noc", "fabric")
OTHERS = ("compute", "memory", "tile", "mapping", "dram", "technology", "sync")
SECTIONS = ("schema", "machine", *OTHERS, *CARRIERS)
Part = TypeVar(
    "Part", Compute, MemoryBank, Bus, Links, Fabric, Noc, Sync, Tiles, Mapping, Dram, Technology
)


def names() -> tuple[str, ...]:
    """Return the names of the machines on the shelf."""
    return tuple(sorted(path.stem for path in SHELF.glob("*.toml")))


def load(name: str | Path) -> Machine:
    """Return a machine from the shelf by name, or from a TOML file.

    Raises
    ------
    UserError
        When there is no such machine, or its file is no machine; says where and what to do.
    """
    text = str(name)
    if not text.endswith(".toml"):
        if text not in names():
            raise UserError(
                f"machine {text!r}: unknown.{nearest(text, names())} On the shelf:"
                f" {', '.join(names())}; or name a .toml file."
            )
        return _machine(SHELF / f"{text}.toml")
    return _machine(Path(text))


def source(name: str | Path) -> str:
    """Return the TOML text of a machine, to start one's own from; raises as ``load`` does."""
    load(name)
    text = str(name)
    path = Path(text) if text.endswith(".toml") else SHELF / f"{text}.toml"
    return path.read_text(encoding="utf-8")


def _machine(path: Path) -> Machine:
    table = _parsed(path)
    _refuse_unknown(path, "", table, SECTIONS)
    if table.get("schema") != SCHEMA:
        raise UserError(
            f"{path}: schema must be {SCHEMA} (got {table.get('schema')!r:.40})."
            " `neurosim show bus` prints a machine to start from."
        )
    about = _section(path, table, "machine")
    _refuse_unknown(path, "[machine] ", about, ("name", "summary", "clock_mhz"))
    banks = table.get("memory", [])
    if not isinstance(banks, list) or not banks:
        raise UserError(f"{path}: needs at least one [[memory]].")
    machine = Machine(
        name=_text(path, about, "name", path.stem),
        summary=_text(path, about, "summary", ""),
        clock_mhz=_clock(path, about.get("clock_mhz", 100.0)),
        compute=_part(path, "compute", Compute, _section(path, table, "compute")),
        memory=tuple(_part(path, "memory", MemoryBank, bank) for bank in banks),
        interconnect=_interconnect(path, table),
        sync=_part(path, "sync", Sync, table.get("sync", {})),
        tiles=_part(path, "tile", Tiles, table.get("tile", {})),
        mapping=_mapping(path, table.get("mapping", {})),
        dram=_part(path, "dram", Dram, table["dram"]) if "dram" in table else None,
        technology=_part(path, "technology", Technology, table.get("technology", {})),
    )
    check(path, machine, frozenset(table))
    return machine


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}). Check the path.") from error
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path}: is no UTF-8 text (byte {error.start}). Save it as such."
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path}: is no TOML ({error}). Mend that line.") from error
    except RecursionError as error:
        raise UserError(f"{path}: is nested too deeply for a machine.") from error


def _refuse_unknown(path: Path, where: str, table: Table[str, Any], known: Any) -> None:
    for key in table:
        if key not in known:
            raise UserError(f"{path}: {where}{key}: unknown key.{nearest(key, known)}")


def _section(path: Path, table: Table[str, Any], name: str) -> dict[str, Any]:
    section = table.get(name)
    if not isinstance(section, dict):
        raise UserError(f"{path}: needs a section [{name}].")
    return section


def _text(path: Path, table: Table[str, Any], key: str, default: str) -> str:
    value = table.get(key, default)
    if not isinstance(value, str):
        raise UserError(f"{path}: [machine] {key}: must be text (got {value!r}).")
    return value


def _clock(path: Path, value: Any) -> float:
    return decimal(f"{path}: [machine] clock_mhz", value, above=0)


def _interconnect(path: Path, table: Table[str, Any]) -> Bus | Links | Fabric | Noc:
    given = [name for name in CARRIERS if name in table]
    if len(given) != 1:
        raise UserError(
            f"{path}: needs one section of [bus], [links], [noc] and [fabric], which carries"
            " messages."
        )
    section = _section(path, table, given[0])
    match given[0]:
        case "bus":
            return _part(path, "bus", Bus, section)
        case "links":
            return _part(path, "links", Links, section)
        case "noc":
            return _part(path, "noc", Noc, section)
        case _:
            return _part(path, "fabric", Fabric, section)


def _mapping(path: Path, table: Any) -> Mapping:
    """Read where neurons go; a file of places is looked up beside the machine's own."""
    mapping = _part(path, "mapping", Mapping, table)
    if mapping.file is None:
        return mapping
    return replace(mapping, file=str(path.parent / mapping.file))


def _part(path: Path, section: str, kind: type[Part], table: Any) -> Part:
    """Build one frozen part from its section, checking every key and value."""
    if not isinstance(table, dict):
        raise UserError(f"{path}: [{section}] must be a section of keys (got {table!r:.40}).")
    hints = get_type_hints(kind)
    _refuse_unknown(path, f"[{section}] ", table, hints)
    for field in fields(kind):
        if field.default is MISSING and field.name not in table:
            raise UserError(f"{path}: [{section}] {field.name}: is missing. Give it.")
    where = f"{path}: [{section}]"
    return kind(**{key: checked(f"{where} {key}", key, hints[key], v) for key, v in table.items()})
