"""Running the passes of a schedule on a chip's banks, a pass at a time, as NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from neurosim.model.arithmetic import Array, Format, Number
from neurosim.model.arithmetic import Operand as Numbers
from neurosim.model.network import Network
from neurosim.schedule import Act, Operand, Pass, Schedule, Source

BoundPass = Callable[[], None]
Places = tuple[Array, Array]  # lane, address


class Chip:
    """The banks of all lanes, and where a network's words lie in them.

    The halves of the unit bank that hold the activations of the step before and of this one
    change places at the end of a step; here their words are moved, which is the same.
    """

    def __init__(self, plan: Schedule, number: Number, rate: Array, initial: Array) -> None:
        self.plan, self.number, self.rate = plan, number, rate
        placement, lanes = plan.placement, plan.lanes
        self.bank = {
            source: np.zeros((1 if source is Source.UNIT else lanes, depth), dtype=number.dtype)
            for source, depth in placement.depths.items()
        }
        network: Network = plan.network
        self.units = network.neurons[: len(network.units)]
        self._edge_lane, self._edge = placement.by_edge()
        self.scalar = np.zeros(lanes, dtype=number.dtype)
        self._places = np.array([placement.place[u.number] for u in self.units])
        self._outputs = [placement.place[network.numbers[o]] for o in network.outputs]
        weights = number.encode(network.weight_vector, Format.WEIGHT)
        self.bank[Source.WEIGHT][self._edge_lane, self._edge] = weights
        self._array("y.old")[self._places] = number.encode(initial)
        if any(u.has_bias for u in self.units):
            self._array("y.old")[placement.places + len(network.inputs)] = number.encode(1.0)

    @property
    def state(self) -> dict[str, Array]:
        """All words of the chip, in arrays that are changed in place."""
        banks = {f"bank {source.name}": words for source, words in self.bank.items()}
        return {**banks, "scalar": self.scalar}

    def take(self, x: Array, target: Array) -> None:
        """Write a sample's words into the unit bank."""
        first = self.plan.placement.places
        self._array("y.old")[first : first + len(x)] = x
        self._array("target")[: len(target)] = target

    def outputs(self, name: str) -> Array:
        """Read an array of the unit bank at the outputs."""
        return self._array(name)[self._outputs].copy()

    def turn(self) -> None:
        """End a step: what is new becomes old."""
        self._array("y.old")[self._places] = self._array("y.new")[self._places]

    def by_edge(self, name: str) -> Array:
        """Read an array with one word an edge, in network order; zeros where there is none."""
        if name == "w":
            weights: Array = self.bank[Source.WEIGHT][self._edge_lane, self._edge]
            return weights
        if name not in self.plan.placement.banks:
            return np.zeros(len(self._edge), dtype=self.number.dtype)
        offset = self.plan.placement.offsets[name]
        bank = self.bank[self.plan.placement.banks[name]]
        words: Array = bank[self._edge_lane, self._edge + offset]
        return words

    def _array(self, name: str) -> Array:
        """Return the unit bank from an array's first word on."""
        return self.bank[Source.UNIT][0, self.plan.placement.offsets[name] :]

    def read(self, operand: Operand, places: Places, units: Array) -> Numbers:
        """Read an operand of many slots at once."""
        number, offsets = self.number, self.plan.placement.offsets
        if operand.source is Source.RATE:
            return Numbers(np.broadcast_to(self.rate, units.shape), Format.RATE)
        if operand.source is Source.MINUS_ONE:
            return Numbers(np.broadcast_to(number.encode(-1.0), units.shape), Format.WORD)
        if operand.source is Source.WEIGHT:
            return Numbers(self.bank[Source.WEIGHT][places], Format.WEIGHT)
        if operand.source is Source.UNIT:
            return Numbers(self.bank[Source.UNIT][0, units + offsets[operand.array]], Format.WORD)
        lane, edge = places
        words = self.bank[operand.source][lane, edge + offsets[operand.array] + operand.shift]
        return Numbers(words, Format.ACCUMULATOR if operand.wide else Format.WORD)


def bound(burst: Pass, chip: Chip) -> BoundPass:
    """Return a function that does a pass on a chip."""
    if burst.take or burst.give:
        return lambda: None
    slots = _slots(burst)
    ride = _bind_ride(burst, chip)
    send = _bind_send(burst, chip)
    compute = _bind_compute(burst, chip, slots)

    def run() -> None:
        ride()
        send()
        compute()

    return run


def _slots(burst: Pass) -> Array:
    """List multiplying slots: lane, edge, unit, own unit, edge of the LOAD, last; (6, slots)."""
    found = []
    for lane, walk in enumerate(burst.active):
        own = edge = 0
        for slot in walk:
            if slot.act is Act.LOAD:
                own, edge = slot.unit, slot.edge
            elif slot.act >= Act.WORD:
                found.append((lane, slot.edge, slot.unit, own, edge, slot.act is Act.LAST))
                own += slot.act is Act.LAST
    return np.array(found, dtype=np.int64).reshape(-1, 6).T


