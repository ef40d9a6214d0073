"""Which chip: for each part and number of lanes whether a network fits, and how fast it learns.

Cycles come from the schedule, which is made for each number of lanes; what of a part is taken comes
from the prediction. A chip that cannot fit any part, by its memories and multipliers alone, is not
scheduled, nor is one whose schedule would take minutes: both are said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import ceil, inf
from typing import Any, NamedTuple

from myhdl_core.assemble import assemble
from myhdl_core.silicon.prediction import Prediction, predicted
from neurosim.learning.rule import Rule
from neurosim.machine.parts import PARTS, Fit, Memory, Part, fit, part_named
from neurosim.model.fixed import Fixed
from neurosim.model.network import Network
from neurosim.schedule import check_lanes
from neurosim.study.costing import Say
from neurosim.study.fit import largest
from neurosim.study.fit.memories import LAYOUTS, memories
from neurosim.study.fit.sizes import Sizes
from neurosim.study.hardware import planned
from neurosim.study.hardware.summary import counted, summarised
from neurosim.study.pareto import front

#: Edges times lanes up to which a schedule is made: beyond, it takes minutes.
MOST_WORK = 200_000
TOO_LARGE = "its schedule would take minutes: ask for fewer lanes, or with --lanes for one number"


@dataclass(frozen=True)
class Choice:
    """A number of lanes on a part.

    Attributes
    ----------
    part
        Name of the part.
    fit
        What the chip takes of it; ``fit.why`` says why it does not fit.
    cycles
        Of a learning step; None where no schedule was made.
    clock_mhz, clock_from
        The clock that was placed or is taken to be reached, and where it is from; None where
        nothing is known.
    exact
        Whether the figures are those of a chip that was scheduled; else they are the least that
        any chip of these lanes takes.
    largest_units
        The most units of a fully recurrent network with as many inputs and outputs whose memories
        and multipliers fit with these lanes; None for rules whose memories have no closed form.
    """

    part: str
    fit: Fit
    cycles: int | None
    clock_mhz: float | None
    clock_from: str
    exact: bool
    largest_units: int | None = None

    @property
    def lanes(self) -> int:
        """How many lanes there are."""
        return self.fit.lanes

    @property
    def fits(self) -> bool:
        """Whether the part has enough of all, as far as that is known."""
        return self.exact and self.fit.fits

    @property
    def steps_per_second(self) -> float | None:
        """Learning steps a second; None where cycles or clock are unknown."""
        if self.cycles is None or self.clock_mhz is None:
            return None
        return 1e6 * self.clock_mhz / self.cycles

    @property
    def rate(self) -> float:
        """Learning steps a second of a chip that fits, to compare; 0 for what is unknown."""
        return (self.steps_per_second or 0.0) if self.fits else 0.0

    @property
    def lacks(self) -> str:
        """What there is too little of, or that nobody planned it; empty where it fits."""
        if self.fits:
            return ""
        if self.fit.why == TOO_LARGE:
            return "not planned"
        if self.fit.blocks > self.fit.blocks_there:
            return "block RAMs"
        return "multipliers" if self.fit.multipliers > self.fit.multipliers_there else "LUTs"

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        found = {**asdict(self), "fit": self.fit.as_dict(), "fits": self.fits, "lacks": self.lacks}
        return {**found, "steps_per_second": self.steps_per_second}


@dataclass(frozen=True)
class Choices:
    """All choices for a network and a rule.

    Attributes
    ----------
    name, rule, number
        What was asked for, in words.
    units
        Of the network.
    choices
        By part, then by lanes.
    """

    name: str
    rule: str
    number: str
    units: int
    choices: tuple[Choice, ...]

    def of(self, part: str) -> tuple[Choice, ...]:
        """Return the choices of a part."""
        return tuple(each for each in self.choices if each.part == part)

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts, in the order asked for."""
        return tuple(dict.fromkeys(each.part for each in self.choices))

    def fastest(self, part: str) -> Choice | None:
        """Return the choice of a part that learns fastest, or with the fewest cycles; or None."""
        fitting = [each for each in self.of(part) if each.fits]
        return max(fitting, key=lambda c: (c.rate, -(c.cycles or 0)), default=None)

    def smallest(self) -> Choice | None:
        """Return the fewest lanes on the part with fewest LUTs that holds them; or None."""
        fitting = [each for each in self.choices if each.fits]
        return min(fitting, key=lambda c: (PARTS[c.part].cells, c.lanes), default=None)

    @property
    def front(self) -> tuple[Choice, ...]:
        """The choices that fit and that none other beats in rate with as few LUTs; fastest last."""
        rated = [each for each in self.choices if each.rate > 0]
        return tuple(front(rated, lambda each: (each.fit.luts, -each.rate)))

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        front = self.front
        rows = [each.as_dict() | {"on_front": each in front} for each in self.choices]
        asked = {"name": self.name, "rule": self.rule, "number": self.number, "units": self.units}
        return {**asked, "choices": rows}


class Placed(NamedTuple):
    """A chip that was placed: its part, its lanes, and the clock that its worst seed reached."""

    part: str
    lanes: int
    mhz: float


def placement_in(record: Mapping[str, Any]) -> Placed | None:
    """Return the placement in a run folder's `hardware.json`; None where none can be read."""
    match record:
        case {
            "lanes": int(lanes),
            "placement": {"part": str(part), "worst_mhz": int() | float() as mhz},
        } if 0 < mhz < inf:
            return Placed(part, lanes, float(mhz))
    return None


