"""What a unit is beyond its edges: its kind, how it leaks, and which function it computes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any, NamedTuple

from neurosim.errors import UserError, nearest
from neurosim.model.activation import activation_named
from neurosim.model.kinds import GATES, KINDS, LIF, PLAIN


class Traits(NamedTuple):
    """What the attributes of a node say about its unit.

    Attributes
    ----------
    leak
        a in ``y <- (1 - a) y + a f(s)``, above 0 and at most 1; a unit with 1 forgets at once.
    activation
        Name of f.
    kind
        One of ``KINDS``.
    gates
        Names of the units that act on it within a tick, in the order of its kind.
    """

    leak: float
    activation: str
    kind: str = PLAIN
    gates: tuple[str, ...] = ()

    def changed(self, standard: Traits) -> dict[str, Any]:
        """Return the attributes of a node that make it so in a network with a standard."""
        found = {
            key: getattr(self, key)
            for key in ("leak", "activation", "kind")
            if getattr(self, key) != getattr(standard, key)
        }
        return {**found, **dict(zip(KINDS[self.kind].gates, self.gates, strict=True))}


ATTRIBUTES = ("leak", "activation", "kind", *GATES)


def traits_of(
    units: Iterable[str], given: Mapping[str, Mapping[Any, Any]], standard: Traits
) -> tuple[Traits, ...]:
    """Return the traits of all units, in their order.

    Parameters
    ----------
    units
        Names of the units.
    given
        Attributes of nodes, by name; nodes without any may be left out.
    standard
        What a unit is whose node says nothing.

    Raises
    ------
    UserError
        When an attribute is not what it should be; names the node.
    """
    named = tuple(units)
    _only_units(set(named), given)
    found = tuple(_of(unit, given.get(unit, {}), standard) for unit in named)
    levels(dict(zip(named, found, strict=True)))
    return found


def attributes_of(given: Mapping[Any, Any], where: str) -> dict[str, Any]:
    """Return those attributes of a node that say what its unit is, checked.

    ``where`` begins the message of the ``UserError`` that says which is not what it should be.
    """
    checked: dict[str, Any] = {key: str(given[key]) for key in GATES if given.get(key)}
    if "leak" in given:
        checked["leak"] = checked_leak(given["leak"], f"{where}: leak")
    if "activation" in given:
        try:
            checked["activation"] = activation_named(given["activation"]).name
        except UserError as error:
            raise UserError(f"{where}: {error}") from None
    if "kind" in given:
        checked["kind"] = _checked_kind(given["kind"], where)
    return checked


def checked_leak(given: object, where: str = "leak") -> float:
    """Return a leak as a float above 0 and at most 1."""
    if isinstance(given, Real) and not isinstance(given, bool):
        leak = float(given)
        if 0 < leak <= 1:
            return leak
    raise UserError(f"{where}: must be a number above 0 and at most 1 (got {given!r:.40}).")


def levels(traits: Mapping[str, Traits]) -> dict[str, int]:
    """Return how many units act on each one after the other within a tick, by name.

    Raises
    ------
    UserError
        When a gate is no unit, or acts on itself in the end.
    """
    found: dict[str, int] = {}
    for unit in traits:
        _level(unit, traits, found, ())
    return found


def _level(
    unit: str, traits: Mapping[str, Traits], found: dict[str, int], through: tuple[str, ...]
) -> int:
    if unit in through:
        raise UserError(f"unit {unit}: acts on itself within a tick. Name another gate.")
    if unit not in found:
        each = traits[unit]
        for role, gate in zip(KINDS[each.kind].gates, each.gates, strict=True):
            if gate not in traits:
                guess = nearest(gate, traits)
                raise UserError(f"unit {unit}: {role} {gate} is no unit.{guess} Add it.")
        below = (_level(gate, traits, found, (*through, unit)) for gate in each.gates)
        found[unit] = 1 + max(below, default=-1)
    return found[unit]


def _only_units(units: set[str], given: Mapping[str, Mapping[Any, Any]]) -> None:
    for node, attributes in given.items():
        for key in ATTRIBUTES:
            if key in attributes and node not in units:
                raise UserError(f"node {node}: has {key}, but is no unit. Drop the attribute.")


def _of(unit: str, given: Mapping[Any, Any], standard: Traits) -> Traits:
    """Return the traits of a unit from the attributes of its node."""
    checked = attributes_of(given, f"unit {unit}")
    name = checked.get("kind", PLAIN)
    kind = KINDS[name]
    for role in GATES:
        if (role in checked) != (role in kind.gates):
            what = f"needs {role}, the name of a unit" if role in kind.gates else f"has no {role}"
            raise UserError(f"unit {unit}: kind {name} {what}. Correct the node.")
    if kind.activation is None:
        leak = checked.get("leak", standard.leak)
        return Traits(leak, checked.get("activation", standard.activation), name)
    if checked.get("activation", kind.activation) != kind.activation:
        raise UserError(
            f"unit {unit}: the function of kind {name} is {kind.activation}. Leave activation out."
        )
    if name == LIF:
        return Traits(checked.get("leak", standard.leak), kind.activation, name)
    if checked.get("leak", 1.0) != 1.0:
        raise UserError(f"unit {unit}: kind {name} has no leak. Leave it out.")
    return Traits(1.0, kind.activation, name, tuple(checked[role] for role in kind.gates))


def _checked_kind(given: object, where: str) -> str:
    if given not in tuple(KINDS):
        guess, known = nearest(str(given), KINDS), ", ".join(KINDS)
        raise UserError(f"{where}: kind {given!r:.40}: unknown.{guess} Choose one of: {known}.")
    return str(given)