def _bind_compute(burst: Pass, chip: Chip, slots: Array) -> BoundPass:
    places, units, own = (slots[0], slots[1]), slots[2], slots[3]
    if burst.left is None and burst.scalar is not None:
        return _bind_load(burst, burst.scalar, chip)
    if burst.left is None or burst.right is None or burst.to is None or not slots.size:
        return lambda: None
    left, right, to = burst.left, burst.right, burst.to
    loads = (slots[0], slots[4])
    ends = np.flatnonzero(slots[5])
    starts = [0, *(ends[:-1] + 1).tolist()]
    form = Format.WEIGHT if to.source is Source.WEIGHT else Format.WORD
    form = Format.ACCUMULATOR if to.wide else form

    def operand(which: Operand) -> Numbers:
        if which.source is not Source.SCALAR:
            return chip.read(which, places, units)
        if burst.scalar is None:  # an earlier pass loaded it
            return Numbers(chip.scalar[places[0]], Format.WORD)
        return chip.read(burst.scalar, loads, own)

    def run() -> None:
        a: Numbers = operand(left)
        b: Numbers | None = operand(right)
        if burst.subtract:  # minus (minus one times a word): the word itself
            assert b is not None
            a, b = b, None
        plus = None if burst.plus is None else operand(burst.plus)
        if burst.dot:
            words = np.concatenate(
                [_total(chip, a, b, s, e) for s, e in zip(starts, ends.tolist(), strict=True)]
            )
        else:
            words = chip.number.combine(form, a, b, plus, summed=False)
        _write(burst, chip, places, units, own, ends, words)

    return run


def _bind_load(burst: Pass, scalar: Operand, chip: Chip) -> BoundPass:
    """Fill the lanes' scalar registers for passes to come."""
    loads = [
        (lane, slot.edge, slot.unit)
        for lane, walk in enumerate(burst.walks)
        for slot in walk
        if slot.act is Act.LOAD
    ]
    lane, edge, unit = np.array(loads, dtype=np.int64).reshape(-1, 3).T

    def run() -> None:
        chip.scalar[lane] = _as_words(chip, chip.read(scalar, (lane, edge), unit))

    return run


def _total(chip: Chip, a: Numbers, b: Numbers | None, start: int, end: int) -> Array:
    run = slice(start, end + 1)
    one = Numbers(a.words[run], a.form)
    other = None if b is None else Numbers(b.words[run], b.form)
    return chip.number.combine(Format.WORD, one, other, None, summed=True)


def _write(
    burst: Pass, chip: Chip, places: Places, units: Array, own: Array, ends: Array, words: Array
) -> None:  # fmt: skip
    assert burst.to is not None
    offset = chip.plan.placement.offsets.get(burst.to.array, 0) + burst.to.shift
    if burst.to.source is not Source.UNIT:
        lane, edge = places
        chip.bank[burst.to.source][lane, edge + offset] = words
        return
    to = units if burst.to_unit else own[ends] if burst.dot else own
    if burst.activate:
        y, slope = chip.number.activate(chip.plan.network.activation, words)
        chip.bank[Source.UNIT][0, to + chip.plan.placement.offsets["y.new"]] = y
        words = slope
    chip.bank[Source.UNIT][0, to + offset] = words


def _bind_send(burst: Pass, chip: Chip) -> BoundPass:
    """Words of memories that go to the unit bank over the bus."""
    sends = [
        (lane, slot.edge, slot.unit)
        for lane, walk in enumerate(burst.walks)
        for slot in walk
        if burst.sends(slot, lane)
    ]
    if not sends or burst.send is None:
        return lambda: None
    lane, edge, unit = np.array(sends).T
    to = unit + chip.plan.placement.offsets[burst.send_to]
    source = burst.send

    def run() -> None:
        chip.bank[Source.UNIT][0, to] = _as_words(chip, chip.read(source, (lane, edge), unit))

    return run


def _bind_ride(burst: Pass, chip: Chip) -> BoundPass:
    """Weights that go to other lanes over the rotator."""
    if not burst.ride:
        return lambda: None
    late = len(burst.walks[0]) - len(burst.turns)
    lanes, offset = len(burst.walks), chip.plan.placement.offsets[burst.ride]
    moves = [
        (
            lane,
            walk[n].edge,
            (lane + turn) % lanes,
            burst.walks[(lane + turn) % lanes][n + late].unit,
        )
        for n, turn in enumerate(burst.turns)
        for lane, walk in enumerate(burst.walks)
        if walk[n].act is not Act.IDLE
    ]
    lane, edge, far, place = np.array(moves, dtype=np.int64).reshape(-1, 4).T
    bank = chip.bank[chip.plan.placement.banks[burst.ride]]

    def run() -> None:
        sent = chip.read(Operand(Source.WEIGHT), (lane, edge), edge)
        bank[far, place + offset] = _as_words(chip, sent)

    return run


def _as_words(chip: Chip, numbers: Numbers) -> Array:
    """Return weights as the multiplier sees them, which is how they travel."""
    return chip.number.operand(numbers.words) if numbers.form is Format.WEIGHT else numbers.words
