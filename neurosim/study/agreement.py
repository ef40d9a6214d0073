"""Whether what a rule says three times agrees: its messages, its arrays and its closed forms.

Every rule of the house is held to this by the tests; `neurosim check` holds a user's own to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import networkx as nx
import numpy as np

from neurosim.engines.loop import Engine
from neurosim.engines.train import engine_for
from neurosim.errors import UserError
from neurosim.learning import Census, Counts, Rule
from neurosim.model import Fixed, Float, Network
from neurosim.model.arithmetic import Array, Number
from neurosim.study.graphs import graph_from

STEPS = 40
# What sums in another order may differ by; a fixed-point word may not differ at all.
TOLERANCE = 1e-9
NUMBERS: tuple[Number, ...] = (Float(), Fixed())
SEED = 8
# A learning rate with which a few steps move every weight.
RATE = 0.05


class Difference(NamedTuple):
    """The first thing in which two forms of a rule differ, and what each of them says."""

    step: int
    what: str
    one: str
    other: str

    def __str__(self) -> str:
        return f"step {self.step}, {self.what}: {self.one}, {self.other}"


class Tried(NamedTuple):
    """One network in one number format.

    ``difference`` is None where all agree; ``refused`` is what the rule says where it does not
    run there at all, which is no disagreement.
    """

    network: str
    number: str
    difference: Difference | None = None
    refused: str | None = None


@dataclass(frozen=True)
class Agreement:
    """What came of holding the forms of a rule against each other.

    Attributes
    ----------
    rule
        Title of the rule.
    steps
        Steps that were compared on each network.
    tried
        What came of it, network by network.
    """

    rule: str
    steps: int
    tried: tuple[Tried, ...]

    @property
    def held(self) -> bool:
        """Whether the forms agree wherever the rule runs, and it runs somewhere."""
        ran = [each for each in self.tried if each.refused is None]
        return bool(ran) and all(each.difference is None for each in ran)


def check_rule(rule: Rule, steps: int = STEPS) -> Agreement:
    """Hold a rule's message form against its array form, and counts against closed forms.

    On eight small networks (a single unit, an output that nobody hears, parts without a connection,
    units that leak, a ring, layers, a sparse and a dense one), in floats and in fixed point, also
    on the clock of a machine.

    Parameters
    ----------
    rule
        The rule, as it would be trained.
    steps
        How many steps of random samples each network learns from.
    """
    cases = [(network, number) for network in networks() for number in NUMBERS]
    return Agreement(rule.title, steps, tuple(_tried(rule, steps, *case) for case in cases))


def networks() -> tuple[Network, ...]:
    """Return the small networks that a rule is tried on, the smallest first."""
    shelf = (("ring", 5), ("layered", 6), ("small_world", 7), ("fully_recurrent", 7))
    found = [_named(topology, units) for topology, units in shelf]
    alone = nx.DiGraph([("x", "n0"), ("bias", "n0"), ("n0", "n0")])
    apart = nx.DiGraph([("x", "a"), ("a", "b"), ("b", "a"), ("x", "deaf"), ("c", "d"), ("d", "c")])
    deaf = nx.DiGraph([("x", "a"), ("a", "b"), ("a", "out"), ("b", "a"), ("b", "b")])
    leaky = _named("small_world", 5).graph
    nx.set_node_attributes(leaky, {"n0": 0.5, "n3": 0.25}, "leak")
    return (
        Network(alone, ["x"], ["n0"], seed=1, name="single unit"),
        Network(deaf, ["x"], ["out"], seed=4, name="output that nobody hears"),
        Network(apart, ["x"], ["b"], seed=2, name="separate parts"),
        Network(leaky, ["x0", "x1"], ["n0", "n1"], seed=5, name="units that leak"),
        *found,
    )


def first_difference(
    network: Network, rule: Rule, number: Number, steps: int, forms: Sequence[str]
) -> Difference | None:
    """Return the first word in which two engines differ on random samples; None for none.

    Parameters
    ----------
    network, rule, number
        What learns, how, and in which numbers.
    steps
        How many steps.
    forms
        Names of two engines: arrays, stepwise or clocked.
    """
    inputs, targets = _samples(network, number, steps)
    engines = [engine_for(network, rule, form, number) for form in forms]
    for t in range(steps):
        for (what, places), (left, right) in _said(engines, inputs[t], targets[t], network, number):
            if (found := _first(left, right, isinstance(number, Fixed))) is not None:
                said = (f"{forms[0]} {left[found]:.9g}", f"{forms[1]} {right[found]:.9g}")
                return Difference(t, f"{what} of {places[found]}", *said)
    return None


def miscounted(network: Network, rule: Rule, steps: int = 2) -> Difference | None:
    """Return the first figure in which counts of the messages differ from the closed forms."""
    inputs, targets = _samples(network, Float(), steps)
    engine = engine_for(network, rule, "stepwise", Float())
    census, sized = Census.of(network), rule.for_units(len(network.units))
    for t in range(steps):
        engine.step(inputs[t], targets[t])
        closed = sized.counted_at(census, t % rule.period)
        for field in fields(Counts):
            counted, said = getattr(engine.counts, field.name), getattr(closed, field.name)
            if counted != said:
                return Difference(t, field.name, f"counted {counted:,}", f"closed form {said:,}")
    return None


def _tried(rule: Rule, steps: int, network: Network, number: Number) -> Tried:
    rule = rule.for_steps(steps)
    checks: tuple[Callable[[], Difference | None], ...] = (
        lambda: first_difference(network, rule, number, steps, ("stepwise", "arrays")),
        lambda: miscounted(network, rule, min(steps, 2 * rule.period)),
        lambda: first_difference(network, rule, number, min(steps, 5), ("clocked", "arrays")),
    )
    try:
        for check in checks:
            if (found := check()) is not None:
                return Tried(network.name, number.name, found)
    except UserError as error:
        return Tried(network.name, number.name, refused=str(error))
    return Tried(network.name, number.name)


Named = tuple[str, Sequence[str]]


def _said(
    engines: Sequence[Engine], x: Array, target: Array, network: Network, number: Number
) -> Iterator[tuple[Named, tuple[Array, ...]]]:
    """Step engines, and yield what is to be the same, with what it is of."""
    answers = [tuple(map(number.decode, engine.step(x, target))) for engine in engines]
    outputs, edges = network.outputs, [f"{a} -> {b}" for a, b in network.edges]
    yield ("activation", outputs), tuple(y for y, _ in answers)
    yield ("error", outputs), tuple(error for _, error in answers)
    yield ("gradient", edges), tuple(engine.gradient() for engine in engines)
    yield ("weight", edges), tuple(engine.weights() for engine in engines)


def _first(one: Array, other: Array, exact: bool) -> int | None:
    """Return the place of the first word that differs; a word that is no number always does."""
    near = one == other if exact else np.abs(one - other) <= TOLERANCE
    places = np.flatnonzero(~near)
    return int(places[0]) if len(places) else None


def _named(topology: str, units: int) -> Network:
    graph, inputs, outputs = graph_from(topology, units=units, inputs=("x0", "x1"), outputs=2)
    return Network(graph, inputs, outputs, seed=3, name=topology)


def _samples(network: Network, number: Number, steps: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(SEED)
    inputs = rng.uniform(-1, 1, (steps, len(network.inputs)))
    targets = rng.uniform(-0.8, 0.8, (steps, len(network.outputs)))
    return number.encode(inputs), number.encode(targets)
