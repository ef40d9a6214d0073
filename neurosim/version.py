"""Which neurosim this is."""

from __future__ import annotations

from functools import cache


@cache
def version() -> str:
    """Return the version that is installed; one that says so where none is."""
    from importlib import metadata  # slow to load

    try:
        return metadata.version("neurosim-hdl")
    except metadata.PackageNotFoundError:
        return "0.0.0+unknown"
