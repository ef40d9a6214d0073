"""What rules that draw random signs have in common: a seed, floats, and a choice of readout."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Self

from neurosim.errors import UserError, nearest
from neurosim.learning import checking
from neurosim.learning.rule import Rule, needs_float
from neurosim.model.arithmetic import Number

READOUTS = ("state", "one_hop")


@dataclass(frozen=True)
class Drawing(Rule):
    """A rule that keeps an estimate P of all sensitivities, right on average over random signs.

    Attributes
    ----------
    seed
        Draws the signs, together with the seed of a run.
    readout
        ``state`` reads the gradient from the outputs' sensitivities, ``g = sum_o e_o P^o``, and
        ``one_hop`` from all of the step before, ``g = sum_l q_l P^l + v_i z_j``: the hop is then
        exact, and only what came before it is estimated.
    """

    seed: int = 0
    readout: Literal["state", "one_hop"] = "state"

    def __post_init__(self) -> None:
        super().__post_init__()
        name = type(self).__name__
        checking.whole(f"{name}.seed", self.seed)
        if self.readout not in READOUTS:
            raise UserError(
                f"{name}.readout: must be one of {', '.join(READOUTS)}"
                f" (got {self.readout!r}).{nearest(str(self.readout), READOUTS)}"
            )

    @property
    def _hop(self) -> bool:
        return self.readout == "one_hop"

    def with_seed(self, seed: int) -> Self:
        """Return the rule with the seed of a run added to its own."""
        return replace(self, seed=self.seed + seed)

    def accepts(self, number: Number) -> None:
        """Return when the number is a float."""
        needs_float(self, number)
