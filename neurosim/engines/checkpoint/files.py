"""The files of checkpoints: each written whole or not at all, and read only if every bit is right.

In a folder of one training::

    000007.safetensors    arrays of the state
    000007.json           all else, and the hashes of this file, of that one and of the logs
    outputs-000005.bin    outputs of all steps so far, raw words, appended to
    errors-000005.bin     their errors, likewise

The JSON is written last: where it stands, the rest was there before.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from neurosim.engines.checkpoint.trees import Node
from neurosim.model.arithmetic import Array

SCHEMA = 1
KEPT = 2  # checkpoints of a training that are kept: the newest, and the one before
_NUMBERED = re.compile(r"([0-9]{6,})\.(json|safetensors)")
_OURS = re.compile(r"[0-9]{6,}\.(json|safetensors)(\.new)?|(outputs|errors)-[0-9]{6,}\.bin")


class Refused(Exception):
    """A checkpoint that cannot be gone on from; the message says why."""


class Found(NamedTuple):
    """A checkpoint that was read: its step, seconds of training so far, state, logs and words."""

    step: int
    seconds: float
    node: Node
    arrays: dict[str, Array]
    logs: tuple[Log, ...]
    words: tuple[bytes, ...]


class Log:
    """Words that are only ever appended, and their hash.

    Parameters
    ----------
    path
        The file; what lies in it beyond ``words`` is overwritten.
    words
        Those in it that count.
    """

    def __init__(self, path: Path, words: bytes = b"") -> None:
        self.path, self.length, self._hash = path, len(words), hashlib.sha256(words)

    def append(self, words: bytes) -> None:
        """Write words behind the others.

        Raises
        ------
        OSError
            When they cannot be; the next ones then take their place.
        """
        with open(self.path, "r+b" if self.length or self.path.exists() else "wb") as file:
            file.seek(self.length)
            file.truncate()
            file.write(words)
            file.flush()
            os.fsync(file.fileno())
        self.length += len(words)
        self._hash.update(words)

    @property
    def record(self) -> dict[str, Any]:
        """Name, length and hash, as a checkpoint has them."""
        return {
            "file": self.path.name,
            "length": self.length,
            "sha256": self._hash.hexdigest(),
        }


def write(folder: Path, number: int, body: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """Write a checkpoint of a number; its logs have to be there before.

    Raises
    ------
    OSError
        When there is no room; nothing that was there before has changed.
    """
    from safetensors.numpy import save

    tensors = save(dict(arrays))
    place(folder / f"{number:06d}.safetensors", tensors)
    whole = {**body, "schema": SCHEMA, "tensors": hashlib.sha256(tensors).hexdigest()}
    whole["checksum"] = hashlib.sha256(_canonical(whole)).hexdigest()
    place(folder / f"{number:06d}.json", _canonical(whole))


def read(folder: Path, number: int, marks: Mapping[str, str], version: str) -> Found:
    """Return a checkpoint, if it is whole and of a training with these marks.

    Raises
    ------
    Refused
        When it is not.
    """
    from safetensors.numpy import load

    path = folder / f"{number:06d}.json"
    if not path.exists():
        raise Refused(f"{path.name} is missing, as its writing was cut short")
    body = _body(path, version)
    for what, mark in marks.items():
        if body["marks"].get(what) != mark:
            raise Refused(f"it is of another {what}")
    tensors = _bytes(folder / f"{number:06d}.safetensors")
    if hashlib.sha256(tensors).hexdigest() != body["tensors"]:
        raise Refused(f"{number:06d}.safetensors is damaged")
    words = tuple(_logged(folder, record) for record in body["logs"])
    logs = tuple(Log(folder / r["file"], w) for r, w in zip(body["logs"], words, strict=True))
    return Found(body["step"], body["seconds"], body["state"], load(tensors), logs, words)


def _logged(folder: Path, record: Mapping[str, Any]) -> bytes:
    """Return the words of a log, as a checkpoint knows it."""
    words = _bytes(folder / record["file"])[: record["length"]]
    if hashlib.sha256(words).hexdigest() != record["sha256"]:
        raise Refused(f"{record['file']} is damaged")
    return words


def step_of(folder: Path, number: int) -> int | None:
    """Return the step that a checkpoint says it is of, as far as it can be read."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return int(json.loads((folder / f"{number:06d}.json").read_bytes())["step"])
    return None


def numbers(folder: Path) -> list[int]:
    """Return the numbers of the checkpoints in a folder, the newest first."""
    found = {int(match[1]) for path in _listed(folder) if (match := _NUMBERED.fullmatch(path.name))}
    return sorted(found, reverse=True)


def prune(folder: Path, kept: list[int], logs: tuple[Log, ...]) -> None:
    """Remove all checkpoints but those of some numbers, and all other logs; no file else."""
    names = {f"{number:06d}{kind}" for number in kept for kind in (".json", ".safetensors")}
    names |= {log.path.name for log in logs}
    for path in _listed(folder):
        if _OURS.fullmatch(path.name) and path.name not in names:
            with suppress(OSError):
                path.unlink()


def place(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, and have it on the disk before this returns.

    Raises
    ------
    OSError
        When it cannot be written; what was there before still is.
    """
    beside = path.with_name(f"{path.name}.new")
    try:
        with open(beside, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
        _settle(path.parent)
    finally:
        with suppress(OSError):
            beside.unlink()


def _settle(folder: Path) -> None:
    """Have the names of a folder on the disk, where the system lets a folder be opened."""
    if os.name == "nt":
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _body(path: Path, version: str) -> dict[str, Any]:
    """Return what the JSON of a checkpoint says, once it is known to be what was written."""
    written = _bytes(path)
    try:
        body = json.loads(written)
        schema, checksum = int(body["schema"]), body.pop("checksum")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Refused(f"{path.name} is damaged") from None
    if schema > SCHEMA:
        raise Refused(f"a later version of neurosim wrote it (schema {schema}, not {SCHEMA})")
    intact = hashlib.sha256(_canonical(body)).hexdigest() == checksum
    if not intact or _canonical({**body, "checksum": checksum}) != written:
        raise Refused(f"{path.name} is damaged")
    if body["neurosim"] != version:
        raise Refused(f"neurosim {body['neurosim']} wrote it, and this is {version}")
    return dict(body)


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise Refused(f"{path.name} is missing") from None
    except OSError as error:
        raise Refused(f"{path.name} cannot be read ({error.strerror})") from None


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []
