"""What one learning step costs: closed forms, and on a machine one simulated step."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from neurosim.engines.activity import Activity
from neurosim.engines.lockstep import clocked_engine
from neurosim.learning.counts import Counts
from neurosim.learning.rule import Rule
from neurosim.machine import Machine, load
from neurosim.model.arithmetic import Float, Number
from neurosim.model.network import Network


@dataclass(frozen=True)
class Cost:
    """What a rule asks of a network's hardware, a step; None where it was not computed.

    Attributes
    ----------
    multiplications_per_step ... words_broadcast_per_step
        As ``learning/counts.py`` counts them.
    stored_words, buffer_words, stored_bytes
        What the rule keeps from step to step beside weights and activations, what it needs in
        between, and the former in bytes of the number format.
    hop_words_per_step
        Words times the links that each crosses.
    local_access_ratio
        Accesses to own memories over all, words from other neurons included.
    cycles_per_step
        Of one simulated step; ``cycles_compute + cycles_memory + cycles_link + cycles_barrier``
        is the same number, as means over the neurons (waiting for a shared lane is compute).
    utilisation
        Multiplications over what the multipliers could have done in these cycles.
    events_per_step
        SimPy events that the simulation took.
    energy_pj_per_step
        Not computed yet.
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
    hop_words_per_step: int | None = None
    cycles_per_step: int | None = None
    cycles_compute: float | None = None
    cycles_memory: float | None = None
    cycles_link: float | None = None
    cycles_barrier: float | None = None
    utilisation: float | None = None
    events_per_step: int | None = None
    energy_pj_per_step: float | None = None
    machine: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the fields that were computed, by name."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def cost(
    network: Network,
    rule: Rule,
    machine: Machine | str | None = None,
    number: Number | None = None,
) -> Cost:
    """Return what one learning step costs.

    Without a machine, closed forms only, in no time at any size. With one (a ``Machine``, a name
    on the shelf, or a TOML file), a step is simulated too.

    Raises
    ------
    UserError
        When there is no such machine.
    """
    number = number or Float()
    if machine is None:
        return Cost(**_closed(network, rule, number))
    machine = load(machine) if isinstance(machine, str) else machine
    rule = machine.as_run(rule)
    activity, _ = simulated_step(network, rule, machine, number)
    return cost_of(network, rule, machine, number, activity)


def cost_of(
    network: Network, rule: Rule, machine: Machine, number: Number, activity: Activity
) -> Cost:
    """Return the cost of a step that was simulated already."""
    closed = _closed(network, rule, number)
    return Cost(**closed, **_on_machine(activity), machine=machine.name)


def simulated_step(
    network: Network, rule: Rule, machine: Machine | str, number: Number
) -> tuple[Activity, Counts]:
    """Simulate one step on a machine, from rest; return where its cycles went and its counts.

    The schedule does not depend on data, so this step stands for all of them.
    """
    engine = clocked_engine(network, rule, number, machine)
    x, target = np.full(len(network.inputs), 0.5), np.full(len(network.outputs), 0.5)
    engine.step(number.encode(x), number.encode(target))
    assert engine.activity is not None
    return engine.activity, engine.counts


def _closed(network: Network, rule: Rule, number: Number) -> dict[str, Any]:
    counts = rule.cost(network)
    return {
        "rule": rule.name,
        "units": len(network.units),
        "edges": len(network.edges),
        "outputs": len(network.outputs),
        "multiplications_per_step": counts.multiplications,
        "additions_per_step": counts.additions,
        "activations_per_step": counts.activations,
        "reads_per_step": counts.reads,
        "writes_per_step": counts.writes,
        "stored_words": counts.stored_words,
        "buffer_words": counts.buffer_words,
        "stored_bytes": -(-counts.stored_words * number.word_bits // 8),
        "words_sent_per_step": counts.words_sent,
        "words_broadcast_per_step": counts.words_broadcast,
        "local_access_ratio": counts.local_access_ratio,
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
    }
