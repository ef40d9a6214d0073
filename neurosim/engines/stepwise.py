"""The definition: neuron objects that run their programs and exchange messages, without time.

Every neuron runs until it needs a message that is not there yet; then the next one runs. What a
neuron computes never depends on that order, because a message fills the place of its own edge.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import Any

from neurosim.engines.cells import Cell, Cells
from neurosim.learning.counts import Counts
from neurosim.learning.rule import Rule
from neurosim.model.arithmetic import Array, Format, Number
from neurosim.model.messages import Message
from neurosim.model.network import Network
from neurosim.model.operations import Receive, Send


class Mail:
    """Messages on their way: first sent, first received, for each kind, source and destination."""

    def __init__(self) -> None:
        self._boxes: defaultdict[tuple[str, int, int], deque[Message]] = defaultdict(deque)
        self.words_received = 0

    def send(self, operation: Send, source: int, words: Array) -> None:
        """Put a burst into the boxes of its receivers."""
        for place, destination in enumerate(operation.along):
            part = words[place : place + 1] if operation.scatter else words
            message = Message(operation.kind, source, destination, part)
            self._boxes[operation.kind, source, destination].append(message)

    def waits(self, operation: Receive, neuron: int) -> bool:
        """Whether a message that the operation needs is not there yet."""
        return not all(self._boxes[operation.kind, source, neuron] for source in operation.along)

    def receive(self, operation: Receive, neuron: int) -> list[Message]:
        """Take the messages that the operation asks for, in its order."""
        messages = [self._boxes[operation.kind, s, neuron].popleft() for s in operation.along]
        self.words_received += sum(len(m.words) for m in messages if m.source != neuron)
        return messages

    @property
    def undelivered(self) -> int:
        """Messages that nobody has taken."""
        return sum(map(len, self._boxes.values()))


class StepwiseEngine:
    """Steps a network neuron by neuron and message by message; see ``Cells`` for the arguments."""

    def __init__(
        self, network: Network, rule: Rule, number: Number, initial: Array | None = None
    ) -> None:
        self.cells = Cells(network, rule, number, initial)
        self.number, self.period = number, rule.period
        self.steps = 0
        self.counts = Counts()

    def step(self, x: Array, target: Array) -> tuple[Array, Array]:
        """Learn from one raw sample; return the raw activations and errors of the outputs."""
        phase = self.steps % self.period
        self.cells.feed(x, target)
        mail = Mail()
        waiting = deque((cell, 0) for cell in self.cells.cells)
        stuck = 0
        while waiting:
            cell, position = waiting.popleft()
            reached = _advance(cell, phase, position, mail)
            stuck = stuck + 1 if reached == position else 0
            if reached < len(cell.program(phase)):
                waiting.append((cell, reached))
                if stuck > len(waiting):
                    raise _deadlock(cell, phase, reached)
        if mail.undelivered:
            raise RuntimeError(f"{mail.undelivered} messages were sent that nobody receives")
        self.counts = self.cells.counts(phase, mail.words_received)
        self.steps += 1
        return self.cells.predicted(), self.cells.read("error")

    def state(self) -> dict[str, Any]:
        """Return all that the next step depends on; see ``checkpoint/trees.py``."""
        return {"cells": self.cells.state(), "steps": self.steps, "counts": self.counts}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state that an engine like this one has had."""
        self.cells.restore(state["cells"])
        self.steps, self.counts = state["steps"], state["counts"]

    def weights(self) -> Array:
        """Return the weights as real values, in network order."""
        return self.number.decode(self.cells.gather("w"), Format.WEIGHT)

    def gradient(self) -> Array:
        """Return the last step's ``sum_o e_o dy_o/dw`` as real values, in network order."""
        return self.number.decode(self.cells.gradient(self.steps))


def _advance(cell: Cell, phase: int, position: int, mail: Mail) -> int:
    """Run a neuron's program until it has to wait; return where it stopped."""
    number = cell.neuron.number
    program = cell.program(phase)
    while position < len(program):
        operation, run = program[position]
        if isinstance(operation, Send):
            mail.send(operation, number, run())
        elif isinstance(operation, Receive):
            if mail.waits(operation, number):
                return position
            _deliver(cell, operation, mail.receive(operation, number))
        else:
            run()
        position += 1
    return position


def _deliver(cell: Cell, operation: Receive, messages: list[Message]) -> None:
    """Write what arrived into the places of its edges."""
    name, words = operation.words.memory, operation.words
    if cell.described[name].by_reference:
        cell.memory[name] = messages[0].words
        return
    share = words.count // len(messages)
    for place, message in enumerate(messages):
        start = words.start + place * share
        cell.memory[name][start : start + share] = message.words


def _deadlock(cell: Cell, phase: int, position: int) -> RuntimeError:
    operation = cell.program(phase)[position].operation
    assert isinstance(operation, Receive)
    return RuntimeError(
        f"{cell.rule.title}: {cell.neuron.name} waits for {operation.kind} from neurons"
        f" {operation.along}, which nobody sends"
    )
