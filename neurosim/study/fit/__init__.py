"""Which chip for which rule: what a fully recurrent network takes of a part, in closed form.

The figures are those of the chip that would be planned, without planning it; the tests hold them
against chips that were.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from neurosim.errors import UserError
from neurosim.learning import Census
from neurosim.machine.parts import Fit, Part, fit, part_named
from neurosim.model.arithmetic import Number
from neurosim.model.fixed import Fixed
from neurosim.study.fit.memories import memories
from neurosim.study.fit.sizes import Sizes

# Lanes that are tried where none are asked for, most first.
LANES = (8, 4, 2, 1)


class Row(NamedTuple):
    """A rule on a part: what a network takes, and the largest network that fits.

    Attributes
    ----------
    part, rule, units
        What was asked.
    fit
        How the network fits.
    largest_units
        The most units that fit with as few lanes as that takes.
    """

    part: str
    rule: str
    units: int
    fit: Fit
    largest_units: int

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "part": self.part,
            "rule": self.rule,
            "units": self.units,
            "fits": self.fit.fits,
            "lanes": self.fit.lanes,
            "block_rams": self.fit.blocks,
            "block_rams_there": self.fit.blocks_there,
            "multipliers": self.fit.multipliers,
            "multipliers_there": self.fit.multipliers_there,
            "largest_units": self.largest_units,
        } | ({} if self.fit.fits else {"why": self.fit.why})


def of_census(
    census: Census, rules: Iterable[str], parts: Iterable[str], number: Number | None = None
) -> tuple[Row, ...]:
    """Return every rule on every part for a network, and how large one like it could be.

    A number that is no fixed point stands for ``Fixed()``, as it does for a chip.

    Raises
    ------
    UserError
        When the network is not fully recurrent, there is no such part, or a rule has no program.
    """
    units, inputs = census.n, sum(len(kind.numbers) for kind in census.inputs)
    if census.edges != units * (units + inputs + 1):
        raise UserError(
            "parts: are compared for fully recurrent networks with a bias, which this one is not."
            " `neurosim hardware NAME --part PART` plans a chip for any."
        )
    chosen = number if isinstance(number, Fixed) else Fixed()
    return rows(rules, parts, units, chosen, census.k, inputs)


def rows(
    rules: Iterable[str],
    parts: Iterable[str],
    units: int,
    number: Fixed | None = None,
    outputs: int = 1,
    inputs: int = 1,
) -> tuple[Row, ...]:
    """Return every rule on every part, by rule.

    Parameters are those of ``fits``; parts go by name.

    Raises
    ------
    UserError
        When there is no such part, or a rule has no program for a chip.
    """
    chosen = [part_named(name, "parts:") for name in parts]
    return tuple(
        Row(
            part.name, rule, units, fits(rule, part, units, number, None, outputs, inputs),
            largest(rule, part, number, None, outputs, inputs),
        )
        for rule in rules
        for part in chosen
    )  # fmt: skip


def fits(
    rule: str,
    part: Part,
    units: int,
    number: Fixed | None = None,
    lanes: int | None = None,
    outputs: int = 1,
    inputs: int = 1,
) -> Fit:
    """Return what a fully recurrent network takes of a part, and whether it fits.

    Parameters
    ----------
    rule
        Name of a rule that has a program for a chip.
    part
        Which part.
    units, outputs, inputs
        Of the network, which has a bias besides.
    number
        ``Fixed()`` by default.
    lanes
        Multipliers that share the units; by default the most of 8, 4, 2 and 1 with which it fits.

    Raises
    ------
    UserError
        When the rule has no such program, or the numbers contradict each other.
    """
    if lanes is None:
        tried = [each for each in LANES if each <= units]
        found = (fits(rule, part, units, number, each, outputs, inputs) for each in tried)
        return next(each for each in found if each.fits or each.lanes == 1)
    number = number or Fixed()
    taken = memories(rule, Sizes(units, lanes, outputs, inputs), number)
    return fit(part, taken, lanes, number)


def largest(
    rule: str,
    part: Part,
    number: Fixed | None = None,
    lanes: int | None = None,
    outputs: int = 1,
    inputs: int = 1,
) -> int:
    """Return the most units of a fully recurrent network that fit, by bisection; 0 for none.

    Parameters are those of ``fits``. Networks of fewer units than lanes or outputs do not count.
    """

    def good(units: int) -> bool:
        tried = LANES[::-1] if lanes is None else (lanes,)
        chips = (fits(rule, part, units, number, n, outputs, inputs) for n in tried if n <= units)
        return any(chip.fits for chip in chips)

    low = max(2, outputs, lanes or 1)
    if not good(low):
        return 0
    while good(2 * low):
        low *= 2
    high = 2 * low
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if good(middle) else (low, middle)
    return low
