"""MyHDL blocks to files, each converted in a fork: MyHDL's names leak between conversions.

What takes long is to load MyHDL and what blocks are made of, so that is done once for all of them.
"""

from __future__ import annotations

import json
import os
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Thread
from typing import Any

from myhdl_core.hdl import bit
from myhdl_core.verilog import AT_ONCE, FAILURE


def converted_apart(convert: Callable[[str, str, Path], None]) -> None:
    """Convert the blocks that standard input names, into the folder that the command line names.

    Of a block that fails ``NAME.err`` says why, beside the Verilog of the others.

    Parameters
    ----------
    convert
        Writes the Verilog of a block: its name, what it is made from, and the folder.
    """
    given: Mapping[str, str] = json.load(sys.stdin)
    folder = Path(sys.argv[1])
    if not hasattr(os, "fork"):
        ((name, made_from),) = given.items()  # MyHDL's names have no other to leak into
        return _converted(convert, name, made_from, folder)
    for count, (name, made_from) in enumerate(given.items()):
        if count >= AT_ONCE:
            os.wait()
        if not os.fork():
            try:
                _converted(convert, name, made_from, folder)
            finally:
                os._exit(0)
    for _ in range(min(AT_ONCE, len(given))):
        os.wait()


def _converted(
    convert: Callable[[str, str, Path], None], name: str, made_from: str, folder: Path
) -> None:
    """Convert a block in a thread, which has a stack of its own.

    MyHDL asks where every frame on the stack comes from, and of those that start a program with
    ``-m`` Python looks through all modules for it.
    """

    def work() -> None:
        try:
            convert(name, made_from, folder)
        except BaseException:
            (folder / f"{name}{FAILURE}").write_text(traceback.format_exc())

    thread = Thread(target=work)
    thread.start()
    thread.join()


def write(
    maker: Callable[..., Any], name: str, wires: dict[str, Any], last: object, folder: Path
) -> None:
    """Write the Verilog of a block whose last argument is what it is built from.

    Its other arguments are found in ``wires`` by their names; bits need not be there.
    """
    code = maker.func.__code__  # type: ignore[attr-defined]
    names = code.co_varnames[: code.co_argcount - 1]
    warnings.simplefilter("ignore")
    made = maker(*(wires[port] if port in wires else bit() for port in names), last)
    made.convert(
        hdl="Verilog",
        name=name,
        path=str(folder),
        initial_values=False,
        testbench=False,
        no_myhdl_header=True,
    )
    file = folder / f"{name}.v"
    file.write_text(tidy(file.read_text(), sys.modules[maker.__module__].__doc__ or ""))


def tidy(text: str, about: str) -> str:
    """Return Verilog with a comment on top and without what MyHDL leaves in excess."""
    heading = "\n".join(f"// {line}".rstrip() for line in about.strip().splitlines())
    text = re.sub(r"\n{3,}", "\n\n", text.replace("`timescale 1ns/10ps\n", ""))
    return f"{heading}\n{text.rstrip()}\n"
