"""Which Send fills which Receive: the messages of one step, joined over all neurons.

Messages of one kind between two neurons arrive in the order in which they are sent. All of a dense
network's messages are joined in a few array operations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.model.operations import Operation, Receive, Send

Ints = NDArray[np.int64]


class Sending(NamedTuple):
    """One Send: whose, where in the program, and the how many-th of its kind there."""

    neuron: int
    position: int
    operation: Send
    ordinal: int


class Arrival(NamedTuple):
    """One Receive: whose, where in the program, how many messages fill it, and its block.

    Arrivals of one kind and ordinal are a block; those of a block have numbers that follow each
    other, in the order of the neurons.
    """

    neuron: int
    position: int
    messages: int
    block: int


class Post(NamedTuple):
    """All messages of a step, ordered by the Send they belong to.

    Attributes
    ----------
    sendings, arrivals
        The operations at both ends.
    send, arrival
        Of every message, numbers of the two.
    place, position
        Its place among those that fill the Receive, and among those of the Send.
    source, destination
        Numbers of the neurons.
    """

    sendings: list[Sending]
    arrivals: list[Arrival]
    send: Ints
    arrival: Ints
    place: Ints
    position: Ints
    source: Ints
    destination: Ints


def post(programs: Sequence[tuple[Operation, ...]]) -> Post:
    """Join the messages of all neurons' programs.

    Raises
    ------
    RuntimeError
        When a rule sends what nobody receives, or the other way round: a mistake in the rule.
    """
    sendings = _sendings(programs)
    arrivals, receives = _arrivals(programs)
    kinds = {kind: n for n, kind in enumerate(sorted({s.operation.kind for s in sendings}))}
    lengths = [len(s.operation.along) for s in sendings]
    send = np.repeat(np.arange(len(sendings)), lengths)
    source = np.repeat([s.neuron for s in sendings] or [0], lengths or [0])
    destination = _joined([s.operation.along for s in sendings])
    sent = np.repeat([kinds[s.operation.kind] for s in sendings] or [0], lengths or [0])
    took = [len(operation.along) for operation in receives]
    arrival = np.repeat(np.arange(len(arrivals)), took)
    hearer = np.repeat([a.neuron for a in arrivals] or [0], took or [0])
    heard = _joined([operation.along for operation in receives])
    awaited = np.repeat([kinds.get(r.kind, len(kinds)) for r in receives] or [0], took or [0])
    n = len(programs)
    sent_key = (sent * n + source) * n + destination
    awaited_key = (awaited * n + heard) * n + hearer
    by_send = np.argsort(sent_key, kind="stable")
    # arrivals are numbered block by block, so equal keys are in the order of the programs
    by_arrival = np.argsort(awaited_key, kind="stable")
    _refuse_unmatched(sent_key[by_send], awaited_key[by_arrival], list(kinds), n)
    matched, place = np.empty_like(send), np.empty_like(send)
    matched[by_send] = arrival[by_arrival]
    place[by_send] = _counted_up(took)[by_arrival]
    return Post(sendings, arrivals, send, matched, place, _counted_up(lengths), source, destination)


def _sendings(programs: Sequence[tuple[Operation, ...]]) -> list[Sending]:
    found = []
    for neuron, operations in enumerate(programs):
        before: Counter[str] = Counter()
        for position, operation in enumerate(operations):
            if isinstance(operation, Send):
                found.append(Sending(neuron, position, operation, before[operation.kind]))
                before[operation.kind] += 1
    return found


def _arrivals(programs: Sequence[tuple[Operation, ...]]) -> tuple[list[Arrival], list[Receive]]:
    found: list[tuple[str, int, int, int, Receive]] = []
    for neuron, operations in enumerate(programs):
        before: Counter[str] = Counter()
        for position, operation in enumerate(operations):
            if isinstance(operation, Receive):
                kind = operation.kind
                found.append((kind, before[kind], neuron, position, operation))
                before[kind] += 1
    found.sort(key=lambda entry: entry[:4])
    blocks: dict[tuple[str, int], int] = {}
    arrivals = []
    for kind, ordinal, neuron, position, operation in found:
        block = blocks.setdefault((kind, ordinal), len(blocks))
        arrivals.append(Arrival(neuron, position, len(operation.along), block))
    return arrivals, [entry[4] for entry in found]


def _joined(many: Sequence[tuple[int, ...]]) -> Ints:
    parts = [np.array(one, dtype=np.int64) for one in many]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def _counted_up(lengths: Sequence[int]) -> Ints:
    """Return 0, 1, 2, ... for each length, one after the other."""
    firsts = np.cumsum([0, *lengths])[:-1]
    counted: Ints = np.arange(sum(lengths)) - np.repeat(firsts, lengths)
    return counted


def _refuse_unmatched(sent: Ints, awaited: Ints, kinds: list[str], n: int) -> None:
    shorter = min(len(sent), len(awaited))
    wrong = np.flatnonzero(sent[:shorter] != awaited[:shorter])
    if not len(wrong) and len(sent) == len(awaited):
        return
    first = int(wrong[0]) if len(wrong) else shorter
    never_sent = first >= len(sent) or (first < len(awaited) and awaited[first] < sent[first])
    key = int((awaited if never_sent else sent)[first])
    kind, source, destination = key // n // n, key // n % n, key % n
    name = kinds[kind] if kind < len(kinds) else "a message"
    if never_sent:
        raise RuntimeError(f"neuron {destination} waits for {name} from {source}, never sent")
    raise RuntimeError(f"neuron {source} sends {name} to {destination}, never received")
