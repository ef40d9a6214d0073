"""Compiling inner loops: by numba where it is installed, otherwise not at all.

numba keeps what it compiled beside the source, or in the user's cache folder where that cannot be
written, until that source changes. What a function calls from another file is part of it too, so
the newest of those files is noted with what is kept.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

# a division by zero is a number as in NumPy, and a product may be added without rounding it first
COMMON: dict[str, Any] = {"error_model": "numpy", "fastmath": {"contract"}}


def _numba() -> ModuleType | None:
    try:
        import numba
    except ImportError:
        print(
            "neurosim: numba is not here, so networks on chip are simulated in plain Python, about"
            " a hundred times slower, and long trainings run in NumPy. `pip install numba` helps.",
            file=sys.stderr,
        )
        return None
    return numba


_compiler = _numba()
AVAILABLE = _compiler is not None
"""Whether functions are compiled here; without it they run as they stand."""


def compiled(function: Function) -> Function:
    """Return a function compiled into those that call it; it may allocate nothing."""
    if _compiler is None:
        return function
    inner = {"forceinline": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return _compiler.njit(**COMMON, **inner)(function)  # type: ignore[no-any-return]


def entry(function: Function) -> Function:
    """Return a compiled function that Python calls; compiled once, and kept."""
    if _compiler is None:
        return function
    try:
        kept = _compiler.njit(**COMMON, cache=True)(function)
    except RuntimeError:  # there is no folder to keep it in
        return _compiler.njit(**COMMON)(function)  # type: ignore[no-any-return]
    _note_neighbours(kept, Path(function.__code__.co_filename).parent)
    return kept  # type: ignore[no-any-return]


def _note_neighbours(kept: Any, folder: Path) -> None:
    """Make what is kept as old as the newest source beside it."""
    with suppress(AttributeError, OSError):  # how numba names it is numba's own affair
        file = kept._cache._cache_file
        newest = max(source.stat().st_mtime_ns for source in folder.glob("*.py"))
        file._source_stamp = (file._source_stamp, newest)
