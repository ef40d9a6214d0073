"""The functions of a Verilated library, typed: what `myhdl_core/harness.cpp` has, as ctypes.

Nothing here knows what a chip is for; `myhdl_core/core.py` does.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import c_char_p, c_int32, c_int64, c_void_p
from pathlib import Path
from typing import Any

from neurosim.errors import RunFailed


class Request(ctypes.Structure):
    """``Steps`` of the harness: what to do, where to put what comes of it, and how far it is."""

    _fields_ = [
        ("count", c_int64), ("learn", c_void_p), ("stream", c_void_p), ("stream_words", c_int64),
        ("offer", c_void_p), ("offers", c_int64), ("outputs", c_int64), ("out", c_void_p),
        ("cycles", c_void_p), ("busy", c_void_p), ("taken", c_void_p), ("ranges", c_int64),
        ("range", c_void_p), ("copies", c_void_p), ("changes_kept", c_int64),
        ("changes", c_void_p), ("limit", c_int64), ("budget", c_int64), ("done", c_int64),
        ("position", c_int64), ("offered", c_int64), ("changes_seen", c_int64),
        ("copied", c_int64),
    ]  # fmt: skip


FUNCTIONS: dict[str, tuple[Any, ...]] = {  # what each returns, then what it takes
    "make": (c_void_p, c_int32, c_int32, c_int32),
    "free": (None, c_void_p),
    "reset": (None, c_void_p),
    "clear": (c_int32, c_void_p, c_int64),
    "idle": (None, c_void_p, c_int64),
    "rate": (None, c_void_p, c_int64),
    "saturated": (c_int32, c_void_p),
    "clock": (c_int64, c_void_p),
    "write": (c_int32, c_void_p, c_int64, c_int64, c_int64, c_int64, c_void_p),
    "read": (c_int32, c_void_p, c_int64, c_int64, c_int64, c_int64, c_void_p),
    "depth": (c_int64, c_void_p, c_int64, c_int64),
    "peek": (c_int32, c_void_p, c_int64, c_int64, c_int64, c_int64, c_void_p),
    "steps": (c_int32, c_void_p, c_void_p),
    "trace": (c_int32, c_void_p, c_char_p, c_int32),
    "trace_end": (None, c_void_p),
}
ENDINGS = {
    1: "the chip does not come to an end. The stream may be too short, or the program wrong",
    2: "more words came out than the network has outputs",
    3: "fewer words came out than the network has outputs",
    4: "a section to be copied is not in the chip",
    5: "the waveform file cannot be written, or the library was built without trace=True",
}


def load(library: Path) -> dict[str, Callable[..., Any]]:
    """Return the functions of a library by their names in ``FUNCTIONS``."""
    try:
        loaded = ctypes.CDLL(str(library))
    except OSError as error:
        raise RunFailed(f"{library}: cannot be loaded ({error}).") from error
    found: dict[str, Callable[..., Any]] = {}
    for name, (returned, *taken) in FUNCTIONS.items():
        function = getattr(loaded, f"chip_{name}")
        function.restype, function.argtypes = returned, taken
        found[name] = function
    return found
