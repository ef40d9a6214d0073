"""What every graph file has, whatever its format: bytes within limits, node names and weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Real
from pathlib import Path
from typing import Any

from neurosim.errors import UserError
from neurosim.model.network import BIAS
from neurosim.model.traits import attributes_of
from neurosim.study.checks import file, short, unreadable
from neurosim.study.wiring import MOST_EDGES

MOST_BYTES = 512 * 2**20
MOST_NAME = 100
ROLES = ("input", "output", "unit", "bias")


def contents(path: Path) -> bytes:
    """Return the bytes of a graph file.

    Raises
    ------
    UserError
        When it is missing, a folder, not readable, empty, or too large.
    """
    file(path)
    try:
        with path.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise unreadable(path, error) from None
    if not data.strip():
        raise UserError(f"{path}: is empty. Save a graph into it.")
    if len(data) > MOST_BYTES:
        raise UserError(f"{path}: is larger than {MOST_BYTES >> 20} MiB. Give a smaller graph.")
    return data


def node_name(where: str, given: object) -> str:
    """Return a node's name as text; a whole number is one too."""
    if isinstance(given, bool) or not isinstance(given, (str, int)):
        raise UserError(f"{where}: a node is named by text, not by {short(given)}. Name it so.")
    if isinstance(given, int) and abs(given) > 10**MOST_NAME:
        raise UserError(f"{where}: {short(given)} is too long for a name. Shorten it.")
    name = str(given)
    if not name.strip() or not name.isprintable() or len(name) > MOST_NAME:
        raise UserError(
            f"{where}: {short(name)} is no name for a node."
            f" Use 1 to {MOST_NAME} printable characters."
        )
    return name


def weight(where: str, given: object) -> float:
    """Return an edge's weight as a finite float."""
    if isinstance(given, bool) or not isinstance(given, Real):
        raise UserError(
            f"{where}: weight {short(given)} is not a number."
            " Write a number, or leave the weight out to have it drawn."
        )
    try:
        value = float(given)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise UserError(f"{where}: weight {short(given)} is not finite. Write a finite number.")
    return value


def role(where: str, node: str, given: object) -> str:
    """Return what a node says it is."""
    if given not in ROLES:
        raise UserError(
            f"{where}: node {node}: role {short(given)} is unknown. Use {', '.join(ROLES)}."
        )
    if (given == "bias") != (node == BIAS):
        raise UserError(
            f"{where}: node {node}: the node with role bias is the one named {BIAS}."
            " Rename the node, or change its role."
        )
    return str(given)


def unit(where: str, node: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a node says its unit is: its role, and what ``Traits`` has."""
    found = attributes_of(given, f"{where}: node {node}")
    if given.get("role") is not None:
        found["role"] = role(where, node, given["role"])
    return found


def wire(where: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an edge says: its weight, and whether that is fixed."""
    found: dict[str, Any] = {}
    if "weight" in given:
        found["weight"] = weight(where, given["weight"])
    if "fixed" in given:
        if not isinstance(given["fixed"], bool):
            raise UserError(f"{where}: fixed is {short(given['fixed'])}. Write true or false.")
        found["fixed"] = given["fixed"]
    return found


def few_enough(path: Path, edges: int) -> None:
    """Return when a graph of so many edges can be held."""
    if edges > MOST_EDGES:
        raise UserError(
            f"{path}: has more than {MOST_EDGES:,} edges, the limit. Give a smaller graph."
        )
