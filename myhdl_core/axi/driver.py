"""The driver of one chip in Python: ``network_driver.py``, what `device` does with its data.

Names of nodes come from users; they stand in it as Python's own quoting writes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any, NamedTuple

from myhdl_core.axi.interface import Interface
from myhdl_core.axi.registers import registers

_ABOUT = '''\
"""Drives the chip of this folder: weights, learning rate, steps. Needs nothing but Python 3.9.

    from network_driver import Chip
    chip = Chip(transport)  # one with read32, write32, send and receive
    chip.weights = {...}  # by source and neuron
    outputs = chip.step([0.3], [0.5])  # inputs and targets of a step
"""
'''
_DATA = '''

LAYOUT = Layout(
    map={map:#x},
    fields={{
{fields}    }},
    weights={{
{weights}    }},
    activations={{
{activations}    }},
    states={{
{states}    }},
)


class Chip(Device):
    """The chip of this folder, at the other end of a transport."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport, LAYOUT)
'''


class Word(NamedTuple):
    """A word of a neuron, as ``map.csv`` lists it."""

    neuron: str
    word: str
    source: str
    lane: int
    bank: int
    address: int


def driver(chip: Interface, words: Iterable[Word]) -> str:
    """Return what ``network_driver.py`` holds.

    Parameters
    ----------
    chip
        The numbers of the chip.
    words
        Where its words lie; those of edges between neurons by name are in the driver.
    """
    listed = list(words)
    generic = (files("myhdl_core.axi") / "device.py").read_text("utf-8")
    body = generic[generic.index("from __future__") :]
    fields = {
        f"{r.name}.{f.name}": (r.offset, f.low, f.bits) for r in registers(chip) for f in r.fields
    }
    weights = {(w.source, w.neuron): (w.lane, w.address) for w in listed if w.word == "w"}
    return (
        _ABOUT
        + body
        + _DATA.format(
            map=chip.layout,
            fields=_lines(fields),
            weights=_lines(weights),
            activations=_lines(_activations(listed)),
            states="".join(
                f"        {name!r}: {{\n{_lines(places, 12)}        }},\n"
                for name, places in _states(listed, set(weights)).items()
            ),
        )
    )


def _activations(words: list[Word]) -> dict[str, tuple[int, int, int]]:
    new = {w.neuron: w.address for w in words if w.word == "y.new"}
    return {w.neuron: (w.lane, w.address, new[w.neuron]) for w in words if w.word == "y.old"}


def _states(
    words: list[Word], edges: set[tuple[str, str]]
) -> dict[str, dict[tuple[str, str], tuple[int, int, int]]]:
    """Return the words of edges beside the weights, by name."""
    found: dict[str, dict[tuple[str, str], tuple[int, int, int]]] = {}
    for w in words:
        if w.word != "w" and (w.source, w.neuron) in edges:
            found.setdefault(w.word, {})[w.source, w.neuron] = w.lane, w.bank, w.address
    return found


def _lines(items: Mapping[Any, object], indent: int = 8) -> str:
    return "".join(f"{' ' * indent}{key!r}: {value!r},\n" for key, value in items.items())