def lanes_tried(units: int) -> tuple[int, ...]:
    """Return the lanes that are tried: powers of two, thrice these where they divide, and all."""
    powers = [1 << n for n in range(units.bit_length()) if 1 << n <= units]
    thrice = [3 * p for p in powers if units % (3 * p) == 0]
    return tuple(sorted({*powers, *thrice, units}))


def choices(
    name: str,
    network: Network,
    rule: Rule,
    number: Fixed,
    parts: Iterable[str] = tuple(PARTS),
    lanes: Iterable[int] | None = None,
    known: Sequence[Placed] = (),
    say: Say = lambda text: None,
) -> Choices:
    """Return what each part and number of lanes is good for.

    Parameters
    ----------
    name, network, rule, number
        What is asked for.
    parts
        Names of parts, all by default.
    lanes
        Numbers of lanes; by default those of ``lanes_tried``.
    known
        Placements of this very chip.
    say
        Takes words about what is being done.

    Raises
    ------
    UserError
        When there is no such part, there are more lanes than units, or the rule or the network
        has no place on a chip.
    """
    asked = [part_named(part, "--part") for part in parts]
    tried = lanes_tried(len(network.units)) if lanes is None else tuple(lanes)
    for count in tried:
        check_lanes(network, count)
    chips = []
    for n, count in enumerate(tried):
        say(f"planning {counted(count, 'lane')}, {n + 1} of {len(tried)}")
        chips.append(_chip(network, rule, number, count, asked))
    clocks = {(each.part, each.lanes): each.mhz for each in known}
    found = [_choice(part, chip, number, clocks) for part in asked for chip in chips]
    limits = _limits(network, rule, number, asked, chips, say)
    return Choices(
        name, rule.title, number.name, len(network.units),
        tuple(replace(each, largest_units=limits.get((each.part, each.lanes))) for each in found),
    )  # fmt: skip


def choice_of(network: Network, rule: Rule, number: Fixed, lanes: int, part: Part) -> Choice:
    """Return what one number of lanes on one part is good for, at the part's own clock.

    Parameters and errors are those of ``choices``, which tells the largest networks besides.
    """
    return _choice(part, _chip(network, rule, number, lanes, [part]), number, {})


class _Chip(NamedTuple):
    """A chip of some lanes, as far as it is known."""

    lanes: int
    memories: tuple[Memory, ...]
    cycles: int | None
    predictions: Mapping[str, Prediction]  # by part


def _chip(
    network: Network, rule: Rule, number: Fixed, lanes: int, parts: Iterable[Part]
) -> _Chip:  # fmt: skip
    """Plan a chip, unless it fits no part anyway or takes too long."""
    least = _least(network, number, lanes)
    hopeful = any(fit(part, least, lanes, number).fits for part in parts)
    if not hopeful or len(network.edges) * lanes > MOST_WORK:
        return _Chip(lanes, least, None, {})
    assembled = assemble(planned(network, rule, number, lanes), number)
    kept = summarised("", assembled, number, False).memories
    predictions = {part.name: predicted(assembled.program, kept, part) for part in parts}
    return _Chip(lanes, kept, assembled.learning.cycles, predictions)


def _least(network: Network, number: Fixed, lanes: int) -> tuple[Memory, ...]:
    """Return memories that any chip of so many lanes has: what its edges need, and three banks.

    In the step forward, a lane's table tells the edge and the unit of each of its products.
    """
    rows = ceil(len(network.edges) / lanes)
    entry = (rows - 1).bit_length() + (len(network.units) - 1).bit_length()
    return (
        Memory("weights", lanes, rows, number.weight_bits),
        Memory("x, y and units", 3 * lanes, 1, number.word_bits),
        Memory("table", lanes, rows, entry, rom=True),
    )


def _choice(
    part: Part, chip: _Chip, number: Fixed, clocks: Mapping[tuple[str, int], float]
) -> Choice:  # fmt: skip
    """Return how a chip is on a part."""
    exact = chip.cycles is not None
    luts = chip.predictions[part.name].lut_sites if exact else 0
    found = fit(part, chip.memories, chip.lanes, number, luts)
    if not exact and found.fits:
        found = replace(found, why=TOO_LARGE)
    mhz = clocks.get((part.name, chip.lanes))
    source = "placed" if mhz else part.clock_source
    return Choice(part.name, found, chip.cycles, mhz or part.clock_mhz or None, source, exact)


def _limits(
    network: Network, rule: Rule, number: Fixed, parts: Sequence[Part], chips: Sequence[_Chip],
    say: Say,
) -> dict[tuple[str, int], int]:  # fmt: skip
    """Return the largest fully recurrent network by part and lanes, where it has a closed form.

    A rule has it when the closed form gives the memories of the chips that were planned for the
    fully recurrent network of this size; of other networks it says nothing.
    """
    if rule.name not in LAYOUTS:
        return {}
    units, outputs, inputs = len(network.units), len(network.outputs), len(network.inputs)
    if len(network.edges) != units * (units + inputs + 1):
        return {}
    for chip in chips:
        if chip.cycles is not None:
            formula = memories(rule.name, Sizes(units, chip.lanes, outputs, inputs), number)
            if formula != chip.memories:
                return {}
    say("looking for the largest networks")
    return {
        (part.name, chip.lanes): largest(rule.name, part, number, chip.lanes, outputs, inputs)
        for part in parts
        for chip in chips
    }
