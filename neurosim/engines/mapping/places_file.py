"""A file of places: a JSON object from the names of units to the numbers of their tiles."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import UserError, nearest
from neurosim.model.network import Network

MOST_BYTES = 16 * 2**20
SHAPE = '{"n0": 0, "n1": 1}'


def read(file: str | Path, network: Network, tiles: int) -> NDArray[np.int64]:
    """Return the tile of every unit of a network, shape (units,).

    Raises
    ------
    UserError
        When the file is no such object, names what is no unit, lacks a unit, or names a tile that
        is not there.
    """
    path = Path(file)
    given = _parsed(path, _contents(path))
    for name in given:
        if name in network.inputs:
            raise UserError(f"{path}: {name}: is an input, and inputs enter at tile 0. Drop it.")
        if name not in network.numbers or network.numbers[name] >= len(network.units):
            raise UserError(
                f"{path}: {name:.40}: {network.name} has no such unit."
                f"{nearest(name, network.units) or ' Drop it.'}"
            )
    for unit in network.units:
        if unit not in given:
            raise UserError(f"{path}: {unit}: has no tile. Give every unit of {network.name} one.")
    return np.array([_tile(path, unit, given[unit], tiles) for unit in network.units])


def _contents(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():
            raise UserError(f"{path}: is no plain file. Name a JSON file of places: {SHAPE}")
        with path.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise UserError(f"{path}: is larger than {MOST_BYTES >> 20} MiB. Name units only.")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path}: is not UTF-8 text (byte {error.start:,}). Save it as UTF-8 JSON."
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{path}: cannot be read ({reason}). Check the path.") from None


def _parsed(path: Path, text: str) -> Mapping[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        places = dict(pairs)
        if len(places) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in places if names.count(name) > 1)
            raise UserError(f"{path}: {twice:.40}: has two tiles. Give it one.")
        return places

    try:
        given = json.loads(text, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        raise UserError(
            f"{path}:{error.lineno}:{error.colno}: is not JSON: {error.msg}."
            f" It should look like {SHAPE}"
        ) from None
    except (RecursionError, ValueError):  # nested without end, a number of thousands of digits
        raise UserError(f"{path}: is no list of places. It should look like {SHAPE}") from None
    if not isinstance(given, dict):
        kind = type(given).__name__
        raise UserError(f"{path}: must be a JSON object (got {kind}). It should look like {SHAPE}")
    return given


def _tile(path: Path, unit: str, tile: object, tiles: int) -> int:
    if isinstance(tile, bool) or not isinstance(tile, int):
        raise UserError(f"{path}: {unit}: the tile must be a whole number (got {tile!r:.40}).")
    if not 0 <= tile < tiles:
        raise UserError(
            f"{path}: {unit}: there is no tile {tile!r:.40}; the machine has"
            f" {tiles:,}, numbered from 0 to {tiles - 1:,}. Change it."
        )
    return tile
