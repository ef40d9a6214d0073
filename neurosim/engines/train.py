"""Training a network on a stream: the loop around every engine."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurosim.engines.arrays import ArraysEngine
from neurosim.engines.run import Run
from neurosim.engines.stepwise import StepwiseEngine
from neurosim.errors import RunFailed, UserError, nearest
from neurosim.learning.counts import Counts
from neurosim.learning.rule import Rule
from neurosim.model.arithmetic import Array, Float, Number
from neurosim.model.network import Network

if TYPE_CHECKING:
    from neurosim.machine import Machine

OnStep = Callable[[int, NDArray[np.float64], NDArray[np.float64]], Any]
ENGINES = ("arrays", "stepwise", "clocked")
CHECK_EVERY = 256  # steps between two looks for numbers that are not finite


class Engine(Protocol):
    """What steps a network; samples and results are raw words of the engine's number format."""

    @property
    def counts(self) -> Counts:
        """Counts of one step."""
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


def train(
    network: Network,
    rule: Rule,
    inputs: ArrayLike,
    targets: ArrayLike,
    engine: str = "arrays",
    number: Number | None = None,
    machine: Machine | str | None = None,
    seed: int = 0,
    on_step: OnStep | None = None,
    on_start: Callable[[Engine], Any] | None = None,
) -> Run:
    """Let a network learn while a stream runs through it, one step a sample.

    Parameters
    ----------
    network, rule
        What learns, and how. The network is not changed.
    inputs, targets
        Shape (steps, inputs) and (steps, outputs), in the order of the network's names; a vector
        of length ``steps`` will do for one of them.
    engine
        ``arrays`` (fast), ``stepwise`` (neuron objects exchanging messages) or ``clocked`` (the
        same, in the time of a machine).
    number
        ``Float()``, the default, or ``Fixed(...)``.
    machine
        For the clocked engine: a ``Machine``, a name on the shelf, or a TOML file; default "bus".
    seed
        Of a rule that draws random numbers; those that draw none are not touched by it.
    on_step
        Called after every step with its number, outputs and errors, the latter as real values.
    on_start
        Called with the engine before its first step, by those who look at it in between.

    Returns
    -------
    Run
        With ``interrupted`` set where Ctrl-C ended it.

    Raises
    ------
    UserError
        When the arguments do not fit together.
    RunFailed
        When learning diverged; its ``run`` holds what was computed.
    """
    number = number or Float()
    x, target = checked_stream(network, inputs, targets)
    rule = rule.for_steps(len(x))
    stepper = engine_for(network, rule, engine, number, machine)
    if on_start is not None:
        on_start(stepper)
    run = _loop(stepper, [network], number, x, target, on_step)[0]
    if run.diverged_at is not None:
        raise RunFailed(
            f"{rule.title} on {network.name}: diverged at step {run.diverged_at}, whose outputs"
            f" are not finite. Try a learning_rate below {rule.learning_rate:g}.",
            run,
        )
    return run


def train_many(
    networks: Sequence[Network],
    rule: Rule,
    inputs: ArrayLike,
    targets: ArrayLike,
    number: Number | None = None,
    on_step: OnStep | None = None,
) -> list[Run]:
    """Train networks on one graph side by side in the array engine, on the same stream.

    A network that diverges says so in ``diverged_at`` and does not stop the others. ``on_step``
    gets outputs and errors of shape (networks, outputs). See ``train`` for the rest.
    """
    number = number or Float()
    kinds = {(each.edges, each.inputs, each.outputs, each.activation) for each in networks}
    if len(kinds) != 1:
        raise UserError(
            "train_many: needs networks that differ in their weights only, one or more"
            f" (got {len(networks)}, of {len(kinds)} kinds). Train them one by one."
        )
    x, target = checked_stream(networks[0], inputs, targets)
    rule = rule.for_steps(len(x))
    stepper = ArraysEngine(networks, rule, number)
    wide = np.broadcast_to(x[:, None], (len(x), len(networks), x.shape[1]))
    wide_target = np.broadcast_to(target[:, None], (len(x), len(networks), target.shape[1]))
    return _loop(stepper, networks, number, wide, wide_target, on_step)


def gradients(
    network: Network,
    rule: Rule,
    inputs: ArrayLike,
    targets: ArrayLike,
    initial: ArrayLike | None = None,
    engine: str = "arrays",
    number: Number | None = None,
) -> NDArray[np.float64]:
    """Return a rule's gradient of ``1/2 sum_o (y_o - target_o)^2`` at every step.

    The weights are held fixed. Shape (steps, edges), in the order of ``network.edges``.
    ``initial`` are the units' activations before the first step, shape (units,), zero by default.
    """
    number = number or Float()
    x, target = checked_stream(network, inputs, targets)
    rule = replace(rule, learning_rate=0.0).for_steps(len(x))
    start = None if initial is None else _checked_initial(network, initial)
    stepper = engine_for(network, rule, engine, number, None, start)
    result = np.empty((len(x), len(network.edges)))
    for t, (sample, wanted) in enumerate(zip(number.encode(x), number.encode(target), strict=True)):
        stepper.step(sample, wanted)
        result[t] = -stepper.gradient()
    return result


