"""Studies of a network by itself: latency at a load, the load it bears, the time of a batch.

A latency run warms up, measures, and lets traffic go on until what was measured is out; latency is
from a packet's creation, waiting in its source's queue included, to its last flit's exit.

A network is *saturated* at a load where it takes in less than is offered: where over the measured
time at least 3 % of the flits created (and two packets a tile) stay behind, or where the mean
latency exceeds 20 times that of an empty network. Below, queues have an end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import UserError, nearest
from neurosim.machine.description import Noc, Tiles
from neurosim.noc.network import zero_load_cycles
from neurosim.noc.packets import Train
from neurosim.noc.topology import Topology
from neurosim.noc.traffic import Ints, Pattern, Traffic, batch, bernoulli

TIERS = ("cycle", "burst")
SAMPLE_CYCLES, WARMUP_SAMPLES, MEASURED_SAMPLES = 10_000, 3, 5
"""A sample and its number before measuring are BookSim's; large networks have shorter samples."""
LEAST_SAMPLE_CYCLES = 300
MOST_PACKETS, MOST_FLITS = 2_000_000, 20_000_000
"""In one run: what a gigabyte and a minute or two are enough for."""
MOST_STUDIED_TILES = 1024
LEFT_BEHIND, SLOWER = 0.03, 20.0
Say = Callable[[str], None]


def _silent(_: str) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Study:
    """What is studied: a network, its traffic, and with which tier."""

    noc: Noc
    tiles: Tiles
    traffic: Pattern
    packet_flits: int = 1
    tier: str = "cycle"
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated."""
        if self.tier not in TIERS:
            near = nearest(self.tier, TIERS)
            raise UserError(f"--tier: must be {' or '.join(TIERS)} (got {self.tier}).{near}")
        if self.tiles.count > MOST_STUDIED_TILES:
            raise UserError(
                f"--size: a study has at most {MOST_STUDIED_TILES:,} tiles, such as 32x32"
                f" (got {self.tiles.rows}x{self.tiles.cols})."
            )
        if self.packet_flits < 1:
            raise UserError(f"--packet-flits: must be 1 or more (got {self.packet_flits}).")

    @property
    def topology(self) -> Topology:
        """The network's links."""
        return Topology(self.noc, self.tiles)


@dataclass(frozen=True)
class Point:
    """What a run showed; cycles, and flits per tile and cycle. None where it shows nothing."""

    offered_flits_per_node_cycle: float | None
    accepted_flits_per_node_cycle: float
    avg_packet_latency: float | None
    min_packet_latency: int | None
    max_packet_latency: int | None
    zero_load_latency: float | None
    avg_hops: float | None
    saturated: bool | None
    completion_cycles: int | None
    packets: int
    flits: int
    busiest_link_flits_per_cycle: float
    bound_flits_per_node_cycle: float

    def figures(self) -> dict[str, Any]:
        """Return what is known, by name."""
        return {name: value for name, value in asdict(self).items() if value is not None}


class Played(NamedTuple):
    """A simulated traffic: the cycles in which packets were out, and the flits of links."""

    arrived: Ints
    link_flits: NDArray[np.int64]

    @property
    def cycles(self) -> int:
        """Cycles until all were out, the first, number 0, included."""
        return int(self.arrived.max(initial=-1)) + 1


def at_rate(study: Study, rate: float, say: Say = _silent) -> Point:
    """Return latency and throughput at a load, in flits created per tile and cycle."""
    if not 0 < rate <= 1:
        raise UserError(
            f"--rate: must be above 0 and at most 1, flits per node and cycle (got {rate:g})."
        )
    sample = _sample_cycles(study, rate)
    start, end = WARMUP_SAMPLES * sample, (WARMUP_SAMPLES + MEASURED_SAMPLES) * sample
    rng = np.random.default_rng(study.seed)
    traffic = bernoulli(study.traffic, rate / study.packet_flits, end + sample, rng)
    played = play(study, traffic, say)
    measured = (traffic.created >= start) & (traffic.created < end)
    accepted = int(np.sum((played.arrived >= start) & (played.arrived < end)))
    point = _point(study, traffic, played, measured)
    behind = int(measured.sum()) - accepted
    slow = bool(
        point.avg_packet_latency
        and point.zero_load_latency
        and point.avg_packet_latency > SLOWER * point.zero_load_latency
    )
    full = behind > LEFT_BEHIND * measured.sum() and behind > 2 * study.tiles.count
    per_node = study.packet_flits / (study.tiles.count * MEASURED_SAMPLES * sample)
    return Point(
        **{
            **asdict(point),
            "offered_flits_per_node_cycle": rate,
            "accepted_flits_per_node_cycle": accepted * per_node,
            "saturated": full or slow,
        }
    )


