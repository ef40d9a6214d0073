"""Neurons at work: the memories and bound programs that the message engines share.

A ``Cell`` is a neuron with memories of its own and its program bound to them. All memories lie in
one array (``Cells.store``), each neuron's in a part of its own, so that a burst can be handed to
many neurons in one assignment; a cell sees its own part only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from neurosim.engines.checkpoint import trees
from neurosim.engines.fit import check_fit
from neurosim.engines.kernels import bind, bind_payload
from neurosim.engines.tally import storage, tally
from neurosim.errors import UserError
from neurosim.learning.counts import Counts, total
from neurosim.learning.rule import Rule, speak
from neurosim.model.arithmetic import Array, Format, Number
from neurosim.model.loss import SQUARED
from neurosim.model.network import Network
from neurosim.model.neuron import Neuron
from neurosim.model.operations import Operation, Phase, Receive, Send


class Bound(NamedTuple):
    """An operation and what doing it means: nothing for labels, a snapshot for sends."""

    operation: Operation
    run: Callable[[], Any]


def operations_of(
    neuron: Neuron, rule: Rule, network: Network, phase: int
) -> tuple[Operation, ...]:
    """Return the operations of one step of a neuron.

    Raises
    ------
    RuntimeError
        When a message leaves the edges of the graph without saying so: a mistake in the rule.
    """
    if neuron.is_input:
        return tuple(speak(neuron))
    operations = tuple(rule.program(neuron, network, phase))
    near = {*neuron.sources, *neuron.targets, neuron.number, *neuron.gates, *neuron.gated}
    for operation in operations:
        if not isinstance(operation, (Send, Receive)) or getattr(operation, "broadcast", True):
            continue
        for far in set(operation.along) - near:
            raise RuntimeError(
                f"{rule.title}: {neuron.name} sends {operation.kind} to"
                f" {network.neurons[far].name}, but no edge joins them. A message that leaves"
                " the graph says broadcast=True."
            )
    return operations


class Cell:
    """One neuron with its memories, by name, and its program."""

    def __init__(self, neuron: Neuron, rule: Rule, network: Network, number: Number) -> None:
        self.neuron, self.rule, self.network, self.number = neuron, rule, network, number
        self.described = rule.described(neuron, network)
        self.storage = storage(self.described.values())
        self.memory: dict[str, Array] = {}
        self.offset: dict[str, int] = {}
        self._programs: dict[int, tuple[Bound, ...]] = {}
        self._tallies: dict[int, Counts] = {}

    @property
    def words(self) -> int:
        """Words of all memories that live in the store."""
        return sum(m.words for m in self.described.values() if not m.by_reference)

    def settle(self, store: Array, start: int, scratch: Array) -> None:
        """Take the memories from the store, from word ``start`` on."""
        self._scratch = scratch
        for memory in self.described.values():
            if memory.by_reference:
                self.memory[memory.name] = np.zeros(memory.words, dtype=store.dtype)
                continue
            self.offset[memory.name] = start
            self.memory[memory.name] = store[start : start + memory.words]
            start += memory.words

    def program(self, phase: int) -> tuple[Bound, ...]:
        """Return the neuron's program of one step, bound to its memories."""
        if phase not in self._programs:
            operations = operations_of(self.neuron, self.rule, self.network, phase)
            self._programs[phase] = tuple(Bound(op, self._bind(op)) for op in operations)
            self._tallies[phase] = total(tally(op, self.neuron.number) for op in operations)
        return self._programs[phase]

    def tally(self, phase: int) -> Counts:
        """Count what one whole run of the program does."""
        self.program(phase)
        return self._tallies[phase]

    def _bind(self, operation: Operation) -> Callable[[], Any]:
        if isinstance(operation, (Phase, Receive)):
            return _nothing
        if isinstance(operation, Send):
            return bind_payload(operation, self.memory, self.described, self.number)
        activation = self.neuron.activation
        return bind(operation, self.memory, self.described, self.number, activation, self._scratch)


