"""The loop around every engine: a stream in parts, Ctrl-C, and learning that diverges."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from neurosim.engines.arrays import ArraysEngine
from neurosim.engines.checkpoint import Keeper
from neurosim.engines.checkpoint.held import Held
from neurosim.learning.counts import Counts
from neurosim.model.arithmetic import Array, Number
from neurosim.model.network import Network

OnStep = Callable[[int, NDArray[np.float64], NDArray[np.float64]], Any]
CHECK_EVERY = 1_024  # steps between two looks for learning that diverges
SECONDS_OF_A_PART = 0.05  # so long does Ctrl-C wait for compiled code
FIRST_PART = 16  # steps, until it is known how long they take
# Learning has diverged where outputs lie a thousand times as far away as the farthest target, on
# the root mean square of a whole window; or where what a weight and its source can bring together
# exceeds the farthest target, and all that weights brought before the first step, a hundred million
# times. No learner that is of use comes near either.
GROWN_ERROR = 1e6
GROWN_WEIGHT = 1e8
BOUNDED = {"tanh", "logistic"}  # functions whose values lie within -1 and 1


class Engine(Protocol):
    """What steps a network; samples and results are raw words of the engine's number format.

    One that can stop and go on has two more: ``state()``, a tree of arrays and plain values as in
    ``checkpoint/trees.py`` with the ``steps`` done, and ``restore(tree)``, for an engine built
    anew.
    """

    @property
    def counts(self) -> Counts:
        """Counts of the last step."""
        ...

    def step(self, x: Array, target: Array) -> tuple[Array, Array]:
        """Learn from one sample; return activations and errors of the outputs."""
        ...

    def weights(self) -> Array:
        """Return the weights as real values, in network order."""
        ...

    def gradient(self) -> Array:
        """Return the last step's downhill gradient as real values, in network order."""
        ...


class Divergence(NamedTuple):
    """The steps that were done before learning was found to diverge, and what was seen."""

    step: int
    seen: str


class Passed(NamedTuple):
    """How a stream passed through an engine.

    ``outputs`` and ``errors`` (steps, networks, outputs) are real values of the steps done;
    ``diverged`` says of every network whether its learning diverged.
    """

    outputs: Array
    errors: Array
    diverged: list[Divergence | None]
    seconds: float
    interrupted: bool


def pass_through(
    engine: Engine,
    networks: Sequence[Network],
    number: Number,
    x: Array,
    target: Array,
    on_step: OnStep | None = None,
    on_part: OnStep | None = None,
    keeper: Keeper | None = None,
) -> Passed:
    """Pass a stream, (steps, ..., inputs) and (steps, ..., outputs), through an engine.

    It ends early with Ctrl-C, or when no network is left whose learning has not diverged. With a
    ``keeper`` it goes on where an earlier process has left it, and leaves checkpoints itself.
    """
    passage = _Passage(engine, number, x, target, keeper)
    limits = _Limits(networks, x, target)
    diverged: list[Divergence | None] = [None] * len(networks)
    length, interrupted = 1 if on_step else FIRST_PART, False
    with Held(always=keeper is not None) as held, np.errstate(over="ignore", invalid="ignore"):
        try:
            limits.look(diverged, passage)  # an earlier process may have ended before it did
            while passage.done < len(x) and None in diverged:
                first, began = passage.done, time.perf_counter()
                with held.whole():
                    end = passage.advance(length, held)
                spent = time.perf_counter() - began
                limits.look(diverged, passage)
                if on_step is not None:
                    on_step(first, *(part[0] for part in passage.part(first, end)))
                else:
                    length = max(1, int((end - first) * min(4.0, SECONDS_OF_A_PART / spent)))
                if on_part is not None:
                    on_part(end, *passage.part(first, end))
                with held.whole():
                    passage.keep()
                held.deliver()
        except KeyboardInterrupt:
            interrupted = True
        seconds, done = passage.seconds, passage.done
        with held.whole():
            passage.end(interrupted)
        try:
            held.deliver()
        except KeyboardInterrupt:
            interrupted = True
    shape = done, len(networks), target.shape[-1]
    outputs, errors = (part.reshape(shape) for part in passage.part(0, done))
    for n in range(len(networks)):
        diverged[n] = _not_finite(outputs[:, n]) or diverged[n]
    return Passed(outputs, errors, diverged, seconds, interrupted)


