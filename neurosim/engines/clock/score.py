"""The score of one step: all neurons' plans, timed for a machine and joined by their messages.

Made once for each phase of a rule's program; the clocked engine plays it step after step. With
cells it plays their words too; without, only the time that they take.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from neurosim.engines.cells import Cells, operations_of
from neurosim.engines.clock.homes import Home, Run, dram_runs, instance, settle
from neurosim.engines.clock.landings import Landing, landings
from neurosim.engines.clock.plan import Plan, plan
from neurosim.engines.clock.post import Ints, post
from neurosim.engines.clock.shipments import MIXED, Consignment, freight
from neurosim.engines.clock.timing import BurstTime, Traffic, burst_time, shape, traffic
from neurosim.engines.mapping.placement import place
from neurosim.engines.tally import storage, tally
from neurosim.learning.counts import Counts, total
from neurosim.learning.rule import Rule
from neurosim.machine import Machine, Noc
from neurosim.machine.description import PER_NEURON, PER_TILE, Fabric
from neurosim.model.arithmetic import Number
from neurosim.model.network import Network
from neurosim.model.neuron import Memory, Neuron
from neurosim.model.operations import Compute, Operation, Phase, Receive, Send, operands, results
from neurosim.noc.topology import Topology


class Burst(NamedTuple):
    """One computing operation of a neuron.

    Where it stands in the program, what it does (None where no words are played), how many cycles
    that takes on memories and a lane of its own, which operations wait for it, what those cycles
    are made of, what it touches of the DRAM, its phase, and whether it takes turns with others.
    """

    position: int
    run: Callable[[], Any] | None
    cycles: int
    then: list[int]
    time: BurstTime
    dram: tuple[Run, ...]
    phase: str
    operation: Compute
    in_turn: bool


@dataclass
class Part:
    """What one neuron plays: its bursts in order, and the plan that joins them to its messages.

    ``gates`` are the consignments that a Send or Receive, by its position, takes part in.
    ``banks`` are the instances of memories that the neuron shares with others. ``passes``,
    ``compute``, ``stalls`` (of bursts that take no turns), ``alone`` (all of that), ``traffic`` and
    ``phases`` (by phase and kind of cycles) are sums over its bursts that no contention changes.
    """

    neuron: Neuron
    plan: Plan
    bursts: list[Burst]
    banks: dict[str, tuple[str, int]]
    lane: int
    passes: int = 0
    compute: int = 0
    stalls: int = 0
    alone: int = 0
    traffic: Traffic = field(default_factory=lambda: Traffic(Counter(), Counter()))
    phases: Counter[tuple[str, str]] = field(default_factory=Counter)
    gates: dict[int, list[int]] = field(default_factory=dict)


@dataclass
class Total:
    """Sums over all units, the longest part, and of each memory the bits of the fullest."""

    alone: int = 0
    passes: Counter[int] = field(default_factory=Counter)  # lane
    phases: Counter[tuple[str, str]] = field(default_factory=Counter)
    traffic: Traffic = field(default_factory=lambda: Traffic(Counter(), Counter()))
    largest_bits: dict[str, int] = field(default_factory=dict)


class Score:
    """All parts of a step, all shipments between them, and what is ready at its beginning.

    Parameters
    ----------
    network, rule, number, machine
        What learns, how, in which numbers and where.
    phase
        The step modulo the rule's period.
    cells
        Whose words are played; None for their time alone.
    """

    def __init__(
        self,
        network: Network,
        rule: Rule,
        number: Number,
        machine: Machine,
        phase: int = 0,
        cells: Cells | None = None,
    ) -> None:
        carrier = machine.interconnect
        assert not isinstance(carrier, Fabric)  # which has an engine of its own
        self.network, self.number = network, number
        self.machine = machine = machine.on(len(network.units))
        self.tiles: Ints = place(network, rule, machine)
        self._tiles: list[int] = self.tiles.tolist()
        memories = [rule.described(neuron, network) for neuron in network.neurons]
        self.homes = settle(
            list(zip(network.neurons, memories, strict=True)), machine, number, self._tiles
        )
        self.topology = Topology(carrier, machine.tiles) if isinstance(carrier, Noc) else None
        programs = [operations_of(n, rule, network, phase) for n in network.neurons]
        self.counts = _counts(network, memories, programs)
        self.few_lanes = machine.compute.lanes != PER_NEURON
        self._times: dict[Hashable, BurstTime] = {}
        self.parts = [self._part(n.number, programs, phase, cells) for n in network.neurons]
        self.total = self._total()
        self.mail = post(programs)
        self.posted = self._posted()
        self.freight = freight(
            self.mail, self.posted, carrier, self.tiles, self.topology, number.word_bits
        )
        self.hop_words = sum(shipment.hop_words for shipment in self.freight.shipments)
        self.shipped, self.busiest_port = self.freight.totals, self.freight.busiest_port
        self.missing = self._missing()
        self.released = [self._released(consignment) for consignment in self.freight.consignments]
        self.followers = [
            (a.neuron, self.parts[a.neuron].plan.then[a.position]) for a in self.mail.arrivals
        ]
        self.messages = np.array([a.messages for a in self.mail.arrivals], dtype=np.int64)
        self.blocks: list[list[int]] = []  # shipments to Receives of one kind and tile
        self._arrivals_of: dict[int, Ints] = {}
        self.least = self._least()
        self.outbound = self._outbound()
        self.inbound = self._inbound()
        self.landings: list[list[Landing]] = (
            landings(self.mail, self.freight, cells, phase) if cells is not None else []
        )

    def _part(
        self,
        number: int,
        programs: Sequence[tuple[Operation, ...]],
        phase: int,
        cells: Cells | None,
    ) -> Part:
        neuron, homes = self.network.neurons[number], self.homes.of[number]
        waiting = plan(programs[number])
        runs = cells.cells[number].program(phase) if cells is not None else None
        bursts, told, label = [], [], ""
        for position, operation in enumerate(programs[number]):
            if isinstance(operation, Phase):
                label = operation.name
            elif isinstance(operation, Send):
                told.append(traffic((operation.words,), (), homes))
            elif isinstance(operation, Receive):
                told.append(traffic((), (operation.words,), homes))
            else:
                time = self._time(operation, homes)
                words = (*operands(operation), *results(operation))
                runs_off = dram_runs(words, homes) if self.homes.spilled_words else ()
                bursts.append(
                    Burst(
                        position,
                        runs[position].run if runs is not None else None,
                        time.compute + time.stall,
                        waiting.then[position],
                        time,
                        runs_off,
                        label,
                        operation,
                        self.few_lanes or bool(time.shared) or bool(runs_off),
                    )
                )
        part = Part(neuron, waiting, bursts, self._shared(number), self._lane(number))
        return _summed(part, told)

    def _total(self) -> Total:
        """Add up what no contention changes, over the units."""
        total = Total(max(part.alone for part in self.parts))
        for part in self.parts:
            total.traffic.words.update(part.traffic.words)
            total.traffic.accesses.update(part.traffic.accesses)
        for part in self.parts[: len(self.network.units)]:
            total.passes[part.lane] += part.passes
            total.phases.update(part.phases)
        for bank in self.machine.memory:
            total.largest_bits[bank.name] = self.homes.largest(bank)
        return total

    def _shared(self, number: int) -> dict[str, tuple[str, int]]:
        """Return which bank of the memories that neurons share serves a neuron."""
        return {
            bank.name: (
                bank.name,
                instance(bank, number, self._tiles) * bank.n_banks + number % bank.n_banks,
            )
            for bank in self.machine.memory
            if bank.scope != "neuron"
        }

    def _lane(self, number: int) -> int:
        if self.machine.compute.lanes == PER_TILE:
            return self._tiles[number]
        return number % self.machine.lanes(len(self.network.units))

    def _time(self, operation: Compute, homes: Mapping[str, Home]) -> BurstTime:
        alike = shape(operation, homes)
        if alike not in self._times:
            self._times[alike] = burst_time(operation, homes, self.machine)
        return self._times[alike]

    def _posted(self) -> Ints:
        """Return, of every Receive, whether its buffer is free from the start."""
        waits = [self.parts[a.neuron].plan.waits[a.position] for a in self.mail.arrivals]
        return np.array([not wait for wait in waits], dtype=np.int64)

    def _missing(self) -> list[int]:
        """Count what every consignment waits for; let Sends and Receives know theirs."""
        missing = [0] * len(self.freight.consignments)
        of_send = self.freight.of_send.tolist()
        for send, (neuron, position, _, _) in enumerate(self.mail.sendings):
            part = self.parts[neuron]
            part.gates[position] = [of_send[send]]
            missing[of_send[send]] += part.plan.waits[position] > 0
        for message in np.flatnonzero(self.posted[self.mail.arrival] == 0).tolist():
            arrival = self.mail.arrivals[int(self.mail.arrival[message])]
            consignment = of_send[int(self.mail.send[message])]
            self.parts[arrival.neuron].gates.setdefault(arrival.position, []).append(consignment)
            missing[consignment] += 1
        return missing

    def _released(self, consignment: Consignment) -> list[tuple[int, int]]:
        """Return which operations may go on when all of a consignment has arrived."""
        senders = (self.mail.sendings[send] for send in consignment.sends)
        return [
            (sending.neuron, position)
            for sending in senders
            for position in self.parts[sending.neuron].plan.then[sending.position]
        ]

    def _outbound(self) -> dict[int, tuple[Run, ...]]:
        """Return what consignments take from the DRAM before they leave."""
        runs: defaultdict[int, tuple[Run, ...]] = defaultdict(tuple)
        for send, (neuron, _, operation, _) in enumerate(self.mail.sendings):
            if found := dram_runs((operation.words,), self.homes.of[neuron]):
                runs[int(self.freight.of_send[send])] += found
        return runs

    def _inbound(self) -> dict[int, tuple[Run, ...]]:
        """Return what Receives leave in the DRAM when their last message has come."""
        runs = {}
        for number, (neuron, position, _, _) in enumerate(self.mail.arrivals):
            operation = self.parts[neuron].plan.operations[position]
            assert isinstance(operation, Receive)
            if found := dram_runs((operation.words,), self.homes.of[neuron]):
                runs[number] = found
        return runs

    def arrivals_of(self, block: int) -> Ints:
        """Return the Receives that the shipments of a block fill."""
        if block not in self._arrivals_of:
            filled = [self.freight.shipments[number].filled for number in self.blocks[block]]
            self._arrivals_of[block] = np.unique(np.concatenate(filled))
        return self._arrivals_of[block]

    def _least(self) -> list[int]:
        """Return, by block, how few messages may fill a Receive of it; number the blocks anew."""
        nodes = self.topology.nodes if self.topology else 1
        least: dict[int, int] = {}
        for arrival in self.mail.arrivals:
            tile = self._tiles[arrival.neuron] if self.topology else 0
            block = arrival.block * nodes + tile
            least[block] = min(least.get(block, arrival.messages), arrival.messages)
        for shipment in self.freight.shipments:
            if shipment.block == MIXED:  # whatever it fills may be full with any message
                for arrival in shipment.filled.tolist():
                    least[self.mail.arrivals[arrival].block * nodes + shipment.destination] = 0
        numbers: dict[int, int] = {}
        for number, shipment in enumerate(self.freight.shipments):
            shipment.block = numbers.setdefault(shipment.block, len(numbers))
            if shipment.block == len(self.blocks):
                self.blocks.append([])
            self.blocks[shipment.block].append(number)
        return [least.get(block, 0) for block in numbers]


def _summed(part: Part, told: Sequence[Traffic]) -> Part:
    """Add up a part's bursts, and what its messages read and write."""
    for moved in (*told, *(burst.time.traffic for burst in part.bursts)):
        part.traffic.words.update(moved.words)
        part.traffic.accesses.update(moved.accesses)
    for burst in part.bursts:
        part.passes += burst.time.passes
        part.compute += burst.time.compute
        part.alone += burst.cycles
        if not burst.in_turn and burst.time.stall:
            part.stalls += burst.time.stall
            part.phases[burst.phase, "memory"] += burst.time.stall
        part.phases[burst.phase, "compute"] += burst.time.compute
    return part


def _counts(
    network: Network,
    memories: Sequence[Mapping[str, Memory]],
    programs: Sequence[tuple[Operation, ...]],
) -> Counts:
    """Count what one whole run of all programs does, words received left out."""
    counted = (tally(op, number) for number, program in enumerate(programs) for op in program)
    return total((*counted, *(storage(kept.values()) for kept in memories)))