class Cells:
    """All neurons of a network at work under one rule, before the first step.

    Parameters
    ----------
    network, rule, number
        What learns, how, and in which numbers.
    initial
        Activations of the units before the first step, shape (units,); zero when None.
    """

    def __init__(
        self, network: Network, rule: Rule, number: Number, initial: Array | None = None
    ) -> None:
        self.network, self.rule, self.number = network, rule, number
        check_fit(network, rule, number)
        self.cells = [Cell(neuron, rule, network, number) for neuron in network.neurons]
        starts = np.cumsum([0, *(cell.words for cell in self.cells)])
        self.store = np.zeros(int(starts[-1]), dtype=number.dtype)
        longest = max(m.words for cell in self.cells for m in cell.described.values())
        scratch = np.empty(longest, dtype=number.dtype)
        for cell, start in zip(self.cells, starts[:-1].tolist(), strict=True):
            cell.settle(self.store, start, scratch)
        self.units = self.cells[: len(network.units)]
        self.inputs = self.cells[len(network.units) :]
        self.outputs = [self.cells[network.numbers[o]] for o in network.outputs]
        self._counts: dict[int, Counts] = {}
        self._fed = 0
        self._load(initial)

    def _load(self, initial: Array | None) -> None:
        """Write weights, constants and activations."""
        number = self.number
        weights = number.encode(self.network.weight_vector, Format.WEIGHT)
        rate = encoded_rate(number, self.rule)
        start = number.encode(np.zeros(len(self.units)) if initial is None else initial)
        for cell, y in zip(self.units, start, strict=True):
            neuron, memory = cell.neuron, cell.memory
            first = neuron.first_edge
            memory["w"][:] = weights[first : first + neuron.edges]
            memory["rate"][:] = rate
            memory["y"][:] = y
            if "minus_one" in memory:
                memory["minus_one"][:] = number.encode(-1.0)
            if neuron.leaks:
                memory["leak"][:] = number.encode(neuron.leak)
            if neuron.leaks or neuron.spikes:
                memory["keep"][:] = number.encode(1.0 - neuron.leak)
            for name, values in self.rule.begins(neuron, self.network).items():
                memory[name][:] = number.encode(values)
            if neuron.has_bias:  # the last slot of every row of sources
                memory["z"][neuron.edges - 1 :: neuron.edges] = number.encode(1.0)

    def feed(self, x: Array, target: Array) -> None:
        """Write one sample of the stream: raw words of the inputs and of the targets.

        With it comes the step's learning rate, where that changes.
        """
        if not self.rule.schedule.steady:
            rate = encoded_rates(self.number, self.rule, self._fed, 1)
            for cell in self.units:
                cell.memory["rate"][:] = rate
        self._fed += 1
        for cell, word in zip(self.inputs, x, strict=True):
            cell.memory["y"][0] = word
        for cell, word in zip(self.outputs, target, strict=True):
            cell.memory["target"][0] = word

    def state(self) -> dict[str, Any]:
        """Return all words, those that lie in messages with them, and the steps that were fed."""
        messages = {
            f"{cell.neuron.number} {name}": cell.memory[name]
            for cell in self.cells
            for name, memory in cell.described.items()
            if memory.by_reference
        }
        return {"words": self.store, "messages": messages, "fed": self._fed}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state that the same neurons have had."""
        trees.fill(self.store, state["words"])  # bound programs hold on to its parts
        for place, words in state["messages"].items():
            number, name = place.split(" ", 1)
            self.cells[int(number)].memory[name] = words
        self._fed = state["fed"]

    def read(self, name: str) -> Array:
        """Read the first word of a memory at every output, raw."""
        return np.array([cell.memory[name][0] for cell in self.outputs])

    def predicted(self) -> Array:
        """Read what the outputs say, raw: their activations, or the softmax of them."""
        return self.read("y" if self.network.loss == SQUARED else "probability")

    def gather(self, name: str) -> Array:
        """Read the first words of a memory with one word an edge, in network order, raw.

        Zeros where a rule has no such memory.
        """
        if name not in self.units[0].memory:
            return np.zeros(len(self.network.edges), dtype=self.store.dtype)
        return np.concatenate([cell.memory[name][: cell.neuron.edges] for cell in self.units])

    def gradient(self, steps: int) -> Array:
        """Read the gradient after so many steps, in network order, raw.

        Zeros where a weight is fixed, and everywhere if the last step was not one that learns.
        """
        gradient = self.gather("g")
        if not self.rule.learns((steps - 1) % self.rule.period):
            gradient[:] = 0
        gradient[self.network.fixed] = 0
        return gradient

    def counts(self, phase: int, received: int) -> Counts:
        """Return the counts of a step in which every program ran to its end."""
        if phase not in self._counts:
            self._counts[phase] = total(cell.tally(phase) + cell.storage for cell in self.cells)
        return self._counts[phase] + Counts(words_received=received)


def encoded_rate(number: Number, rule: Rule) -> Array:
    """Turn the learning rate into a raw word.

    Raises
    ------
    UserError
        When fixed point cannot hold it.
    """
    raw = number.encode(rule.learning_rate, Format.RATE)
    value = float(number.decode(raw, Format.RATE))
    if rule.learning_rate >= 1 > value:
        raise UserError(
            f"learning_rate {rule.learning_rate:g}: {number.name} holds rates below 1."
            " Give a smaller one, or learn in Float()."
        )
    if rule.learning_rate > 0 and value == 0:
        smallest = float(number.decode(np.int64(1), Format.RATE))
        raise UserError(
            f"learning_rate {rule.learning_rate:g}: rounds to zero in {number.name}, whose"
            f" smallest rate is {smallest:g}. Give a larger one, or more word_bits."
        )
    return raw


def encoded_rates(number: Number, rule: Rule, first: int, count: int) -> Array:
    """Return the learning rates of so many steps from ``first`` on, raw; late ones may be zero."""
    return number.encode(rule.learning_rate * rule.schedule.factors(first, count), Format.RATE)


def _nothing() -> None:
    return None
