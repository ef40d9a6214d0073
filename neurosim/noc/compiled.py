"""Compiling the inner loop: by numba where it is installed, otherwise not at all."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])
Compiler = Callable[[Function], Function]


def _compilers() -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return how functions that the compiled call are compiled, and those that Python calls."""
    try:
        import numba
    except ImportError:
        print(
            "neurosim: numba is not here, so networks are simulated flit by flit in plain Python,"
            " about a hundred times slower. `pip install numba` helps.",
            file=sys.stderr,
        )
        return _unchanged, _unchanged
    # nothing is allocated, so nothing needs counting (_nrt), and wrappers would take long to make
    common: dict[str, Any] = {"error_model": "numpy", "_nrt": False}
    inner = {"forceinline": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    njit: Any = numba.njit

    def outside(function: Function) -> Any:
        try:
            return njit(cache=True, **common)(function)
        except RuntimeError:  # there is no folder to keep it in
            return njit(**common)(function)

    return njit(**common, **inner), outside


def _unchanged(function: Function) -> Function:
    return function


_inside, _outside = _compilers()


def compiled(function: Function) -> Function:
    """Return a function compiled into those that call it."""
    return _inside(function)  # type: ignore[no-any-return]


def entry(function: Function) -> Function:
    """Return a compiled function that Python calls; compiled once, and kept."""
    return _outside(function)  # type: ignore[no-any-return]