def engine_for(
    network: Network,
    rule: Rule,
    engine: str,
    number: Number,
    machine: Machine | str | None = None,
    initial: Array | None = None,
) -> Engine:
    """Return the engine of that name, ready for its first step."""
    if engine not in ENGINES:
        raise UserError(
            f"engine {engine!r}: unknown.{nearest(engine, ENGINES)} Choose one of:"
            f" {', '.join(ENGINES)}."
        )
    if engine == "clocked":
        from neurosim.engines.lockstep import clocked_engine

        return clocked_engine(network, rule, number, machine or "bus", initial)
    if machine is not None:
        raise UserError(f"machine: the {engine} engine has no time. Use engine='clocked' with it.")
    stepper = ArraysEngine if engine == "arrays" else StepwiseEngine
    return stepper(network, rule, number, initial)


def _loop(
    stepper: Engine,
    networks: Sequence[Network],
    number: Number,
    x: Array,
    target: Array,
    on_step: OnStep | None,
) -> list[Run]:
    """Step through the stream; return a run for every network."""
    samples, wanted = number.encode(x), number.encode(target)
    outputs, errors = np.empty(target.shape), np.empty(target.shape)
    done, started, interrupted = 0, time.perf_counter(), False
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            for t in range(len(x)):
                y, e = stepper.step(samples[t], wanted[t])
                outputs[t], errors[t] = number.decode(y), number.decode(e)
                done = t + 1
                if on_step is not None:
                    on_step(t, outputs[t], errors[t])
                if done % CHECK_EVERY == 0 and not np.isfinite(errors[t].sum(axis=-1)).any():
                    break
    except KeyboardInterrupt:
        interrupted = True
    seconds = time.perf_counter() - started
    together = [
        array[:done].reshape(done, len(networks), target.shape[-1])
        for array in (outputs, errors, target)
    ]
    weights = stepper.weights().reshape(len(networks), -1)
    runs = []
    for n, network in enumerate(networks):
        y, e, wanted = (array[:, n] for array in together)
        finite, diverged_at = _finite_steps(y)
        runs.append(
            Run(
                outputs=y[:finite],
                errors=e[:finite],
                targets=wanted[:finite],
                network=network.with_weights(weights[n]),
                counts=stepper.counts,
                seconds=seconds,
                cycles=_cycles(stepper),
                activity=getattr(stepper, "activity", None),
                interrupted=interrupted,
                diverged_at=diverged_at,
            )
        )
    return runs


def _finite_steps(outputs: Array) -> tuple[int, int | None]:
    """Count the steps before the first that is not finite, and say which that is."""
    bad = np.flatnonzero(~np.isfinite(outputs).all(axis=-1))
    return (int(bad[0]), int(bad[0])) if len(bad) else (len(outputs), None)


def _cycles(stepper: Engine) -> NDArray[np.int64] | None:
    cycles = getattr(stepper, "cycles", None)
    return None if cycles is None else np.array(cycles, dtype=np.int64)


def checked_stream(
    network: Network, inputs: ArrayLike, targets: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return inputs and targets as (steps, inputs) and (steps, outputs), or say what is wrong."""
    x = _matrix("inputs", inputs, len(network.inputs))
    target = _matrix("targets", targets, len(network.outputs))
    if len(x) != len(target):
        raise UserError(f"inputs have {len(x)} steps, targets {len(target)}. Give as many of both.")
    return x, target


def _matrix(what: str, values: ArrayLike, columns: int) -> NDArray[np.float64]:
    try:
        matrix = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UserError(f"{what}: must be an array of numbers ({error}).") from error
    if matrix.ndim == 1 and columns == 1:
        matrix = matrix[:, None]
    if len(matrix) == 0:
        raise UserError(f"{what}: is empty. Give at least one step.")
    if matrix.ndim != 2 or matrix.shape[1] != columns:
        raise UserError(
            f"{what}: must have shape (steps, {columns}), one column for each of the network's"
            f" {what.replace('targets', 'outputs')} (got {matrix.shape})."
        )
    bad = np.argwhere(~np.isfinite(matrix))
    if len(bad):
        step, column = bad[0]
        raise UserError(
            f"{what}: step {step}, column {column} is {matrix[step, column]}. Fill or drop it."
        )
    return matrix


def _checked_initial(network: Network, initial: ArrayLike) -> NDArray[np.float64]:
    start = np.array(initial, dtype=np.float64)
    if start.shape != (len(network.units),) or not np.isfinite(start).all():
        raise UserError(
            f"initial: must be {len(network.units)} finite numbers, one a unit (got {start!r:.60})."
        )
    return start
