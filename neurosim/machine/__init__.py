"""Machines: descriptions of chips, from the shelf or from the user's own TOML files."""

from __future__ import annotations

from neurosim.machine.description import Bus, Compute, Fabric, Links, Machine, MemoryBank, Sync
from neurosim.machine.reading import load, names, source

__all__ = [
    "Bus",
    "Compute",
    "Fabric",
    "Links",
    "Machine",
    "MemoryBank",
    "Sync",
    "load",
    "names",
    "source",
]
