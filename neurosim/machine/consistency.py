"""Whether the sections of a machine fit together."""

from __future__ import annotations

from pathlib import Path

from neurosim.errors import UserError
from neurosim.machine.description import PER_TILE, ROLES, Machine, Noc
from neurosim.machine.values import MOST_TILES


def check(path: Path, machine: Machine, given: frozenset[str]) -> None:
    """Return when the parts of a machine do not contradict each other.

    Raises
    ------
    UserError
        When they do; names the sections, of which the file has ``given``.
    """
    _check_banks(path, machine)
    _check_tiles(path, machine, given)
    _check_mapping(path, machine, given)
    _check_noc(path, machine)


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
    for bank in machine.memory:
        if bank_names.count(bank.name) > 1:
            raise UserError(f"{path}: [[memory]] name: two memories are named {bank.name}.")
        if bank.n_banks > 1 and bank.scope == "neuron":
            raise UserError(
                f"{path}: [[memory]] {bank.name}: a neuron's own memory has one bank, and ports"
                f' (got n_banks {bank.n_banks}). Drop n_banks, or share it: scope = "tile".'
            )


def _check_tiles(path: Path, machine: Machine, given: frozenset[str]) -> None:
    if machine.tiles.count > MOST_TILES:
        raise UserError(
            f"{path}: [tile] rows, cols: {machine.tiles.count:,} tiles are more than"
            f" {MOST_TILES:,}. Use a smaller grid."
        )
    if bool(machine.tiles.rows) != bool(machine.tiles.cols):
        raise UserError(f"{path}: [tile]: needs both rows and cols, or neither.")
    if "noc" in given and "tile" not in given:
        raise UserError(f"{path}: [noc]: needs a section [tile], such as rows = 4, cols = 4.")
    if "tile" not in given:
        if machine.compute.lanes == PER_TILE:
            raise UserError(f"{path}: [compute] lanes: is per_tile, and there is no [tile].")
        for bank in machine.memory:
            if bank.scope == "tile":
                raise UserError(f"{path}: [[memory]] {bank.name}: there is no [tile] to hold it.")
    elif "noc" not in given:
        raise UserError(f"{path}: [tile]: needs a section [noc] between the tiles.")


def _check_mapping(path: Path, machine: Machine, given: frozenset[str]) -> None:
    mapping = machine.mapping
    if (mapping.policy == "file") != (mapping.file is not None):
        raise UserError(
            f'{path}: [mapping] file: goes with policy = "file" (got {mapping.policy!r}, and'
            f" {'a' if mapping.file else 'no'} file). Give both or neither."
        )
    if mapping.policy != "row_major" and "tile" not in given:
        raise UserError(f"{path}: [mapping] policy: there is no [tile] to place neurons on.")
    if "fabric" in given and mapping.sensitivities == "unit":
        raise UserError(
            f"{path}: [mapping] sensitivities: a chip of lanes keeps them with the owner of the"
            " weight. Drop the key."
        )


def _check_noc(path: Path, machine: Machine) -> None:
    noc = machine.interconnect
    if not isinstance(noc, Noc):
        return
    if noc.header_flits >= noc.max_packet_flits:
        raise UserError(
            f"{path}: [noc] max_packet_flits: must be above header_flits, or no word fits"
            f" (got {noc.max_packet_flits} and {noc.header_flits})."
        )
    if noc.topology == "ring" and noc.num_vcs < 2:
        raise UserError(
            f"{path}: [noc] num_vcs: a ring needs 2 or more, or its packets block each other for"
            f" ever (got {noc.num_vcs})."
        )
