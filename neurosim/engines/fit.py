"""Whether a network, a rule and a number format go together."""

from __future__ import annotations

from neurosim.errors import UserError
from neurosim.learning import RULES
from neurosim.learning.rule import Rule
from neurosim.model.arithmetic import Number
from neurosim.model.fixed import Fixed
from neurosim.model.kinds import LIF
from neurosim.model.loss import CROSS_ENTROPY
from neurosim.model.network import Network


def check_fit(network: Network, rule: Rule, number: Number) -> None:
    """Return when a network can learn by a rule in these numbers.

    Raises
    ------
    UserError
        When it cannot; says what to change.
    """
    for unit, traits in zip(network.units, network.traits, strict=True):
        if traits.kind not in rule.kinds:
            able = ", ".join(name for name, other in RULES.items() if traits.kind in other.kinds)
            raise UserError(
                f"network {network.name}: unit {unit} is of kind {traits.kind}, which {rule.title}"
                f" has no gradient for. Rules that have: {able}."
            )
        if traits.kind == LIF and float(number.decode(number.encode(1.0))) < 1.0:
            raise UserError(
                f"network {network.name}: unit {unit} spikes at 1, and {number.name} ends below."
                " Give fewer fraction_bits, or learn in Float()."
            )
    rule.accepts(number)
    rule.optimizer.accepts(number)
    if network.loss == CROSS_ENTROPY and isinstance(number, Fixed):
        raise UserError(
            f"network {network.name}: loss {CROSS_ENTROPY} needs exponentials and a division, which"
            f" {number.name} does not have. Learn in Float(), or by loss squared."
        )
