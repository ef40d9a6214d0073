"""A fully recurrent network on the lanes of a chip: its sizes, and those of its passes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import ceil

from neurosim.errors import UserError
from neurosim.study.fit.runs import Run, Strung, spoken, strung, summed


@dataclass(frozen=True)
class Sizes:
    """A fully recurrent network with a bias on lanes, as ``schedule/placement.py`` places it.

    Attributes
    ----------
    units, lanes, outputs, inputs
        How many there are of each.
    """

    units: int
    lanes: int
    outputs: int = 1
    inputs: int = 1

    def __post_init__(self) -> None:
        if self.units < 2:
            raise UserError(f"units: must be 2 at least (got {self.units}).")
        for name in ("lanes", "outputs"):
            if not 1 <= (got := getattr(self, name)) <= self.units:
                raise UserError(f"{name}: must be from 1 to {self.units:,}, the units (got {got}).")

    @property
    def edges_each(self) -> int:
        """Edges of a unit: from every unit, every input and the bias."""
        return self.units + self.inputs + 1

    @property
    def edges(self) -> int:
        """Edges of the network."""
        return self.units * self.edges_each

    @property
    def hosts(self) -> int:
        """Units of the fullest lane."""
        return ceil(self.units / self.lanes)

    @property
    def full_lanes(self) -> int:
        """Lanes that have so many; the others have one unit less."""
        return self.units - self.lanes * (self.hosts - 1)

    @property
    def lane_edges(self) -> int:
        """Edges of the fullest lane."""
        return self.hosts * self.edges_each

    @property
    def output_hosts(self) -> int:
        """Outputs of the lane with most of them."""
        return ceil(self.outputs / self.lanes)

    @property
    def places(self) -> int:
        """Words of an array with one word a unit."""
        return self.lanes * self.hosts

    @property
    def last_place(self) -> int:
        """The last place in such an array that a unit has."""
        return self.places - 1 - (self.full_lanes < self.lanes)

    def array_at(self, arrays: int) -> int:
        """Return where an array of the unit bank begins that has so many before it.

        Before them are the activations of two steps, each in a power of two of words.
        """
        return 2 * (1 << (self.places + self.inputs).bit_length()) + arrays * self.places

    # --- passes ---------------------------------------------------------------------------------

    @cached_property
    def turns(self) -> int:
        """Cycles in which the rotator carries the weight of every edge to the edge's reverse.

        All lanes turn by one number of lanes until the fullest pair of lanes is done.
        """
        pair, full = self.hosts * (self.hosts - 1), self.full_lanes
        far = sum(min(turn, self.lanes - turn) < full for turn in range(1, self.lanes))
        return pair * self.lanes + self.hosts * far

    @cached_property
    def forward(self) -> Strung:
        """The forward pass, in which sums wait for the activation unit."""
        return self._strung(self.units, lambda host: summed(self.edges_each, host, True))

    @cached_property
    def forward_with_loops(self) -> Strung:
        """The same, where each unit's weight to itself goes over the bus meanwhile."""
        return self._strung(self.units, lambda host: summed(self.edges_each, host, True, True))

    @cached_property
    def error(self) -> Strung:
        """The pass that computes the outputs' errors, one at a time on the bus."""
        return self._strung(self.outputs, lambda host: spoken(1))

    @cached_property
    def blame(self) -> Strung:
        """The pass in which outputs send their share of the error to all units."""
        return self._strung(self.outputs, lambda host: spoken(self.units))

    @cached_property
    def blame_sum(self) -> Strung:
        """The pass in which every unit adds up what it was sent."""
        return self._strung(self.units, lambda host: summed(self.outputs, host))

    def _strung(self, units: int, run_of: Callable[[int], Run]) -> Strung:
        """String the runs of the first units together on the lanes that serve them."""
        return strung((unit % self.lanes, run_of(unit // self.lanes)) for unit in range(units))
