"""Where the words of messages go: into which words of the store, or which buffers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from neurosim.engines.cells import Cell, Cells
from neurosim.engines.clock.post import Ints, Post
from neurosim.engines.clock.shipments import Freight
from neurosim.model.arithmetic import Array
from neurosim.model.operations import Receive


class Landing(NamedTuple):
    """What one Send leaves behind where a shipment arrives.

    ``payload`` takes a snapshot of its words, ``which`` are those that go to ``places`` (None: all
    of them to each row), and ``buffers`` take it by reference.
    """

    payload: Callable[[], Array]
    which: Ints | None
    places: Ints | None
    buffers: list[tuple[Cell, str]]

    def land(self, store: Array) -> None:
        """Write the words."""
        words = self.payload()
        if self.places is not None:
            store[self.places] = words if self.which is None else words[self.which]
        for cell, buffer in self.buffers:
            cell.memory[buffer] = words


def landings(mail: Post, made: Freight, cells: Cells, phase: int) -> list[list[Landing]]:
    """Return, for every shipment, what it writes."""
    number = {}
    for n, shipment in enumerate(made.shipments):
        number[shipment.consignment, shipment.destination] = n
    tiles = {shipment.destination for shipment in made.shipments}
    only = tiles.pop() if len(tiles) == 1 else None
    found: list[list[Landing]] = [[] for _ in made.shipments]
    firsts = np.searchsorted(mail.send, np.arange(len(mail.sendings) + 1))
    for send in range(len(mail.sendings)):
        messages = np.arange(firsts[send], firsts[send + 1])
        group = int(made.of_send[send])
        if only is not None:
            found[number[group, only]].append(_landing(mail, send, messages, cells, phase))
            continue
        far = made.tiles[mail.destination[messages]]
        for tile in np.unique(far).tolist():
            some = _landing(mail, send, messages[far == tile], cells, phase)
            found[number[group, tile]].append(some)
    return found


def _landing(mail: Post, send: int, messages: Ints, cells: Cells, phase: int) -> Landing:
    sending = mail.sendings[send]
    payload = cells.cells[sending.neuron].program(phase)[sending.position].run
    places, buffers = [], []
    for message in messages.tolist():
        arrival = mail.arrivals[int(mail.arrival[message])]
        cell = cells.cells[arrival.neuron]
        operation: Any = cell.program(phase)[arrival.position].operation
        assert isinstance(operation, Receive)
        words = operation.words
        if cell.described[words.memory].by_reference:
            buffers.append((cell, words.memory))
            continue
        share = words.count // arrival.messages
        start = cell.offset[words.memory] + words.start + int(mail.place[message]) * share
        places.append(np.arange(start, start + share))
    scatter = sending.operation.scatter
    together = np.array(places) if places else None
    return Landing(
        payload,
        mail.position[messages] if scatter else None,
        together[:, 0] if scatter and together is not None else together,
        buffers,
    )
