"""What one learning step costs: closed forms, and on a machine one simulated step, or bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from neurosim.engines.activity import Activity
from neurosim.engines.analytic.bounds import least
from neurosim.engines.clocked import timed_step
from neurosim.engines.energy import EnergySplit, MemoryAccess, step_energy
from neurosim.engines.lockstep import LockstepEngine
from neurosim.learning.counts import Census, Counts
from neurosim.learning.rule import Rule
from neurosim.machine import Fabric, Machine, Noc, load
from neurosim.model.arithmetic import Float, Number
from neurosim.model.network import Network


@dataclass(frozen=True)
class Cost:
    """What a rule asks of a network's hardware, a step; None where it was not computed.

    Attributes
    ----------
    multiplications_per_step ... words_broadcast_per_step
        As ``learning/counts.py`` counts them; ``divisions_per_step`` and ``draws_per_step`` too,
        for rules that divide or draw signs.
    round_steps
        Where a rule's steps differ, how many make a round; all figures are then means over one,
        whole numbers the nearest ones.
    stored_words, buffer_words, stored_bytes
        What the rule keeps from step to step beside weights and activations, what it needs in
        between, and the former in bytes of the number format.
    hop_words_per_step, flit_hops_per_step, busiest_link_flits
        Words times the links that each crosses; between tiles also flits times links, and the flits
        over the link that has most.
    link_utilisation
        Share of the cycles in which the bus, or the busiest link, carries something.
    remote_words_per_multiplication
        Words sent over multiplications.
    local_access_ratio
        Accesses to own memories over all, words from other neurons included.
    cycles_per_step
        Of one simulated step; ``cycles_compute + cycles_memory + cycles_link + cycles_barrier``
        is the same number, as means over the neurons (waiting for a shared lane is compute).
        In the analytic tier it is a lower bound, the largest of the four ``cycles_*_bound``.
        Where a rule's steps differ, one of each kind is simulated (``Rule.beats``).
    cycles_bound_by
        Which of these four that is: compute, memory, link or dependency.
    utilisation
        Multiplications over what the multipliers could have done in these cycles.
    events_per_step
        SimPy events that the simulation took.
    spilled_words, dram_bits_per_step, dram_row_hits, dram_row_misses
        What does not fit on the chip, and what that moves; with a memory off the chip.
    energy_pj_per_step, energy_alternate_pj_per_step, technology, alternate_technology
        By the machine's technology and by its alternate one, and their names; ``docs/energy.md``
        says what counts.
    tier
        How time was found: ``analytic`` (then cycles are a lower bound), ``burst`` or ``cycle``.
    """

    rule: str
    units: int
    edges: int
    outputs: int
    multiplications_per_step: int
    additions_per_step: int
    activations_per_step: int
    reads_per_step: int
    writes_per_step: int
    stored_words: int
    buffer_words: int
    stored_bytes: int
    words_sent_per_step: int
    words_broadcast_per_step: int
    local_access_ratio: float
    round_steps: int | None = None
    divisions_per_step: int | None = None
    draws_per_step: int | None = None
    hop_words_per_step: int | None = None
    cycles_per_step: int | None = None
    cycles_compute: float | None = None
    cycles_memory: float | None = None
    cycles_link: float | None = None
    cycles_barrier: float | None = None
    utilisation: float | None = None
    events_per_step: int | None = None
    remote_words_per_multiplication: float | None = None
    flit_hops_per_step: int | None = None
    busiest_link_flits: int | None = None
    link_utilisation: float | None = None
    spilled_words: int | None = None
    dram_bits_per_step: int | None = None
    dram_row_hits: int | None = None
    dram_row_misses: int | None = None
    energy_pj_per_step: float | None = None
    energy_alternate_pj_per_step: float | None = None
    technology: str | None = None
    alternate_technology: str | None = None
    machine: str | None = None
    tier: str | None = None
    cycles_bound_by: str | None = None
    cycles_compute_bound: int | None = None
    cycles_memory_bound: int | None = None
    cycles_link_bound: int | None = None
    cycles_dependency_bound: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the fields that were computed, by name."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def cost(
    network: Network,
    rule: Rule,
    machine: Machine | str | None = None,
    number: Number | None = None,
    tier: str = "burst",
) -> Cost:
    """Return what one learning step costs.

    Without a machine, closed forms only, in no time at any size. With one (a ``Machine``, a name
    on the shelf, or a TOML file), a step is simulated too, by ``burst`` or ``cycle``; with the tier
    ``analytic`` nothing is, and cycles are a lower bound.

    Raises
    ------
    UserError
        When there is no such machine.
    """
    number = number or Float()
    machine = load(machine) if isinstance(machine, str) else machine
    if machine is None or tier == "analytic":
        return closed_cost(Census.of(network), rule, machine, number)
    rule, steps = machine.as_run(rule).for_units(len(network.units)), []
    for phase, times in rule.beats:
        activity, counts = simulated_step(network, rule, machine, number, tier, phase)
        energies = energy_of(network, machine, number, activity, counts)
        one = cost_of(network, rule, machine, number, activity, energies, tier)
        steps.append((one, times))
    return mean_cost(steps)


def cost_of(
    network: Network,
    rule: Rule,
    machine: Machine,
    number: Number,
    activity: Activity,
    energies: Sequence[EnergySplit] = (),
    tier: str = "burst",
) -> Cost:
    """Return the cost of a step that was simulated already."""
    closed = _closed(Census.of(network), rule, number)
    energy: dict[str, Any] = {}
    for kind, split in zip(("", "alternate_"), energies, strict=False):
        energy[f"energy_{kind}pj_per_step"] = split.total_pj
        energy[f"{kind}technology"] = split.technology
    return Cost(**closed, **_on_machine(activity), **energy, machine=machine.name, tier=tier)


def mean_cost(steps: Sequence[tuple[Cost, int]]) -> Cost:
    """Return the mean of steps that come so many times each: what a rule costs a step.

    Shares of cycles are shares of all cycles; ``cycles_bound_by`` is that of most of them.
    """
    if len(steps) == 1:
        return steps[0][0]
    most = max(steps, key=lambda step: (step[0].cycles_per_step or 0) * step[1])[0]
    means: dict[str, Any] = {
        name: _mean(name, steps) for name in asdict(most) if name not in _NAMES
    }
    return replace(most, **means)


_NAMES = ("rule", "technology", "alternate_technology", "machine", "tier", "cycles_bound_by")
_OF_CYCLES = ("utilisation", "link_utilisation")


def _mean(name: str, steps: Sequence[tuple[Cost, int]]) -> float | None:
    values = [getattr(cost, name) for cost, _ in steps]
    if None in values:
        return None
    weights = [
        times * (cost.cycles_per_step or 0 if name in _OF_CYCLES else 1) for cost, times in steps
    ]
    mean: float = sum(v * w for v, w in zip(values, weights, strict=True)) / sum(weights)
    return round(mean) if all(isinstance(value, int) for value in values) else mean


def energy_of(
    network: Network, machine: Machine, number: Number, activity: Activity, counts: Counts
) -> tuple[EnergySplit, ...]:
    """Return where the energy of a simulated step goes, by each of a machine's technologies.

    Empty for a chip of lanes, whose accesses to its memories are not counted.
    """
    if isinstance(machine.interconnect, Fabric):
        return ()
    accesses = _accesses(machine, activity)
    link, between_tiles = activity.link, isinstance(machine.interconnect, Noc)
    technologies = (machine.technology.table, machine.technology.alternate_table)
    return tuple(
        step_energy(
            machine,
            technology,
            number,
            counts,
            accesses,
            flit_hops=link.flit_hops,
            bus_words=0 if between_tiles else link.words,
            nodes=len(network.neurons),
            dram_bits=activity.dram.bits if activity.dram else 0,
        )
        for technology in technologies
        if technology is not None
    )


def _accesses(machine: Machine, activity: Activity) -> list[MemoryAccess]:
    """List how often each kind of memory was used, and how many bits at once."""
    return [
        MemoryAccess(bank, kind, bits, times, activity.banks[bank.name].largest_bits)
        for bank in machine.memory
        for (kind, bits), times in activity.banks[bank.name].accesses.items()
    ]


def closed_cost(census: Census, rule: Rule, machine: Machine | None, number: Number) -> Cost:
    """Return what a step costs by closed forms, and on a machine its cycles at the least.

    Raises
    ------
    UserError
        When a neuron's words do not fit the machine's memories.
    """
    rule = rule.for_units(census.n)
    if machine is None:
        return Cost(**_closed(census, rule, number))
    rule = machine.as_run(rule)
    each = ((_bounded(census, rule, machine, number, phase), times) for phase, times in rule.beats)
    return mean_cost(list(each))


def _bounded(census: Census, rule: Rule, machine: Machine, number: Number, phase: int) -> Cost:
    known = least(census, rule, machine, number, phase)
    bounds = {f"cycles_{name}_bound": n for name, n in known.bounds._asdict().items()}
    if isinstance(machine.interconnect, Noc) and known.haulage is None:
        del bounds["cycles_link_bound"]  # too many tiles to count what crosses their links
    return Cost(
        **_closed(census, rule, number),
        machine=machine.name,
        tier="analytic",
        hop_words_per_step=known.hop_words,
        cycles_per_step=known.bounds.cycles,
        cycles_bound_by=known.bounds.by,
        flit_hops_per_step=known.haulage.flit_hops if known.haulage else None,
        busiest_link_flits=known.haulage.busiest_link if known.haulage else None,
        **bounds,
    )


def simulated_step(
    network: Network,
    rule: Rule,
    machine: Machine | str,
    number: Number,
    tier: str = "burst",
    phase: int = 0,
) -> tuple[Activity, Counts]:
    """Simulate one step on a machine, from rest; return where its cycles went and its counts.

    The schedule does not depend on data, so this step stands for all of them, or for one of the
    rule's ``beats`` by its phase, and no words are computed.
    """
    rule = rule.for_units(len(network.units))
    machine = load(machine) if isinstance(machine, str) else machine
    if not isinstance(machine.interconnect, Fabric):
        return timed_step(network, rule, machine, number, tier, phase)
    engine = LockstepEngine(network, rule, number, machine)
    assert engine.activity is not None
    return engine.activity, engine.counts


def _closed(census: Census, rule: Rule, number: Number) -> dict[str, Any]:
    rule = rule.for_units(census.n)
    counts = rule.counted(census)
    return {
        "rule": rule.name,
        "units": census.n,
        "edges": census.edges,
        "outputs": census.k,
        "multiplications_per_step": counts.multiplications,
        "additions_per_step": counts.additions,
        "activations_per_step": counts.activations,
        "reads_per_step": counts.reads,
        "writes_per_step": counts.writes,
        "stored_words": counts.stored_words,
        "buffer_words": counts.buffer_words,
        "stored_bytes": -(-counts.stored_words * number.word_bits // 8),
        "round_steps": sum(beat.times for beat in rule.beats) if len(rule.beats) > 1 else None,
        "divisions_per_step": counts.divisions or None,
        "draws_per_step": counts.draws or None,
        "words_sent_per_step": counts.words_sent,
        "words_broadcast_per_step": counts.words_broadcast,
        "local_access_ratio": counts.local_access_ratio,
        "remote_words_per_multiplication": counts.words_sent / max(1, counts.multiplications),
    }


def _on_machine(activity: Activity) -> dict[str, Any]:
    return {
        "hop_words_per_step": activity.hop_words,
        "cycles_per_step": activity.cycles,
        "cycles_compute": activity.mean("compute") + activity.mean("lane"),
        "cycles_memory": activity.mean("memory"),
        "cycles_link": activity.mean("link"),
        "cycles_barrier": activity.mean("barrier"),
        "utilisation": activity.utilisation,
        "events_per_step": activity.events,
        "link_utilisation": activity.link_utilisation,
        **_between_tiles(activity),
        **_off_the_chip(activity),
    }


def _between_tiles(activity: Activity) -> dict[str, Any]:
    link = activity.link
    if not link.packets:
        return {}
    return {
        "flit_hops_per_step": link.flit_hops,
        "busiest_link_flits": max(link.link_flits, default=0),
    }


def _off_the_chip(activity: Activity) -> dict[str, Any]:
    dram = activity.dram
    if dram is None:
        return {}
    return {
        "spilled_words": dram.spilled_words,
        "dram_bits_per_step": dram.bits,
        "dram_row_hits": dram.row_hits,
        "dram_row_misses": dram.row_misses,
    }
