"""How long a burst takes on a machine when nothing stands in its way."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import NamedTuple

from neurosim.machine import Bus, Links, Machine, MemoryBank
from neurosim.model.neuron import Memory
from neurosim.model.operations import Activate, Compute, Send, Words, operands, results


class BurstTime(NamedTuple):
    """The time of one computing burst.

    Attributes
    ----------
    passes
        Cycles in which its multiplications enter the lane.
    compute
        The passes and the latencies that fill and drain the pipeline.
    stall
        Cycles more, for want of ports of the neuron's own memories.
    shared
        Memories of the chip that it needs a turn of, and for how many cycles.
    traffic
        Words read and written, by memory.
    """

    passes: int
    compute: int
    stall: int
    shared: tuple[tuple[str, int], ...]
    traffic: dict[str, tuple[int, int]]


def shape(operation: Compute, described: Mapping[str, Memory]) -> Hashable:
    """Return what the time of a burst depends on: equal shapes take equal times."""
    words = (*operands(operation), *results(operation))
    return type(operation), tuple((described[w.memory].role, w.count, w.stride) for w in words)


def burst_time(operation: Compute, described: Mapping[str, Memory], machine: Machine) -> BurstTime:
    """Return how long a computing operation of a neuron takes."""
    read, written = operands(operation), results(operation)
    banks = {b.name: b for b in machine.memory}
    traffic: dict[str, tuple[int, int]] = {}
    for words, is_write in [(w, False) for w in read] + [(w, True) for w in written]:
        bank = machine.bank_of(described[words.memory].role)
        if bank is not None:
            reads, writes = traffic.get(bank.name, (0, 0))
            more = words.distinct
            traffic[bank.name] = (reads, writes + more) if is_write else (reads + more, writes)
    activates = isinstance(operation, Activate)
    count = 1 if isinstance(operation, Activate) else operation.a.count
    passes = _ceil(count, machine.compute.macs_per_lane)
    service = {name: _service(banks[name], *words) for name, words in traffic.items()}
    private = [n for name, n in service.items() if banks[name].scope == "neuron"]
    stages = machine.compute
    latency = (
        _latency(read, described, machine, "read_latency_cycles")
        + (stages.activation_latency_cycles if activates else stages.mac_latency_cycles)
        + _latency(written, described, machine, "write_latency_cycles")
    )
    return BurstTime(
        passes=passes,
        compute=latency + passes,
        stall=max([0, *(n - passes for n in private)]),
        shared=tuple(
            (name, n) for name, n in sorted(service.items()) if banks[name].scope == "chip"
        ),
        traffic=traffic,
    )


def send_cycles(operation: Send, away: int, carrier: Bus | Links) -> int:
    """Return how long a message to ``away`` other neurons takes, once it has its turn."""
    if isinstance(carrier, Links):
        words = 1 if operation.scatter else operation.words.count
        return carrier.latency_cycles + _ceil(words, carrier.words_per_cycle)
    return carrier.arbitration_cycles + _ceil(
        carried_words(operation, away, carrier), carrier.words_per_cycle
    )


def carried_words(operation: Send, away: int, carrier: Bus | Links) -> int:
    """Return how many words the medium carries for a message to ``away`` other neurons."""
    if operation.scatter:
        return away
    copies = 1 if isinstance(carrier, Bus) and carrier.broadcast else away
    return operation.words.count * copies


def _service(bank: MemoryBank, reads: int, writes: int) -> int:
    return max(_ceil(reads, bank.n_rd_ports), _ceil(writes, bank.n_wr_ports))


def _latency(
    words: tuple[Words, ...], described: Mapping[str, Memory], machine: Machine, key: str
) -> int:
    banks = (machine.bank_of(described[w.memory].role) for w in words)
    return max((int(getattr(bank, key)) for bank in banks if bank is not None), default=0)


def _ceil(amount: int, per_cycle: int) -> int:
    return -(-amount // per_cycle)
