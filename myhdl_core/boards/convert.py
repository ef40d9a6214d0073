"""Converts one module of the bridge to Verilog, in a process of its own.

Run as ``python -m myhdl_core.boards.convert MODULE FOLDER`` with the line as JSON on standard
input.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from myhdl_core.boards.answers import uart_answers
from myhdl_core.boards.bridge import uart_bridge, wires_of
from myhdl_core.boards.line import Line
from myhdl_core.boards.requests import uart_requests
from myhdl_core.boards.serial import uart_receiver, uart_sender
from myhdl_core.convert import write

_MAKERS: dict[str, Callable[..., Any]] = {
    "uart_bridge": uart_bridge,
    "uart_receiver": uart_receiver,
    "uart_requests": uart_requests,
    "uart_answers": uart_answers,
    "uart_sender": uart_sender,
}


if __name__ == "__main__":
    given = Line(*json.load(sys.stdin))
    write(_MAKERS[sys.argv[1]], sys.argv[1], wires_of(given), given, Path(sys.argv[2]))
