"""All neurons' programs laid side by side: which operations are one, and where messages go.

Neurons differ in what they have (an output computes an error, a neuron without reciprocal
neighbours exchanges nothing), so their programs differ too, but never in order. ``Programs`` finds
the operations that are the same in many neurons, in an order that suits every neuron.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import networkx as nx

from neurosim.errors import UserError
from neurosim.learning.rule import Rule
from neurosim.model.network import Network
from neurosim.model.neuron import Memory, Neuron
from neurosim.model.operations import (
    Activate,
    Clip,
    Divide,
    Draw,
    Operation,
    Phase,
    Receive,
    Root,
    Send,
    Solve,
    Streamed,
    Words,
    operands,
    results,
)

Signature = tuple[Any, ...]
Key = tuple[Signature, int]  # an operation, and how often the program had it before


class Mail(NamedTuple):
    """Who sends what to whom, and under what name it arrives."""

    sends: dict[tuple[str, int], Send]  # by kind and sender
    receives: dict[tuple[str, int], Receive]  # by inbox and receiver


@dataclass
class Together:
    """One operation of many neurons."""

    signature: Signature
    phase: str
    operations: dict[int, Streamed] = field(default_factory=dict)

    @property
    def example(self) -> Streamed:
        """The operation as one of the neurons has it."""
        return next(iter(self.operations.values()))

    @property
    def name(self) -> str:
        """The operation in words, such as ``a_sum = w * b + a_sum``."""
        return describe(self.example)


class Programs:
    """What every unit of a network does in a step of a rule, with operations found to be one.

    Attributes
    ----------
    units, described
        The neurons, and their memories by number and name.
    mail
        Messages between them.
    together
        Operations in an order that is every neuron's own.
    """

    def __init__(self, network: Network, rule: Rule) -> None:
        self.network, self.rule = network, rule
        self.units = network.neurons[: len(network.units)]
        self.described = {u.number: rule.described(u, network) for u in self.units}
        if rule.period > 1:
            raise self.refuse(f"a program of {rule.period} steps", "every step is the same there.")
        for name in (name for unit in self.units for name in rule.constants(unit, network)):
            raise self.refuse(f"constant {name!r}", "a chip starts with weights alone.")
        self.mail = Mail({}, {})
        self._sent_after: dict[tuple[str, int], int] = {}  # operations before a Send, by sender
        self._heard_before: dict[tuple[str, int], int] = {}  # and before a Receive, by receiver
        lines = {unit.number: self._line(unit) for unit in self.units}
        self.together = self._merged(lines)

    def memory(self, name: str) -> Memory:
        """Return a memory as the first neuron that has it describes it."""
        return next(each[name] for each in self.described.values() if name in each)

    def refuse(self, what: str, why: str) -> UserError:
        """Return the error that says which operation has no place on a chip, and why."""
        return UserError(f"{self.rule.title}: {what} has no place on the chip: {why}")

    def _line(self, unit: Neuron) -> list[tuple[str, Streamed]]:
        """Take a neuron's program apart: its messages go to the mail, the rest has a phase."""
        line: list[tuple[str, Streamed]] = []
        phase = ""
        for operation in self.rule.program(unit, self.network):
            if isinstance(operation, Phase):
                phase = operation.name
            elif isinstance(operation, (Send, Receive)):
                self._note(unit, operation, len(line))
            elif isinstance(operation, (Clip, Divide, Root, Draw, Solve)):
                raise self.refuse(
                    f"{type(operation).__name__} into {operation.to.memory}",
                    "its lanes have no divider, clip no words, and draw no signs.",
                )
            else:
                line.append((phase, operation))
        return line

    def _note(self, unit: Neuron, operation: Send | Receive, after: int) -> None:
        book: dict[tuple[str, int], Any] = self.mail.sends
        key = (operation.kind, unit.number)
        if isinstance(operation, Receive):
            self._heard_before[key] = after
            book, key = self.mail.receives, (operation.words.memory, unit.number)
        else:
            self._sent_after[key] = after
        if key in book:
            raise self.refuse(
                f"message {operation.kind!r} of {unit.name}", "it comes more than once a step."
            )
        book[key] = operation

    def _merged(self, lines: dict[int, list[tuple[str, Streamed]]]) -> list[Together]:
        """Find one order of operations that agrees with every neuron's, and with the messages."""
        found: dict[Key, Together] = {}
        order: nx.DiGraph = nx.DiGraph()
        keys: dict[int, list[Key]] = {}
        for number, line in lines.items():
            seen: Counter[Signature] = Counter()
            keys[number] = []
            for phase, operation in line:
                signature = _signature(operation)
                keys[number].append((signature, seen[signature]))
                seen[signature] += 1
                key = keys[number][-1]
                found.setdefault(key, Together(signature, phase)).operations[number] = operation
            nx.add_path(order, keys[number])
        order.add_edges_from(self._by_messages(keys))
        place = {key: n for n, key in enumerate(found)}
        try:
            in_order = list(nx.lexicographical_topological_sort(order, place.__getitem__))
        except nx.NetworkXUnfeasible:
            raise UserError(
                f"{self.rule.title}: its neurons do the same operations in different orders, so"
                " lanes cannot run them in lockstep. Give the program one order."
            ) from None
        return [found[key] for key in in_order]

    def _by_messages(self, keys: dict[int, list[Key]]) -> set[tuple[Key, Key]]:
        """Return what comes before what because a message leads from one to the other."""
        pairs = set()
        for (_, receiver), receive in self.mail.receives.items():
            after = self._heard_before[receive.kind, receiver]
            for sender in receive.along:
                before = self._sent_after.get((receive.kind, sender), 0)
                if before and after < len(keys[receiver]):
                    pairs.add((keys[sender][before - 1], keys[receiver][after]))
        return {(one, other) for one, other in pairs if one != other}


def describe(operation: Operation) -> str:
    """Write an operation as an equation of memories."""
    if isinstance(operation, (Send, Receive, Phase)):
        return type(operation).__name__.lower()
    to = ", ".join(w.memory for w in results(operation))
    read = [w.memory for w in operands(operation)]
    if type(operation).__name__ == "Activate":
        return f"{to} = f({read[0]})"
    product = read[0] if operation.b is None else " * ".join(read[:2])  # type: ignore[union-attr]
    product = f"sum({product})" if type(operation).__name__ == "Dot" else product
    plus = f" + {operation.plus.memory}" if operation.plus is not None else ""  # type: ignore[union-attr]
    return f"{to} = {product}{plus}"


def _signature(operation: Streamed) -> Signature:
    def one(words: Words | None) -> tuple[str, bool] | None:
        return None if words is None else (words.memory, words.stride == 0)

    sources = (operation.s,) if isinstance(operation, Activate) else operation[1:]
    return type(operation), *map(one, results(operation)), *map(one, sources)
