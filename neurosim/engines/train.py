"""Training a network on a stream, in any engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurosim.engines.arrays import ArraysEngine
from neurosim.engines.checkpoint import Keeper, Keeping, marks_of, opened
from neurosim.engines.loop import Divergence, Engine, OnStep, pass_through
from neurosim.engines.run import Run
from neurosim.engines.stepwise import StepwiseEngine
from neurosim.errors import RunFailed, UserError, nearest
from neurosim.learning.counts import Counts
from neurosim.learning.optimizers import Constant, Optimizer, Plain, Schedule
from neurosim.learning.rule import Rule
from neurosim.model.arithmetic import Array, Float, Number
from neurosim.model.network import Network

if TYPE_CHECKING:
    from neurosim.machine import Machine

ENGINES = ("arrays", "stepwise", "clocked")
EngineMaker = Callable[[Network, Rule, Number], Engine]


def train(
    network: Network,
    rule: Rule,
    inputs: ArrayLike,
    targets: ArrayLike,
    engine: str | EngineMaker = "arrays",
    number: Number | None = None,
    machine: Machine | str | None = None,
    seed: int = 0,
    on_step: OnStep | None = None,
    on_start: Callable[[Engine], Any] | None = None,
    on_part: OnStep | None = None,
    optimizer: Optimizer | None = None,
    schedule: Schedule | None = None,
    checkpoint: str | Path | Keeping | None = None,
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
        same, in the time of a machine); or what makes another one of network, rule and number, such
        as ``hardware.OnChip(lanes=4)``, the simulated chip.
    number
        ``Float()``, the default, or ``Fixed(...)``.
    machine
        For the clocked engine: a ``Machine``, a name on the shelf, or a TOML file; default "bus".
    seed
        Of a rule that draws random numbers, added to the rule's own; those that draw none are not
        touched by it.
    on_step
        Called after every step with its number, outputs and errors, the latter as real values.
        Every step waits for it; a compiled engine then loses most of what it gains.
    on_start
        Called with the engine before its first step, by those who look at it in between.
    on_part
        Called about twenty times a second with how many steps were done, and outputs and errors of
        those since the last call, (steps, outputs).
    optimizer, schedule
        In place of the rule's own.
    checkpoint
        Folder of this one training. Where it holds something of exactly the same one, training
        goes on from there, and to the same bits as if it had never stopped; and every 15 s, on
        Ctrl-C and at the end that is written anew.

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
    rule = _for_run(rule, len(x), optimizer, schedule).with_seed(seed)
    stepper = engine_for(network, rule, engine, number, machine, steps=len(x))
    if on_start is not None:
        on_start(stepper)
    kept = _keeping(checkpoint)
    form = f"{engine!r} {type(stepper).__name__} {getattr(stepper, 'compiled', '')}"
    of = getattr(stepper, "machine", machine)
    marks = marks_of(network, rule, number, form, of, x, target) if kept else {}
    with opened(kept, stepper, marks) as keeper:
        ended = _loop(stepper, rule, [network], number, x, target, on_step, on_part, keeper)
    run, diverged = ended[0]
    if diverged is not None:
        raise RunFailed(
            f"{rule.title} on {network.name}: diverged at step {diverged.step}, {diverged.seen}."
            f" Try a learning_rate below {rule.learning_rate:g}.",
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
    optimizer: Optimizer | None = None,
    schedule: Schedule | None = None,
) -> list[Run]:
    """Train networks on one graph side by side in the array engine, on the same stream.

    A network that diverges says so in ``diverged_at`` and does not stop the others. ``on_step``
    gets outputs and errors of shape (networks, outputs). See ``train`` for the rest.
    """
    number = number or Float()
    kinds = {
        (each.edges, each.inputs, each.outputs, each.traits, each.loss, each.fixed.tobytes())
        for each in networks
    }
    if len(kinds) != 1:
        raise UserError(
            "train_many: needs networks that differ in their weights only, one or more"
            f" (got {len(networks)}, of {len(kinds)} kinds). Train them one by one."
        )
    x, target = checked_stream(networks[0], inputs, targets)
    rule = _for_run(rule, len(x), optimizer, schedule)
    rule = rule.for_units(len(networks[0].units))
    stepper = ArraysEngine(networks, rule, number)
    wide = np.broadcast_to(x[:, None], (len(x), len(networks), x.shape[1]))
    wide_target = np.broadcast_to(target[:, None], (len(x), len(networks), target.shape[1]))
    ended = _loop(stepper, rule, networks, number, wide, wide_target, on_step)
    return [run for run, _ in ended]


def gradients(
    network: Network,
    rule: Rule,
    inputs: ArrayLike,
    targets: ArrayLike,
    initial: ArrayLike | None = None,
    engine: str = "arrays",
    number: Number | None = None,
) -> NDArray[np.float64]:
    """Return a rule's gradient of the network's loss at every step.

    That is ``1/2 sum_o (y_o - target_o)^2``, or the cross-entropy where the network says so.

    The weights are held fixed. Shape (steps, edges), in the order of ``network.edges``; zero for
    edges that are ``fixed``. A rule that learns from a block of steps at its end has the gradient
    of the whole block there, and zeros before.
    ``initial`` are the units' activations before the first step, shape (units,), zero by default.
    """
    number = number or Float()
    x, target = checked_stream(network, inputs, targets)
    rule = replace(rule, learning_rate=0.0, optimizer=Plain(), schedule=Constant())
    rule = rule.for_steps(len(x))
    start = None if initial is None else _checked_initial(network, initial)
    stepper = engine_for(network, rule, engine, number, None, start)
    result = np.empty((len(x), len(network.edges)))
    for t, (sample, wanted) in enumerate(zip(number.encode(x), number.encode(target), strict=True)):
        stepper.step(sample, wanted)
        result[t] = -stepper.gradient()
    return result


def _keeping(checkpoint: str | Path | Keeping | None) -> Keeping | None:
    """Return where and how often checkpoints are written, from a folder or as it stands."""
    if checkpoint is None or isinstance(checkpoint, Keeping):
        return checkpoint
    return Keeping(Path(checkpoint))


def _for_run(
    rule: Rule, steps: int, optimizer: Optimizer | None, schedule: Schedule | None
) -> Rule:
    """Return the rule as it is for a run of that many steps."""
    own = optimizer or rule.optimizer, (schedule or rule.schedule).for_steps(steps)
    if own != (rule.optimizer, rule.schedule):
        rule = replace(rule, optimizer=own[0], schedule=own[1])
    return rule.for_steps(steps)


def engine_for(
    network: Network,
    rule: Rule,
    engine: str | EngineMaker,
    number: Number,
    machine: Machine | str | None = None,
    initial: Array | None = None,
    steps: int = 0,
) -> Engine:
    """Return the engine of that name, ready for its first step of so many, as far as known."""
    rule = rule.for_units(len(network.units))
    if not isinstance(engine, str):
        return engine(network, rule, number)
    if engine not in ENGINES:
        raise UserError(
            f"engine {engine!r}: unknown.{nearest(engine, ENGINES)} Choose one of:"
            f" {', '.join(ENGINES)}; or give neurosim.hardware.OnChip(), the simulated chip."
        )
    if engine == "clocked":
        from neurosim.engines.lockstep import clocked_engine

        return clocked_engine(network, rule, number, machine or "bus", initial)
    if machine is not None:
        raise UserError(f"machine: the {engine} engine has no time. Use engine='clocked' with it.")
    if engine == "arrays":
        return ArraysEngine(network, rule, number, initial, steps)
    return StepwiseEngine(network, rule, number, initial)


def _loop(
    stepper: Engine,
    rule: Rule,
    networks: Sequence[Network],
    number: Number,
    x: Array,
    target: Array,
    on_step: OnStep | None,
    on_part: OnStep | None = None,
    keeper: Keeper | None = None,
) -> list[tuple[Run, Divergence | None]]:
    """Step through the stream; return a run for every network, and whether it diverged."""
    passed = pass_through(stepper, networks, number, x, target, on_step, on_part, keeper)
    wanted = target[: len(passed.outputs)].reshape(passed.outputs.shape)
    weights = stepper.weights().reshape(len(networks), -1)
    counts, ended = _counts(stepper, rule, networks[0]), []
    for n, (network, diverged) in enumerate(zip(networks, passed.diverged, strict=True)):
        kept = slice(None if diverged is None else diverged.step)
        run = Run(
            outputs=passed.outputs[kept, n],
            errors=passed.errors[kept, n],
            targets=wanted[kept, n],
            network=network.with_weights(weights[n]),
            counts=counts,
            seconds=passed.seconds,
            cycles=_cycles(stepper),
            activity=getattr(stepper, "activity", None),
            interrupted=passed.interrupted,
            diverged_at=None if diverged is None else diverged.step,
        )
        ended.append((run, diverged))
    return ended


def _counts(stepper: Engine, rule: Rule, network: Network) -> Counts:
    """Return the counts of a step; where steps differ, of the mean step by the closed forms."""
    alike = len(rule.for_units(len(network.units)).beats) == 1
    return stepper.counts if alike else rule.cost(network)


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