def of_batch(study: Study, size: int, say: Say = _silent) -> Point:
    """Return how long a batch takes that all tiles begin with, as fast as they can send it."""
    pairs = study.tiles.count - 1 if study.traffic.name == "all-to-all" else 1
    packets = min(MOST_PACKETS, MOST_FLITS // study.packet_flits)
    most = packets // (study.tiles.count * max(pairs, 1))
    if not 1 <= size <= most:
        raise UserError(f"--batch: must be from 1 to {most:,} packets here (got {size:,}).")
    traffic = batch(study.traffic, size, np.random.default_rng(study.seed))
    played = play(study, traffic, say)
    point = _point(study, traffic, played, np.ones(len(traffic.source), bool))
    return Point(**{**asdict(point), "completion_cycles": played.cycles})


def curve(study: Study, say: Say = _silent) -> Iterator[Point]:
    """Return points of rising load up to saturation, then closer ones around it.

    The last point that is not saturated is within about 1 % of the network's bound of where it
    saturates.
    """
    first = at_rate(study, 0.01, say)
    yield first
    bound, good, bad = first.bound_flits_per_node_cycle, 0.0, 0.0
    for tenth in range(1, 14):  # the bound is known as well as 1 % of load shows it
        rising = tenth * bound / 10 > first.accepted_flits_per_node_cycle
        if rising and good < 1.0 and not bad:
            point = at_rate(study, min(1.0, tenth * bound / 10), say)
            yield point
            good, bad = _closer(point, good, bad)
    for _ in range(3 if bad else 0):
        point = at_rate(study, (good + bad) / 2, say)
        yield point
        good, bad = _closer(point, good, bad)


def _closer(point: Point, good: float, bad: float) -> tuple[float, float]:
    rate = point.offered_flits_per_node_cycle or 0.0
    return (good, rate) if point.saturated else (rate, bad)


def play(study: Study, traffic: Traffic, say: Say = _silent) -> Played:
    """Simulate a traffic to its end."""
    return (_by_cycle if study.tier == "cycle" else _by_burst)(study, traffic, say)


def _by_cycle(study: Study, traffic: Traffic, say: Say) -> Played:
    from neurosim.noc.cycle import Flits

    flits = Flits(study.noc, study.topology)
    size = np.full(len(traffic.source), study.packet_flits)
    flits.add(traffic.source, traffic.destination, size, traffic.created)
    while not flits.empty:
        say(f"{flits.now:,} cycles")
        flits.run(flits.now + SAMPLE_CYCLES)
    return Played(flits.arrivals(), flits.link_flits)


def _by_burst(study: Study, traffic: Traffic, say: Say) -> Played:
    from neurosim.noc.arbiter import Clock
    from neurosim.noc.burst import BurstNetwork

    clock, size = Clock(), Train(1, study.packet_flits)
    arrived = np.zeros(len(traffic.source), np.int64)

    def note(tag: int) -> None:
        arrived[tag] = clock.now

    network = BurstNetwork(clock, study.noc, study.tiles, note)
    cycles, first = np.unique(traffic.created, return_index=True)
    source, destination = traffic.source.tolist(), traffic.destination.tolist()
    ends = [*first[1:].tolist(), len(source)]
    for n, (cycle, start, end) in enumerate(
        zip(cycles.tolist(), first.tolist(), ends, strict=True)
    ):
        if cycle > clock.now:
            clock.run(until=cycle)
        if n % 1000 == 0:
            say(f"{cycle:,} cycles")
        for packet in range(start, end):
            network.send(packet, source[packet], destination[packet], size)
    clock.play()
    return Played(arrived, network.link_flits)


def _point(study: Study, traffic: Traffic, played: Played, measured: NDArray[np.bool_]) -> Point:
    """Return what latencies, hops and links show of the packets measured."""
    latency = (played.arrived - traffic.created)[measured]
    topology = study.topology
    hops = topology.distances()[traffic.source, traffic.destination][measured]
    through = 0 if topology.switched else hops
    unhindered = zero_load_cycles(study.noc, 0, Train(1, study.packet_flits)) + through * (
        zero_load_cycles(study.noc, 1, Train(1, 1)) - zero_load_cycles(study.noc, 0, Train(1, 1))
    )
    flits, busiest = len(traffic.source) * study.packet_flits, _busiest(study, traffic, played)
    seen = len(latency) > 0
    return Point(
        offered_flits_per_node_cycle=None,
        accepted_flits_per_node_cycle=flits / (study.tiles.count * max(played.cycles, 1)),
        avg_packet_latency=float(latency.mean()) if seen else None,
        min_packet_latency=int(latency.min()) if seen else None,
        max_packet_latency=int(latency.max()) if seen else None,
        zero_load_latency=float(np.mean(unhindered)) if seen else None,
        avg_hops=float(hops.mean()) if seen else None,
        saturated=None,
        completion_cycles=None,
        packets=len(traffic.source),
        flits=flits,
        busiest_link_flits_per_cycle=played.link_flits.max(initial=0) / max(played.cycles, 1),
        bound_flits_per_node_cycle=min(1.0, flits / (study.tiles.count * max(busiest, 1))),
    )


def _busiest(study: Study, traffic: Traffic, played: Played) -> int:
    """Return the flits of the busiest wire: a link, or one into or out of a tile."""
    ends = (np.bincount(end).max(initial=0) for end in (traffic.source, traffic.destination))
    return int(max(played.link_flits.max(initial=0), study.packet_flits * max(ends)))


def _sample_cycles(study: Study, rate: float) -> int:
    """Return the length of a sample: BookSim's, unless that is more than can be simulated."""
    part = 1 if study.tier == "cycle" else 4
    packets = min(MOST_PACKETS // part, MOST_FLITS // study.packet_flits)
    samples = WARMUP_SAMPLES + MEASURED_SAMPLES + 1
    packets_per_cycle = study.tiles.count * rate / study.packet_flits
    return int(np.clip(packets / samples / packets_per_cycle, LEAST_SAMPLE_CYCLES, SAMPLE_CYCLES))
