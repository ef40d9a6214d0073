"""A simulated chip in use: steps, weights and sensitivities in the terms of its network.

Values are the real values of the chip's own words, exactly.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurosim.engines.cells import encoded_rate
from neurosim.engines.loop import OnStep
from neurosim.engines.run import Run
from neurosim.engines.train import checked_stream
from neurosim.errors import UserError
from neurosim.learning.rule import Rule
from neurosim.model.arithmetic import Format
from neurosim.model.fixed import Fixed
from neurosim.model.network import Edge, Network
from neurosim.schedule import Source
from neurosim.study.hardware import image
from neurosim.study.hardware.image import Image
from neurosim.study.hardware.places import BANKS, kept_words, stored

if TYPE_CHECKING:
    from myhdl_core.assemble import Assembled
    from myhdl_core.core import Chip, Section, Steps

TOGETHER = 256  # steps that the compiled chip does in one call
Vector = NDArray[np.float64]


class Block(NamedTuple):
    """Some steps in raw words.

    Attributes
    ----------
    outputs
        Shape (steps, outputs).
    words
        ``w`` and what the rule keeps, by name, as they were after each step, in the order of
        ``network.edges``: shape (steps, edges), or (steps, units, edges) for RTRL's ``p``.
    cycles
        Of each step, by the chip's own counter.
    phases
        Changes of the phase: step, cycle in it, number of the phase from then on.
    """

    outputs: NDArray[np.int64]
    words: dict[str, NDArray[np.int64]]
    cycles: NDArray[np.uint32]
    phases: NDArray[np.uint32]


class Core:
    """A simulated chip with a network on it, from its first step on.

    Attributes
    ----------
    network, rule, number
        What it was built for.
    schedule
        What every lane does in every cycle of a step.
    cycles
        Of the last step, by the chip's own counter; 0 before the first.
    steps
        How many steps it has done.
    chip
        The level of lanes, banks and raw words.
    """

    def __init__(
        self, network: Network, rule: Rule, number: Fixed, assembled: Assembled, chip: Chip
    ) -> None:
        self.rule, self.number, self.chip = rule, number, chip
        self.assembled, self.schedule = assembled, assembled.learning
        self._network = network
        place = self.schedule.placement.place
        units = network.neurons[: len(network.units)]
        self._units = np.array([place[unit.number] for unit in units])
        self._stored, self._kept = stored(self.schedule), kept_words(self.schedule)
        self.cycles = self.steps = 0
        self.reset()

    def reset(self) -> None:
        """Begin anew: the network's weights, activations and sensitivities of zero."""
        self.chip.reset()
        self.chip.clear()
        self.learning_rate = self.rule.learning_rate
        self._write("w", self.number.encode(self._network.weight_vector, Format.WEIGHT))
        self.cycles = self.steps = 0
        self._parity = 0

    # --- steps ----------------------------------------------------------------------------------

    def step(self, x: ArrayLike, target: ArrayLike, learn: bool = True) -> Vector:
        """Do a step, with learning on or off; return the outputs, shape (outputs,).

        ``x`` and ``target`` have shape (inputs,) and (outputs,); a number will do for one.
        """
        inputs, targets = checked_stream(
            self._network, np.reshape(x, (1, -1)), np.reshape(target, (1, -1))
        )
        done = self._run(inputs, targets, learn)
        outputs: Vector = self.number.decode(done.outputs[0])
        return outputs

    def step_raw(self, x: ArrayLike, target: ArrayLike) -> NDArray[np.int64]:
        """Learn from one sample of raw words; return the raw outputs, shape (outputs,)."""
        stream = np.concatenate([x, target])[None]
        outputs: NDArray[np.int64] = self._run_raw(stream, len(self._network.outputs)).outputs[0]
        return outputs

    def train(
        self,
        inputs: ArrayLike,
        targets: ArrayLike,
        learn: bool = True,
        on_step: OnStep | None = None,
    ) -> Run:
        """Let a stream run through the chip; arguments and result are those of ``train``."""
        x, target = checked_stream(self._network, inputs, targets)
        number, done, interrupted = self.number, 0, False
        outputs, cycles = np.empty(target.shape), np.empty(len(x), dtype=np.int64)
        errors, wanted = np.empty(target.shape), number.encode(target)
        started = time.perf_counter()
        try:
            while done < len(x):
                part = slice(done, min(done + TOGETHER, len(x)))
                raw = self._run(x[part], target[part], learn)
                outputs[part], cycles[part] = number.decode(raw.outputs), raw.cycles
                errors[part] = number.decode(number.fma(wanted[part], raw.outputs,
                                                        number.encode(-1.0)))  # fmt: skip
                for t in range(done, part.stop if on_step else done):
                    on_step(t, outputs[t], errors[t])  # type: ignore[misc]
                done = part.stop
        except KeyboardInterrupt:
            interrupted = True
        return Run(
            outputs=outputs[:done],
            errors=errors[:done],
            targets=target[:done],
            network=self.network,
            counts=self.schedule.rule.cost(self._network),
            seconds=time.perf_counter() - started,
            cycles=cycles[:done],
            interrupted=interrupted,
        )

    def run_block(self, inputs: ArrayLike, targets: ArrayLike, learn: bool = True) -> Block:
        """Do steps and return raw words: what came out, and all weights and sensitivities."""
        x, target = checked_stream(self._network, inputs, targets)
        where, sections = self.sections()
        most = len(self.assembled.learning.phases) + len(self.assembled.inference.phases)
        done = self._run(x, target, learn, sections=sections, changes=(most + 1) * len(x))
        words = {
            name: np.zeros((len(x), len(self._network.edges)), np.int64) for name in self._stored
        }
        for name, part in where.items():
            words[name] = self.in_network_order(name, done.copies[:, part])
        return Block(done.outputs, words, done.cycles, done.phases)

    def _run(self, x: Vector, target: Vector, learn: bool, **asked: Any) -> Steps:
        stream = np.concatenate([self.number.encode(x), self.number.encode(target)], axis=1)
        return self._run_raw(stream, target.shape[1], learn=learn, **asked)

    def _run_raw(self, stream: NDArray[np.int64], outputs: int, **asked: Any) -> Steps:
        done = self.chip.steps(stream, len(stream), outputs, **asked)
        self.steps += len(stream)
        self._parity ^= len(stream) & 1
        self.cycles = int(done.cycles[-1])
        return done

    # --- words ----------------------------------------------------------------------------------

    @property
    def network(self) -> Network:
        """A copy of the network with the weights as they are on the chip."""
        return self._network.with_weights(self.weight_vector)

    @property
    def weights(self) -> dict[Edge, float]:
        """The weight of every edge."""
        return dict(zip(self._network.edges, self.weight_vector.tolist(), strict=True))

    @weights.setter
    def weights(self, weights: dict[Edge, float]) -> None:
        vector = self._network.with_weights({**self.weights, **weights}).weight_vector
        self._write("w", self.number.encode(vector, Format.WEIGHT))

    @property
    def weight_vector(self) -> Vector:
        """The weights in the order of ``network.edges``, shape (edges,)."""
        return self.number.decode(self._read("w"), Format.WEIGHT)

    @property
    def sensitivities(self) -> dict[str, Vector]:
        """What the rule keeps from step to step, by name, each in the order of ``network.edges``.

        For TRTRL ``a`` and ``b``; an edge without its reverse has a ``b`` of zero. For RTRL ``p``,
        of shape (units, edges).
        """
        return {name: self.number.decode(self._read(name)) for name in self._stored}

    @sensitivities.setter
    def sensitivities(self, values: Mapping[str, ArrayLike]) -> None:
        for name, given in values.items():
            if name not in self._kept or name == "w":
                known = ", ".join(n for n in self._kept if n != "w") or "none"
                raise UserError(f"sensitivities: the chip keeps no {name!r}. It keeps: {known}.")
            words = np.asarray(given, dtype=np.float64)
            if words.shape != (shape := self._kept[name].place.shape):
                raise UserError(f"sensitivities: {name} has shape {shape} (got {words.shape}).")
            self._write(name, self.number.encode(words))

    @property
    def activations(self) -> Vector:
        """The units' activations of the last step, shape (units,)."""
        words = self.chip.read(0, BANKS[Source.UNIT], self._newest, int(self._units.max()) + 1)
        return self.number.decode(words[self._units])

    @activations.setter
    def activations(self, values: ArrayLike) -> None:
        given = np.asarray(values, dtype=np.float64)
        if given.shape != self._units.shape:
            raise UserError(f"activations: one for each of {len(self._units)} units.")
        for place, word in zip(self._units, self.number.encode(given), strict=True):
            self.chip.write(0, BANKS[Source.UNIT], self._newest + int(place), [word])

    def image(self) -> tuple[Image, int]:
        """Return all words of the chip, and in which half its newest activations lie, 0 or 1."""
        return image.taken(self.chip, self.assembled.program.shape), self._parity

    def load(self, words: Image, parity: int) -> None:
        """Make the chip what another one was when its ``image()`` was taken.

        It goes on as that one did, bit for bit; ``steps`` and ``cycles`` count from zero.
        """
        self.reset()
        if parity:  # a step turns it over; whatever it leaves is written over
            self._run(*self._nothing(), learn=False)
        image.put(self.chip, self.assembled.program.shape, words)
        self.cycles = self.steps = 0

    def _nothing(self) -> tuple[Vector, Vector]:
        return np.zeros((1, len(self._network.inputs))), np.zeros((1, len(self._network.outputs)))

    @property
    def _newest(self) -> int:
        """Where the activations of the last step begin; they change places with every step."""
        return self.assembled.program.shape.half * self._parity

    @property
    def learning_rate(self) -> float:
        """The rate in the chip's register; it can be set between steps."""
        return float(self.number.decode(self._rate, Format.RATE))

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        self._rate = int(encoded_rate(self.number, replace(self.rule, learning_rate=rate)))
        self.chip.set_rate(self._rate)

    @property
    def saturated(self) -> bool:
        """Whether a result was clipped since the chip was reset."""
        return self.chip.saturated

    @contextmanager
    def waveforms(self, path: str | Path) -> Iterator[None]:
        """Record all signals into a VCD file while the block runs."""
        with self.chip.trace(Path(path)):
            yield

    def sections(self) -> tuple[dict[str, slice], list[Section]]:
        """Return what to copy to see all weights and sensitivities, and where it stands then."""
        from myhdl_core.core import Section

        where, sections, first = {}, [], 0
        for name, kept in self._kept.items():
            for lane in range(self.schedule.lanes):
                sections.append(Section(lane, kept.bank, kept.offset, kept.words))
            where[name] = slice(first, first + kept.words * self.schedule.lanes)
            first = where[name].stop
        return where, sections

    def in_network_order(self, name: str, copied: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return an array's words copied from all lanes as (..., edges) or (..., units, edges)."""
        kept = self._kept[name]
        chosen: NDArray[np.int64] = copied[..., kept.lane * kept.words + kept.place]
        return chosen

    def _read(self, name: str) -> NDArray[np.int64]:
        """Read an array through the host port, in network order."""
        if name not in self._kept:
            return np.zeros(len(self._network.edges), dtype=np.int64)
        kept = self._kept[name]
        lanes = range(self.schedule.lanes)
        words = [self.chip.read(lane, kept.bank, kept.offset, kept.words) for lane in lanes]
        return self.in_network_order(name, np.concatenate(words))

    def _write(self, name: str, raw: NDArray[np.int64]) -> None:
        """Write an array, in network order, through the host port."""
        kept = self._kept[name]
        for lane, row in enumerate(kept.by_lane(raw, self.schedule.lanes)):
            self.chip.write(lane, kept.bank, kept.offset, row)
