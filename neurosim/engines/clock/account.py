"""Where the cycles of a step went, and the bounds that they cannot undercut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurosim.engines.activity import Activity, BankActivity, DramActivity

if TYPE_CHECKING:  # which accounts for itself at its end
    from neurosim.engines.clock.performance import Performance


def account(played: Performance, cycles: int, events: int) -> Activity:
    """Add up what the step did, and the bounds that its cycles cannot undercut."""
    total = played.score.total
    units = played.neurons[: len(played.score.network.units)]
    for activity, part in zip(units, played.score.parts, strict=False):
        activity.compute = part.compute
        activity.memory += part.stalls
        activity.barrier = cycles - activity.cycles
    phases = total.phases.copy()  # in the order of a program
    phases.update(played.phases)
    link = played.carrier.account()
    return Activity(
        cycles=cycles,
        neurons=units,
        banks=_banks(played),
        link=link,
        dram=_dram(played),
        phases=phases,
        macs=played.machine.lanes(len(units)) * played.machine.compute.macs_per_lane,
        compute_bound=max(total.passes.values()),
        memory_bound=max(
            [*played.bank_busy.values(), played.dram.busy_cycles if played.dram else 0], default=0
        ),
        link_bound=link.bound_cycles,
        dependency_bound=total.alone,
        barrier_bound=played.machine.sync.latency_cycles,
        words_received=played.received,
        hop_words=played.score.hop_words,
        events=events,
    )


def _banks(played: Performance) -> dict[str, BankActivity]:
    """Return what went through each kind of memory."""
    total, banks = played.score.total, {}
    for name in (bank.name for bank in played.machine.memory):
        busy = [cycles for (shared, _), cycles in played.bank_busy.items() if shared == name]
        banks[name] = BankActivity(
            name,
            reads=total.traffic.words[name, "reads"],
            writes=total.traffic.words[name, "writes"],
            busy_cycles=max(busy, default=0),
            largest_bits=total.largest_bits[name],
            accesses={
                (use.kind, use.bits): times
                for use, times in total.traffic.accesses.items()
                if use.bank == name
            },
        )
    return banks


def _dram(played: Performance) -> DramActivity | None:
    if played.dram is None:
        return None
    return DramActivity(
        bits=played.dram.bits,
        row_hits=played.dram.row_hits,
        row_misses=played.dram.row_misses,
        busy_cycles=played.dram.busy_cycles,
        waited_cycles=played.dram.waited_cycles,
        spilled_words=played.score.homes.spilled_words,
    )
