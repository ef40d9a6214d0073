"""What neurons say to each other in one step, as arrays.

A row here is a message: one burst of one neuron as one other neuron gets it. A neuron's messages to
itself move nothing and are left out, as ``learning/counts.py`` counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.engines.cells import operations_of
from neurosim.learning.rule import Rule
from neurosim.model.network import Network
from neurosim.model.operations import Send

if TYPE_CHECKING:
    from scipy.sparse import coo_array

MOST_DENSE = 4096
"""Neurons up to which matrices between neurons are dense."""

Integers = NDArray[np.int64]


class Bursts(NamedTuple):
    """The Sends of all neurons, each of shape (bursts,).

    ``kind`` is a place in ``Traffic.kinds``; ``words`` is what each receiver gets.
    """

    kind: Integers
    source: Integers
    words: Integers
    scatter: NDArray[np.bool_]
    broadcast: NDArray[np.bool_]


@dataclass(frozen=True)
class Traffic:
    """All messages of one step.

    Attributes
    ----------
    neurons
        How many neurons there are, units and inputs.
    kinds
        The kinds of messages, in the order of their first burst.
    bursts
        What is said.
    burst, destination
        Which burst a message belongs to and who gets it; both of shape (messages,).
    """

    neurons: int
    kinds: tuple[str, ...]
    bursts: Bursts
    burst: Integers
    destination: Integers

    @property
    def kind(self) -> Integers:
        """The kind of every message."""
        return self.bursts.kind[self.burst]

    @property
    def source(self) -> Integers:
        """Who sends every message."""
        return self.bursts.source[self.burst]

    @property
    def words(self) -> Integers:
        """The words of every message."""
        return self.bursts.words[self.burst]

    @property
    def total(self) -> int:
        """Words sent, which is what the engines count as ``words_sent``."""
        return int(self.words.sum())

    @property
    def by_kind(self) -> dict[str, int]:
        """Words sent of every kind."""
        words = np.bincount(self.kind, self.words, minlength=len(self.kinds))
        return dict(zip(self.kinds, words.astype(np.int64).tolist(), strict=True))

    def matrix(self) -> NDArray[Any] | coo_array:
        """Words from row to column, shape (neurons, neurons); sparse for very many neurons."""
        if self.neurons > MOST_DENSE:
            from scipy.sparse import coo_array

            shape = (self.neurons, self.neurons)
            sparse = coo_array((self.words, (self.source, self.destination)), shape=shape)
            sparse.sum_duplicates()
            return sparse
        return pair_sums(self.source, self.destination, self.words, self.neurons)


def traffic(network: Network, rule: Rule) -> Traffic:
    """List what the neurons of a network say to each other in one step of a rule, the dearest."""
    phase = rule.for_units(len(network.units)).beats[-1].phase
    kinds: dict[str, int] = {}
    rows, listeners = [], []
    for neuron in network.neurons:
        for send in operations_of(neuron, rule, network, phase):
            if not isinstance(send, Send):
                continue
            kind = kinds.setdefault(send.kind, len(kinds))
            words = 1 if send.scatter else send.words.count
            rows.append((kind, neuron.number, words, send.scatter, send.broadcast))
            listeners.append(np.array(send.along, dtype=np.int64))
    table = np.array(rows, dtype=np.int64).reshape(-1, 5).T
    bursts = Bursts(table[0], table[1], table[2], table[3] > 0, table[4] > 0)
    burst = np.repeat(np.arange(len(rows)), [len(each) for each in listeners])
    destination = np.concatenate([np.empty(0, dtype=np.int64), *listeners])
    away = bursts.source[burst] != destination
    return Traffic(len(network.neurons), tuple(kinds), bursts, burst[away], destination[away])


def words_between(network: Network, rule: Rule) -> NDArray[Any] | coo_array:
    """Return the words that every neuron sends to every other one in a step, from row to column.

    An integer array of shape (neurons, neurons), units before inputs, or the same as a
    ``scipy.sparse.coo_array`` for more than ``MOST_DENSE`` neurons. Its sum is ``words_sent``.
    """
    return traffic(network, rule).matrix()


def entries(words: NDArray[Any] | coo_array) -> tuple[Integers, Integers, Integers]:
    """Return rows, columns and values of what is not zero in a matrix of words."""
    if isinstance(words, np.ndarray):
        rows, columns = np.nonzero(words)
        return rows, columns, words[rows, columns].astype(np.int64)
    return words.row.astype(np.int64), words.col.astype(np.int64), words.data.astype(np.int64)


def pair_sums(rows: Integers, columns: Integers, values: Integers, size: int) -> Integers:
    """Add values up by row and column; shape (size, size), exact below 2^53."""
    sums = np.bincount(rows * size + columns, values, minlength=size * size)
    return sums.astype(np.int64).reshape(size, size)


def grouped(words: NDArray[Any] | coo_array, groups: Integers, count: int) -> Integers:
    """Return words between groups of neurons, shape (count, count), and within on the diagonal."""
    rows, columns, values = entries(words)
    return pair_sums(groups[rows], groups[columns], values, count)


def carried(messages: Traffic, groups: Integers, count: int) -> Integers:
    """Return words between tiles where a burst goes to each tile once, shape (count, count).

    All neurons of a tile take the same copy; scattered words are another one for each of them.
    Nothing on the diagonal: words within a tile are not carried.
    """
    to, source = groups[messages.destination], messages.source
    scattered = messages.bursts.scatter[messages.burst]
    copies = np.unique((messages.burst * count + to)[~scattered])
    whole, tile = copies // count, copies % count
    rows = np.concatenate([groups[source[scattered]], groups[messages.bursts.source[whole]]])
    columns = np.concatenate([to[scattered], tile])
    values = np.concatenate([messages.words[scattered], messages.bursts.words[whole]])
    between = pair_sums(rows, columns, values, count)
    np.fill_diagonal(between, 0)
    return between
