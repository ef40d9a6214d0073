"""Online learning in other packages: what `benchmarks/learning.py` times beside its own.

`braintrace` compiles a scan over time with JAX; its D-RTRL keeps what SnAp-1 keeps, and its SnAp on
a dense recurrent cell keeps everything, as RTRL does. `reservoirpy` steps an echo state network
whose readout learns by least mean squares. Sizes are those of the networks here: two inputs, units,
one output; weights move after every step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import networkx as nx
import numpy as np

from neurosim.learning import RTRL, UORO, SnAp
from neurosim.learning.rule import Rule
from neurosim.model import Network

RATE = 1e-4


class Peer(NamedTuple):
    """A call of so many steps in another package, in words of so many bits; what does the same."""

    name: str
    bits: int
    steps: int
    call: Callable[[], object]
    rule: Rule
    network: Network | None = None


def braintrace_peers(units: int) -> Iterator[Peer]:
    """Yield the online rules of braintrace on a plain tanh cell."""
    import braintrace

    rules: tuple[tuple[Any, int, Rule], ...] = (
        (braintrace.D_RTRL, 200, SnAp(RATE)),
        (braintrace.UORO, 50, UORO(RATE)),
        (braintrace.SnAp, 4, RTRL(RATE)),
    )
    for bits in (64, 32):
        for algorithm, steps, rule in rules:
            call = _scan(algorithm, units, steps, bits)
            yield Peer(f"braintrace {algorithm.__name__}", bits, steps, call, rule)


def _scan(algorithm: Any, units: int, steps: int, bits: int) -> Callable[[], object]:
    """Return a call of a compiled scan in which weights move after every step."""
    import brainstate
    import braintrace
    import jax

    jax.config.update("jax_enable_x64", bits == 64)
    dtype = f"float{bits}"
    rng = np.random.default_rng(0)
    with brainstate.environ.context(precision=bits):
        cell = braintrace.nn.ValinaRNNCell(2, units, activation="tanh")
        readout = braintrace.nn.Linear(units, 1)
        model = brainstate.nn.Sequential(cell, readout)
        learner = braintrace.compile(model, algorithm, jax.numpy.zeros(2, dtype))
        weights = model.states(brainstate.ParamState)
        inputs = jax.numpy.asarray(rng.uniform(-1, 1, (steps, 2)), dtype)
        targets = jax.numpy.asarray(rng.uniform(-0.5, 0.5, (steps, 1)), dtype)

    def step(x: Any, target: Any) -> Any:
        def loss() -> Any:
            return ((learner(x) - target) ** 2).sum() / 2

        gradients, value = brainstate.transform.grad(loss, weights, return_value=True)()
        for key, weight in weights.items():
            weight.value = jax.tree.map(lambda w, g: w - RATE * g, weight.value, gradients[key])
        return value

    scan = brainstate.transform.jit(
        lambda xs, targets: brainstate.transform.for_loop(step, xs, targets)
    )

    def call() -> object:
        jax.config.update("jax_enable_x64", bits == 64)
        with brainstate.environ.context(precision=bits):
            return jax.block_until_ready(scan(inputs, targets))

    return call


def reservoirpy_peers(units: int) -> Iterator[Peer]:
    """Yield an echo state network whose readout learns after every step."""
    from reservoirpy.nodes import LMS, Reservoir

    reservoir = Reservoir(units, rc_connectivity=1.0, input_connectivity=1.0, seed=0)
    readout = LMS(learning_rate=RATE)
    rng = np.random.default_rng(0)
    inputs, targets = rng.uniform(-1, 1, (50, 2)), rng.uniform(-0.5, 0.5, (50, 1))
    states = reservoir.run(inputs)
    readout.partial_fit(states, targets)

    def call() -> None:
        for x, target in zip(inputs, targets, strict=True):
            readout.partial_fit(reservoir.step(x)[None], target[None])

    yield Peer("reservoirpy, LMS readout", 64, 50, call, SnAp(RATE, order=0), _echo_state(units))


def _echo_state(units: int) -> Network:
    """Return a fixed reservoir with one linear output that learns."""
    graph, names = nx.DiGraph(), [f"r{n}" for n in range(units)]
    for name in names:
        sources = ("x0", "x1", "bias", *names)
        graph.add_edges_from(((source, name) for source in sources), fixed=True)
        graph.add_edge(name, "out")
    graph.add_edge("bias", "out")
    graph.add_node("out", activation="linear")
    return Network(graph, ["x0", "x1"], ["out"])


PEERS = {"braintrace": braintrace_peers, "reservoirpy": reservoirpy_peers}
