"""Converts the modules of the bridge to Verilog.

Run as ``python -m myhdl_core.boards.convert FOLDER``, with JSON on standard input: the modules by
their names, and for each the line that it is made from, which is JSON too.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from myhdl_core.boards.answers import uart_answers
from myhdl_core.boards.bridge import uart_bridge, wires_of
from myhdl_core.boards.line import Line
from myhdl_core.boards.requests import uart_requests
from myhdl_core.boards.serial import uart_receiver, uart_sender
from myhdl_core.conversion import converted_apart, write

_MAKERS: dict[str, Callable[..., Any]] = {
    "uart_bridge": uart_bridge,
    "uart_receiver": uart_receiver,
    "uart_requests": uart_requests,
    "uart_answers": uart_answers,
    "uart_sender": uart_sender,
}


def convert(name: str, text: str, folder: Path) -> None:
    """Write the Verilog of a module to a folder; once in a process."""
    given = Line(*json.loads(text))
    write(_MAKERS[name], name, wires_of(given), given, folder)


if __name__ == "__main__":
    converted_apart(convert)
