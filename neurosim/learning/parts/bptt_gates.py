"""What backpropagation through time keeps of units with gates, and hands back to the gates."""

from __future__ import annotations

from collections.abc import Iterator

from neurosim.learning.counts import Census, Counts
from neurosim.learning.rule import KEEP
from neurosim.model.neuron import Memory, Neuron, Role
from neurosim.model.operations import Fma, Operation, Words


def memories(neuron: Neuron, h: int) -> Iterator[Memory]:
    """What gates take beside: the ring of what they did, and their parts of an error."""
    if count := len(neuron.gates):
        yield Memory("links", h * count, Role.STORED)
        yield Memory("handed", count)
        if neuron.keeps:
            yield Memory("keeps", h, Role.STORED)
    if neuron.gated:
        yield Memory("handed_in", len(neuron.gated), Role.INBOX)


def remembered(neuron: Neuron, place: int) -> Iterator[Operation]:
    """Keep what the gates of a tick did at a place of the ring."""
    if count := len(neuron.gates):
        yield Fma(Words("links", place * count, count), Words("link", 0, count))
        if neuron.keeps:
            yield Fma(Words("keeps", place), KEEP)


def storage(c: Census, h: int) -> Counts:
    """Return what the ring of gates takes, and writing to it."""
    links, told = c.sum(lambda u: len(u.gates)), c.sum(lambda u: len(u.gated))
    keeps = c.sum(lambda u: u.keeps and bool(u.gates))
    return Counts(
        reads=links + keeps,
        writes=links + keeps,
        stored_words=h * (links + keeps),
        buffer_words=links + told,
    )


def pass_cost(c: Census, h: int, injected: int) -> Counts:
    """Return what gates take in a pass over h ticks, of which so many have errors of their own."""
    links, gated = c.sum(lambda u: len(u.gates)), c.sum(lambda u: bool(u.gated))
    having, told = c.sum(lambda u: bool(u.gates)), c.sum(lambda u: len(u.gated))
    there = c.sum(lambda u: bool(u.gated) and (u.keeps or bool(u.targets)))
    only_errors = c.sum(
        lambda u: bool(u.gated) and u.is_output and not (u.keeps or bool(u.targets))
    )
    plus = gated + (h - 1) * there + (injected - 1) * only_errors
    return Counts(
        multiplications=h * links,
        additions=h * (told - gated) + plus,
        reads=h * told + plus + h * (having + 2 * links),
        writes=h * (told + gated) + h * links,
        words_sent=h * links,
        words_received=h * links,
    )
