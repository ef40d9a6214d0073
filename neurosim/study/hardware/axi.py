"""A chip's side on AXI: its Verilog, and the same registers for people, for C and for Python."""

from __future__ import annotations

from pathlib import Path

from myhdl_core.assemble import Assembled
from neurosim.engines.cells import encoded_rate
from neurosim.learning.rule import Rule
from neurosim.model.fixed import Fixed
from neurosim.study.hardware import map as word_map
from neurosim.study.hardware.places import BANKS, stored

DRIVER, HEADER, TABLE = "network_driver.py", "network.h", "registers.md"


def write(assembled: Assembled, number: Fixed, rule: Rule, folder: Path) -> list[Path]:
    """Write ``network_axi.v`` and its modules, the driver, the header and the table to a folder.

    Parameters
    ----------
    assembled, number
        The chip, and its numbers.
    rule
        Has the learning rate after a reset.
    folder
        Where the Verilog of the core is.

    Raises
    ------
    RunFailed
        When a module cannot be converted to Verilog.
    """
    from myhdl_core.axi.driver import Word, driver
    from myhdl_core.axi.emit import emit
    from myhdl_core.axi.header import header
    from myhdl_core.axi.interface import interface_of
    from myhdl_core.axi.table import table

    plan = assembled.learning
    # the chip and its driver know each other by what map.csv holds
    chip = interface_of(assembled, int(encoded_rate(number, rule)), word_map.table(plan, number))
    shown = {"w", "y.old", "y.new", *stored(plan)}
    words = [
        Word(p.neuron, p.word, p.source, p.lane, BANKS[p.memory], p.address)
        for p in word_map.places(plan, number)
        if p.word in shown
    ]
    texts = {DRIVER: driver(chip, words), HEADER: header(chip), TABLE: table(chip)}
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8", newline="\n")
    return [*emit(chip, folder), *(folder / name for name in texts)]
