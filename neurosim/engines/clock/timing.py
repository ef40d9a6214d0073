"""How long a burst takes on a machine when nothing stands in its way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from typing import Literal, NamedTuple

from neurosim.engines.clock.homes import Home
from neurosim.engines.tally import tally
from neurosim.machine import Bus, Links, Machine, MemoryBank
from neurosim.model.operations import (
    Activate,
    Compute,
    Divide,
    Draw,
    Root,
    Send,
    Solve,
    Words,
    operands,
    results,
)


class BurstTime(NamedTuple):
    """The time of one computing burst.

    Attributes
    ----------
    passes
        Cycles in which its multiplications enter the lane, or its divisions have it.
    compute
        The passes and the latencies that fill and drain the pipeline.
    stall
        Cycles more, for want of ports of the neuron's own memories.
    shared
        Memories that neurons share of which it needs a turn, and for how many cycles.
    traffic
        What goes through its memories.
    """

    passes: int
    compute: int
    stall: int
    shared: tuple[tuple[str, int], ...]
    traffic: Traffic


class Access(NamedTuple):
    """A way to use a memory: of which bank, reading or writing, and how many bits at once."""

    bank: str
    kind: Literal["reads", "writes"]
    bits: int


class Traffic(NamedTuple):
    """What goes through memories: words by bank and kind, and how often they are accessed."""

    words: Counter[tuple[str, str]]
    accesses: Counter[Access]


def shape(operation: Compute, homes: Mapping[str, Home]) -> Hashable:
    """Return what the time of a burst depends on: equal shapes take equal times."""
    words = (*operands(operation), *results(operation))
    places = (homes[w.memory] for w in words)
    method = operation.method if isinstance(operation, Solve) else None
    return (
        type(operation),
        method,
        tuple(
            (home.bank and home.bank.name, home.bits, home.address is None, w.count, w.stride)
            for w, home in zip(words, places, strict=True)
        ),
    )


def burst_time(operation: Compute, homes: Mapping[str, Home], machine: Machine) -> BurstTime:
    """Return how long a computing operation of a neuron takes, the DRAM's part left out."""
    read, written = operands(operation), results(operation)
    moved = traffic(read, written, homes)
    banks = {bank.name: bank for bank in machine.memory}
    activates = isinstance(operation, Activate)
    stages = machine.compute
    passes = _passes(operation, homes, machine)
    service = {name: _service(banks[name], moved) for name, _ in moved.words}
    private = [n for name, n in service.items() if banks[name].scope == "neuron"]
    turns = [(name, n) for name, n in service.items() if banks[name].scope != "neuron"]
    latency = (
        _latency(read, homes, "read_latency_cycles")
        + (stages.activation_latency_cycles if activates else stages.mac_latency_cycles)
        + _latency(written, homes, "write_latency_cycles")
    )
    return BurstTime(
        passes=passes,
        compute=latency + passes,
        stall=max([0, *(n - passes for n in private)]),
        shared=tuple(sorted(turns)),
        traffic=moved,
    )


def _passes(operation: Compute, homes: Mapping[str, Home], machine: Machine) -> int:
    """Return the cycles in which a lane can take nothing else.

    Serial algebra goes one multiplication after the other, and its additions along with them.
    """
    stages = machine.compute
    match operation:
        case Activate():
            return 1
        case Draw():
            return _ceil(operation.to.count, stages.macs_per_lane)
        case Divide() | Root() | Solve():
            each = stages.divide_latency_cycles or homes[operation.to.memory].bits
            counts = tally(operation, 0)
            return counts.multiplications + each * counts.divisions
        case _:
            return _ceil(operation.a.count, stages.macs_per_lane)


def traffic(read: Iterable[Words], written: Iterable[Words], homes: Mapping[str, Home]) -> Traffic:
    """Return what goes through a neuron's banks where it reads and writes some runs of words."""
    found = Traffic(Counter(), Counter())
    kinds: tuple[tuple[Literal["reads", "writes"], Iterable[Words]], ...]
    kinds = (("reads", read), ("writes", written))
    for kind, runs in kinds:
        for part in runs:
            bank, bits, _ = homes[part.memory]
            if bank is not None:
                found.words[bank.name, kind] += part.distinct
                use = Access(bank.name, kind, bank.width_bits or bits)
                found.accesses[use] += accesses(bank, part.distinct, bits)
    return found


def accesses(bank: MemoryBank, words: int, bits: int) -> int:
    """Return how often a port of a bank is used for a run of words of that many bits."""
    return words if bank.width_bits is None else _ceil(words * bits, bank.width_bits)


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


def _service(bank: MemoryBank, moved: Traffic) -> int:
    """Return the cycles in which a bank's ports do what a burst asks of them."""
    ports = {"reads": bank.n_rd_ports, "writes": bank.n_wr_ports}
    uses: Counter[str] = Counter()
    for access, times in moved.accesses.items():
        if access.bank == bank.name:
            uses[access.kind] += times
    return max(_ceil(times, ports[kind]) for kind, times in uses.items())


def _latency(words: tuple[Words, ...], homes: Mapping[str, Home], key: str) -> int:
    banks = (homes[w.memory].bank for w in words)
    return max((int(getattr(bank, key)) for bank in banks if bank is not None), default=0)


def _ceil(amount: int, per_cycle: int) -> int:
    return -(-amount // per_cycle)
