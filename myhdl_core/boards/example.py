"""Talks to the chip on its board: loads weights, lets it learn, and compares it with the model.

    python example.py /dev/ttyUSB0

What goes in and what has to come out stands in `example.json`, computed by the software model, the
same as in the test bench. `network_driver.py` lies two folders up. Needs pyserial.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

network_driver: Any = importlib.import_module("network_driver")
link: Any = importlib.import_module("serial_link")
SHOWN = 10


def connected(line: Any, patience: float | None = None) -> Any:
    """Return the transport for this folder's chip over a line."""
    board = json.loads((HERE / "board.json").read_text("utf-8"))
    more = {} if patience is None else {"patience": patience}
    word_bits, address_bytes = board["word_bits"], board["address_bytes"]
    return link.SerialTransport(line, word_bits, address_bytes, network_driver.BusError, **more)


def compared(transport: Any, say: Any = print) -> int:
    """Load the weights, do all steps, read the memories back; return how many words differ."""
    given = json.loads((HERE / "example.json").read_text("utf-8"))
    chip = network_driver.Chip(transport)
    chip.reset()
    chip.clear()
    for lane, bank, address, word in given["weights"]:
        chip.write(lane, bank, address, word)
    chip.enable = True
    begun, words, wrong = time.monotonic(), 0, 0
    for n, sample in enumerate(given["samples"]):
        chip.learn = given["learn"][n]
        transport.send(sample)
        expected = given["outputs"][n]
        found = transport.receive(len(expected))
        words += len(expected)
        if found != expected:
            wrong += 1
            if wrong <= SHOWN:
                say(f"step {n}: expected {expected}, found {found}")
    seconds = time.monotonic() - begun
    chip.enable = False
    for lane, bank, address, word in given["final"]:
        there = chip.read(lane, bank, address)
        words += 1
        if there != word:
            wrong += 1
            if wrong <= SHOWN:
                say(f"lane {lane}, bank {bank}, address {address}: expected {word}, found {there}")
    steps = len(given["samples"])
    end = f"FAIL: {wrong} of" if wrong else "PASS:"
    say(f"{end} {words} words, {steps} steps, {steps / seconds:,.0f} steps a second over this line")
    return wrong


def main() -> int:
    """Compare the chip at the port that is named; return the exit code."""
    if len(sys.argv) != 2:
        print("usage: python example.py PORT, such as /dev/ttyUSB0 or COM3", file=sys.stderr)
        return 2
    try:
        return 1 if compared(connected(link.opened(sys.argv[1]))) else 0
    except (link.LinkError, network_driver.BusError, network_driver.WrongChip, OSError) as error:
        print(f"example.py: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
