"""Rules compiled: the same equations in a time loop that never returns to Python.

``graph.py`` and ``blame.py`` are what kernels share; every other file is the kernel of one rule, or
of rules that differ in little. The array form of the rule stays the definition, and what runs
wherever there is no kernel: fixed point, networks side by side, units with gates, softmax outputs,
rules of one's own, and where numba is not installed. A kernel gives the same numbers but for
rounding, so whether it is used depends on the scenario alone.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from neurosim.learning.hybrid import Hybrid
from neurosim.learning.optimizers import Adam, Clipped, Momentum, Optimizer, Plain
from neurosim.learning.rflo import RFLO
from neurosim.learning.rtrl import RTRL
from neurosim.learning.rule import Rule
from neurosim.learning.snap import SnAp
from neurosim.learning.trtrl import TRTRL
from neurosim.learning.uoro import UORO
from neurosim.model.arithmetic import Array
from neurosim.model.kinds import PLAIN
from neurosim.model.layout import Layout
from neurosim.model.loss import SQUARED
from neurosim.model.network import Network

KERNELS: dict[type[Rule], str] = {
    RTRL: "rtrl",
    TRTRL: "trtrl",
    Hybrid: "hybrid",
    SnAp: "traces",
    RFLO: "traces",
    UORO: "uoro",
}
"""The file of each rule, loaded on demand, whose ``kernel(rule, layout)`` may still be None."""
KNOWN = {"tanh", "logistic", "linear"}
OPTIMIZERS = (Plain, Momentum, Adam)
# Steps times words that a step handles: from here on loading or compiling a kernel pays.
WORTH = 20_000_000
WORDS_OF_A_CALL = 1_000  # a step of NumPy takes as long as handling so many words, and those


class Kernel(NamedTuple):
    """How a rule's state begins, and what advances it: see ``Work``."""

    prepare: Callable[[Any, Layout, Array], Any]
    run: Callable[[Any, Any, Any, Any], None]


class Work:
    """A kernel at work on one network.

    Parameters
    ----------
    kernel, rule, layout
        What runs, and on which graph.
    weights, rate, y
        Weights in the layout's shape, learning rate, activations (units,); their type is that of
        all words.
    done
        How many steps were done, shape (1,); counted on in compiled code, where Ctrl-C waits.
    """

    def __init__(
        self,
        kernel: Kernel,
        rule: Rule,
        layout: Layout,
        weights: Array,
        rate: Array,
        y: Array,
        done: Array,
    ) -> None:
        from neurosim.engines.compiled.graph import Learner, Stream, graph_of
        from neurosim.engines.compiled.optimizer import settings_of

        self._layout, self._run, self._stream = layout, kernel.run, Stream
        self._graph = graph_of(layout, weights.dtype)
        flat = layout.flat(weights).copy()
        settings = settings_of(rule.optimizer, layout.edges, flat.dtype)
        rates = np.full(1, rate, flat.dtype)
        self._learner, self._rule = Learner(flat, np.zeros_like(flat), rates, done, settings), rule
        self._state = kernel.prepare(rule, layout, np.array(y))

    @property
    def state(self) -> tuple[Any, Any]:
        """All that the next step depends on, in arrays that are changed in place."""
        return self._learner, self._state

    @property
    def weights(self) -> Array:
        """The weights in the layout's shape."""
        return self._learner.weights.reshape(self._layout.shape)

    @property
    def gradient(self) -> Array:
        """The last gradient in the layout's shape."""
        return self._learner.gradient.reshape(self._layout.shape)

    @property
    def activations(self) -> Array:
        """Activations of the units, (units,)."""
        y: Array = self._state.now.y
        return y

    def run(self, x: Array, target: Array, y: Array, error: Array) -> None:
        """Learn from a part of a stream, (steps, ...); fill in outputs and errors."""
        learner, schedule = self._learner, self._rule.schedule
        if not schedule.steady and len(x):
            first, count = int(learner.done[0]), len(x)
            rates = self._rule.learning_rate * schedule.factors(first, count)
            turned = np.roll(rates, first % count).astype(learner.rate.dtype)
            learner = learner._replace(rate=turned)
        self._run(self._graph, learner, self._state, self._stream(x, target, y, error))


def kernel_for(network: Network, rule: Rule, layout: Layout, steps: int) -> Kernel | None:
    """Return the kernel for so many steps, or None where the array form does them."""
    plain = all(each.kind == PLAIN and each.activation in KNOWN for each in network.traits)
    if type(rule) not in KERNELS or not _known(rule.optimizer):
        return None
    if not plain or network.loss != SQUARED:
        return None
    if steps * (WORDS_OF_A_CALL + layout.edges) < WORTH:
        return None
    from neurosim.model.compiled import AVAILABLE

    if not AVAILABLE:
        return None
    module = import_module(f"{__name__}.{KERNELS[type(rule)]}")
    found: Kernel | None = module.kernel(rule, layout)
    return found


def _known(optimizer: Optimizer) -> bool:
    """Whether ``optimizer.py`` has it in numbers."""
    inner = optimizer.optimizer if type(optimizer) is Clipped else optimizer
    return type(inner) in OPTIMIZERS
