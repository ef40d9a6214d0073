"""Reading machines from TOML: every key is known, every number in range, or the file is refused."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from neurosim.errors import UserError, nearest
from neurosim.machine.description import (
    PER_NEURON,
    ROLES,
    Bus,
    Compute,
    Fabric,
    Links,
    Machine,
    MemoryBank,
    Sync,
)

SHELF = Path(__file__).with_name("shelf")
SCHEMA = 1
LARGEST = 1_000_000
SECTIONS = ("schema", "machine", "compute", "memory", "bus", "links", "fabric", "sync")
Part = TypeVar("Part", Compute, MemoryBank, Bus, Links, Fabric, Sync)


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
    )
    _check_banks(path, machine)
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


def _refuse_unknown(path: Path, where: str, table: Mapping[str, Any], known: Any) -> None:
    for key in table:
        if key not in known:
            raise UserError(f"{path}: {where}{key}: unknown key.{nearest(key, known)}")


def _section(path: Path, table: Mapping[str, Any], name: str) -> dict[str, Any]:
    section = table.get(name)
    if not isinstance(section, dict):
        raise UserError(f"{path}: needs a section [{name}].")
    return section


def _text(path: Path, table: Mapping[str, Any], key: str, default: str) -> str:
    value = table.get(key, default)
    if not isinstance(value, str):
        raise UserError(f"{path}: [machine] {key}: must be text (got {value!r}).")
    return value


def _clock(path: Path, value: Any) -> float:
    good = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not good or not math.isfinite(value) or not 0 < value <= LARGEST:
        raise UserError(f"{path}: [machine] clock_mhz: must be a number above 0 (got {value!r}).")
    return float(value)


def _interconnect(path: Path, table: Mapping[str, Any]) -> Bus | Links | Fabric:
    given = [name for name in ("bus", "links", "fabric") if name in table]
    if len(given) != 1:
        raise UserError(
            f"{path}: needs one section of [bus], [links] and [fabric] that carries messages."
        )
    section = _section(path, table, given[0])
    if given[0] == "bus":
        return _part(path, "bus", Bus, section)
    if given[0] == "links":
        return _part(path, "links", Links, section)
    return _part(path, "fabric", Fabric, section)


def _part(path: Path, section: str, kind: type[Part], table: Any) -> Part:
    """Build one frozen part from its section, checking every key and value."""
    if not isinstance(table, dict):
        raise UserError(f"{path}: [{section}] must be a section of keys (got {table!r:.40}).")
    hints = get_type_hints(kind)
    _refuse_unknown(path, f"[{section}] ", table, hints)
    for field in fields(kind):
        if field.default is MISSING and field.name not in table:
            raise UserError(f"{path}: [{section}] {field.name}: is missing. Give it.")
    return kind(**{key: _value(path, section, key, hints[key], v) for key, v in table.items()})


def _value(path: Path, section: str, key: str, hint: Any, value: Any) -> Any:
    where = f"{path}: [{section}] {key}"
    if hint is bool:
        if not isinstance(value, bool):
            raise UserError(f"{where}: must be true or false (got {value!r}).")
        return value
    if hint is str:
        if not isinstance(value, str) or not value:
            raise UserError(f"{where}: must be text (got {value!r}).")
        return value
    if get_origin(hint) is tuple:
        return _roles(where, value)
    if get_origin(hint) is Literal:
        return _choice(where, get_args(hint), value)
    if key == "lanes" and value == PER_NEURON:
        return value
    return _whole(where, key, value)


def _whole(where: str, key: str, value: Any) -> int:
    least = 0 if key.endswith("_cycles") and "per_cycle" not in key else 1
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= LARGEST:
        also = f', or "{PER_NEURON}"' if key == "lanes" else ""
        raise UserError(
            f"{where}: must be a whole number from {least} to {LARGEST:,}{also}"
            f" (got {value!r:.40})."
        )
    return value


def _choice(where: str, choices: tuple[Any, ...], value: Any) -> Any:
    if value not in choices:
        raise UserError(
            f"{where}: must be one of {', '.join(choices)} (got {value!r:.40})."
            f"{nearest(str(value), choices)}"
        )
    return value


def _roles(where: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise UserError(f"{where}: must be a list of {', '.join(ROLES)} (got {value!r:.40}).")
    return tuple(_choice(where, ROLES, role) for role in value)


def _check_banks(path: Path, machine: Machine) -> None:
    """Every role lies in exactly one bank, and every bank has a name of its own."""
    for role in ROLES:
        holders = [bank.name for bank in machine.memory if role in bank.holds]
        if len(holders) != 1:
            found = f"by {' and '.join(holders)}" if holders else "by none"
            raise UserError(
                f"{path}: [[memory]] holds: {role!r} must be held by one memory (it is {found})."
            )
    bank_names = [bank.name for bank in machine.memory]
    for name in bank_names:
        if bank_names.count(name) > 1:
            raise UserError(f"{path}: [[memory]] name: two memories are named {name}. Rename one.")
