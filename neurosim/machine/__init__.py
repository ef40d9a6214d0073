"""Machines: descriptions of chips, from the shelf or from the user's own TOML files."""

from __future__ import annotations

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
from neurosim.machine.reading import load, names, source

__all__ = [
    "Bus",
    "Compute",
    "Dram",
    "Fabric",
    "Links",
    "Machine",
    "Mapping",
    "MemoryBank",
    "Noc",
    "Sync",
    "Technology",
    "Tiles",
    "load",
    "names",
    "source",
]