class _Passage:
    """A stream on its way through an engine, and what has come out."""

    def __init__(
        self, engine: Engine, number: Number, x: Array, target: Array, keeper: Keeper | None
    ) -> None:
        self.engine, self._number, self._keeper = engine, number, keeper
        self._x, self._target = number.encode(x), number.encode(target)
        self._y, self._e = np.empty((2, *target.shape), dtype=number.dtype)
        self._done, self._before, self._whole = 0, 0.0, True
        if keeper is not None:
            found = keeper.resumed(target.shape[1:], number.dtype)
            self._done, self._before = found.step, found.seconds
            self._y[: found.step], self._e[: found.step] = found.outputs, found.errors
        self._started = time.perf_counter()

    @property
    def done(self) -> int:
        """How many steps were done; a kernel counts them itself, until Ctrl-C is heard."""
        return self.engine.steps if isinstance(self.engine, ArraysEngine) else self._done

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return len(self._x)

    @property
    def seconds(self) -> float:
        """Wall time so far, that of earlier processes with it."""
        return self._before + time.perf_counter() - self._started

    def advance(self, length: int, held: Held) -> int:
        """Learn from so many steps, or up to where something else is due; return where it ended."""
        first, self._whole = self.done, False
        ends = [first + length, _next(first, CHECK_EVERY), self.steps]
        if self._keeper is not None and (stop := self._keeper.stop(first)) is not None:
            ends.append(stop)
        part = slice(first, min(ends))
        x, target, y, e = (array[part] for array in (self._x, self._target, self._y, self._e))
        if isinstance(self.engine, ArraysEngine) and self.engine.compiled:
            self.engine.run(x, target, y, e)
        else:
            self._one_by_one(x, target, y, e, held)
        self._whole = True
        return self.done

    def _one_by_one(self, x: Array, target: Array, y: Array, e: Array, held: Held) -> None:
        for t in range(len(x)):
            y[t], e[t] = self.engine.step(x[t], target[t])
            self._done += 1
            if held.asked:
                return

    def keep(self) -> None:
        """Write a checkpoint if one is due."""
        if self._keeper is not None:
            self._keeper.follow(self.done, self.seconds, self._y, self._e)

    def end(self, interrupted: bool) -> None:
        """Write one more where that is worth it, unless the last step was left half-way."""
        if self._keeper is not None and self._whole:
            self._keeper.end(self.done, self.seconds, self._y, self._e, interrupted)

    def part(self, first: int, end: int) -> tuple[Array, Array]:
        """Return outputs and errors of some steps, as real values."""
        return self._number.decode(self._y[first:end]), self.errors(slice(first, end))

    def errors(self, steps: slice) -> Array:
        """Return the errors of some steps, as real values."""
        return self._number.decode(self._e[steps])


class _Limits:
    """What errors and weights cannot exceed while learning is of use."""

    def __init__(self, networks: Sequence[Network], x: Array, target: Array) -> None:
        self._scale = max(1.0, float(np.abs(target).max()))
        network = networks[0]
        # what a source can reach; of others than these nothing is known, and the bias is 1
        bounded = [float(each.activation in BOUNDED) for each in network.traits]
        largest = np.abs(x).reshape(-1, x.shape[-1]).max(axis=0).tolist()
        most = dict(zip((*network.units, *network.inputs), (*bounded, *largest), strict=True))
        self._sources = np.array([most.get(source, 1.0) for source, _ in network.edges])
        before = max(float(np.abs(each.weight_vector * self._sources).max()) for each in networks)
        self._brought = max(self._scale, before)

    def look(self, diverged: list[Divergence | None], passage: _Passage) -> None:
        """Note the networks that are beyond, if it is time to look.

        That is after every so many steps and after the last, wherever parts end.
        """
        done, count = passage.done, len(diverged)
        if not done or (done % CHECK_EVERY and done < passage.steps):
            return
        errors = passage.errors(slice(_next(done - 1, CHECK_EVERY) - CHECK_EVERY, done))
        weights = passage.engine.weights()
        squares = (errors.reshape(len(errors), count, -1) ** 2).mean(axis=(0, 2))
        errors_grown = squares / self._scale**2
        weights_grown = np.abs(weights.reshape(count, -1) * self._sources).max(axis=1)
        weights_grown = weights_grown / self._brought
        for n in range(count):
            if diverged[n] is None:
                diverged[n] = _beyond(done, len(errors), errors_grown[n], weights_grown[n])


def _next(step: int, every: int) -> int:
    """Return the first multiple of ``every`` after a step."""
    return step - step % every + every


def _beyond(done: int, window: int, error: float, weight: float) -> Divergence | None:
    """Say what has grown beyond all measure; what is not finite is found step by step."""
    if not np.isfinite(error):
        return Divergence(done, "whose outputs are not finite")
    if error > GROWN_ERROR:
        return Divergence(
            done,
            f"after {window} steps whose mean squared error is {error:.1g} times the square of the"
            " farthest target",
        )
    if not weight <= GROWN_WEIGHT:
        return Divergence(done, f"where a weight has grown to {weight:.1g} times what is needed")
    return None


def _not_finite(outputs: Array) -> Divergence | None:
    """Return the first step whose outputs are not finite."""
    bad = np.flatnonzero(~np.isfinite(outputs).all(axis=-1))
    return Divergence(int(bad[0]), "whose outputs are not finite") if len(bad) else None
