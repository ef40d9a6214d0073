"""A whole step on a chip of lanes: what ``schedule`` makes of a network and a rule."""

from __future__ import annotations

from dataclasses import dataclass, replace

from neurosim.errors import UserError
from neurosim.learning.rtrl import RTRL
from neurosim.learning.rule import Rule
from neurosim.machine.description import Fabric
from neurosim.model.kinds import PLAIN
from neurosim.model.loss import SQUARED
from neurosim.model.network import Network
from neurosim.model.operations import Activate, Dot
from neurosim.schedule.bursts import Bursts, Frame
from neurosim.schedule.lowering import NEW, OLD, Kind, Lowering
from neurosim.schedule.passes import Pass, Source
from neurosim.schedule.placement import Placement, place_neurons, two_banks
from neurosim.schedule.programs import Programs, Together
from neurosim.schedule.timing import Timed, timed
from neurosim.schedule.walks import burst, can_ride, carrier, give, rotated, take


@dataclass(frozen=True)
class Schedule:
    """A step as a fixed sequence of passes.

    Attributes
    ----------
    network, rule
        What runs; the rule is the one that the chip runs, in its placement of words.
    placement
        Where neurons, arrays and words lie.
    steps
        The passes with their first cycles, in the order of issue.
    cycles
        Of the whole step, until everything that it wrote can be read.
    """

    network: Network
    rule: Rule
    placement: Placement
    steps: tuple[Timed, ...]
    cycles: int

    @property
    def lanes(self) -> int:
        """How many lanes there are."""
        return len(self.placement.lanes)

    @property
    def phases(self) -> tuple[tuple[int, str], ...]:
        """The cycles in which another phase of the program begins, and which."""
        found: list[tuple[int, str]] = []
        for each in self.steps:
            if not found or found[-1][1] != each.burst.phase:
                found.append((each.start, each.burst.phase))
        return tuple(found)

    @property
    def multiplications(self) -> int:
        """Products that the step needs; a lane that has nothing to add may do more."""
        return self.rule.cost(self.network).multiplications

    @property
    def utilisation(self) -> float:
        """Products needed over what the multipliers could have done."""
        return self.multiplications / (self.lanes * self.cycles)


def schedule(
    network: Network, rule: Rule, lanes: int, fabric: Fabric | None = None,
    like: Schedule | None = None,
) -> Schedule:  # fmt: skip
    """Schedule a step of a rule on lanes.

    ``like`` is another schedule of the same network, to share its memories and its walks.

    Raises
    ------
    UserError
        When the rule does something that the chip has no means for; names the operation.
    """
    fabric = fabric or Fabric()
    check_lanes(network, lanes)
    _check_units(network)
    _check_optimizer(rule)
    on_chip = rule.placed("owner")
    frame = Frame(rule.learning_rate) if isinstance(on_chip, RTRL) else on_chip
    programs = Programs(network, frame)
    placement = like.placement if like else place_neurons(programs.units, lanes)
    lowering = Lowering(programs, placement)
    if like is None:
        _lay_out(programs, lowering)
    passes = _passes(programs, lowering, fabric)
    if like is not None:
        passes = [_along(like, made) for made in passes]
    if isinstance(frame, Frame):
        bursts = Bursts(lowering)
        bursts.lay_out()
        passes[-1:-1] = bursts.passes()
    steps, cycles = timed(passes, fabric)
    return Schedule(network, on_chip, placement, steps, cycles)


def _along(like: Schedule, made: Pass) -> Pass:
    """Return a pass with the walks of one that does the same, and may send words besides."""
    for other in (each.burst for each in like.steps):
        alike = replace(other, walks=made.walks, send=made.send, send_to=made.send_to)
        if alike == made and other.length <= made.length:
            return replace(made, walks=other.walks)
    return made


def _check_optimizer(rule: Rule) -> None:
    """Return when weights move along the gradient, as the datapath moves them."""
    if rule.moves and not rule.optimizer.plain:
        raise UserError(
            f"{rule.title}: optimizer {rule.optimizer.title} has no place on the chip: its datapath"
            " moves weights along the gradient itself. Use the plain one, or another machine."
        )


def check_lanes(network: Network, lanes: int) -> None:
    """Refuse a number of lanes that a network has no units for."""
    if not 1 <= lanes <= len(network.units):
        raise UserError(
            f"lanes: must be from 1 to {len(network.units)}, the units of {network.name}"
            f" (got {lanes})."
        )


def _check_units(network: Network) -> None:
    """Return when all units are alike, and have a function that the activation table holds."""
    if network.loss != SQUARED:
        raise UserError(
            f"network {network.name}: loss {network.loss} has no place on the chip. Use loss"
            f" {SQUARED}, or another machine."
        )
    if network.fixed.any():
        source, unit = network.edges[int(network.fixed.argmax())]
        raise UserError(
            f"network {network.name}: edge {source} -> {unit} is fixed, and the chip learns every"
            " weight. Leave out fixed, or use another machine."
        )
    for unit, traits in zip(network.units, network.traits, strict=True):
        if traits.kind != PLAIN:
            raise UserError(
                f"network {network.name}: unit {unit} is of kind {traits.kind}, which has no place"
                " on the chip. Use another machine."
            )
    for unit, traits in zip(network.units, network.traits, strict=True):
        if traits.leak != 1.0 or traits.activation not in ("tanh", "logistic"):
            what = "leaks" if traits.leak != 1.0 else f"is {traits.activation}"
            reason = f"{what}, which has no place on the chip"
        elif traits.activation != network.activation:
            reason = f"is {traits.activation}, and the chip's one table is {network.activation}"
        else:
            continue
        raise UserError(f"network {network.name}: unit {unit} {reason}. Use another machine.")


def _lay_out(programs: Programs, lowering: Lowering) -> None:
    """Give every array its bank and place."""
    placement, units = lowering.placement, lowering.placement.places
    half = 1 << (units + len(programs.network.inputs)).bit_length()
    placement.add(OLD, Source.UNIT, half)
    placement.add(NEW, Source.UNIT, half)
    together = [lowering.edge_arrays(t.example) for t in programs.together]
    arrays = set().union(*together)
    for each in programs.together:
        if not isinstance(each.example, Activate):
            kind, name, _ = lowering.meaning(each.example.to)
            if kind is Kind.EDGE and name not in lowering.heard:
                arrays.add(name)
            elif kind is Kind.OWN and name != "s":
                placement.add(name, Source.UNIT, units)
        else:
            placement.add(each.example.slope.memory, Source.UNIT, units)
    for kind_ in lowering.loops:
        placement.add(kind_, Source.UNIT, units)
    for inbox in lowering.heard.values():
        most = max(len(r.along) for (name, _), r in programs.mail.receives.items() if name == inbox)
        placement.add(inbox, Source.UNIT, most * units)
    for own in sorted(_own_words(programs, lowering)):
        placement.add(own, Source.UNIT, units)
    placement.add("target", Source.UNIT, len(programs.network.outputs))
    fixed = dict.fromkeys(lowering.exchanged, Source.Y)
    banks = _banks(programs, lowering, arrays, together, fixed)
    placement.banks.update(banks)
    for array in sorted(banks):
        spare = 1 if array in lowering.exchanged else 0  # where words go that nobody awaits
        placement.add(array, banks[array], placement.edges + spare)
    placement.depths.setdefault(Source.X, 1)
    placement.depths.setdefault(Source.Y, 1)
    placement.depths[Source.WEIGHT] = placement.edges


def _own_words(programs: Programs, lowering: Lowering) -> set[str]:
    """Words of the units that are read but never written, such as q where nobody blames."""
    read = set()
    for each in programs.together:
        if isinstance(each.example, Activate):
            continue
        for words in (each.example.a, each.example.b, each.example.plus):
            if words is not None:
                kind, array, _ = lowering.meaning(words)
                if kind in (Kind.OWN, Kind.SOURCE) and array not in (OLD, NEW, "target"):
                    read.add(array)
    return read


def _banks(
    programs: Programs,
    lowering: Lowering,
    arrays: set[str],
    together: list[frozenset[str]],
    fixed: dict[str, Source],
) -> dict[str, Source]:
    """Colour the arrays, with what rides on a pass apart from its results if that can be."""
    apart = [
        frozenset((inbox, each.example.to.memory))
        for each in programs.together
        for inbox in lowering.exchanged
        if not isinstance(each.example, (Activate, Dot))
        and each.example.to.memory in arrays
        and each.example.a == _weights_sent(programs, lowering, inbox, each)
    ]
    for groups in ([*together, *apart], together):
        banks = two_banks(arrays, groups, fixed)
        if isinstance(banks, dict):
            return banks
    one, other = banks
    guilty = next(t for t in programs.together if {one, other} <= lowering.edge_arrays(t.example))
    raise programs.refuse(
        f"operation {guilty.name!r} ({guilty.phase})",
        f"{one} and {other} would have to lie in one bank, which gives one word a cycle.",
    )


def _weights_sent(programs: Programs, lowering: Lowering, inbox: str, each: Together) -> object:
    number = next(iter(each.operations))
    receive = programs.mail.receives.get((inbox, number))
    send = receive and programs.mail.sends.get((receive.kind, number))
    return send.words if send else None


def _passes(programs: Programs, lowering: Lowering, fabric: Fabric) -> list[Pass]:
    """Make all passes, in the order of the program."""
    made = [take(lowering)]
    waiting = list(lowering.exchanged)
    todo = programs.together
    for n, each in enumerate(todo):
        if isinstance(each.example, Activate):
            made.append(give(lowering))
            continue
        after = _activation_of(each, todo[n + 1] if n + 1 < len(todo) else None, programs)
        one = burst(each, after, lowering, fabric)
        for inbox in waiting.copy():
            if can_ride(one, inbox, lowering):
                one = rotated(one, inbox, lowering, fabric)
            elif inbox in lowering.edge_arrays(each.example):
                made.append(carrier(inbox, "exchange", lowering, fabric))
            else:
                continue
            waiting.remove(inbox)
        made.append(one)
    return made


def _activation_of(each: Together, after: Together | None, programs: Programs) -> Together | None:
    """Return the activation of what an operation computes, which must follow at once."""
    assert not isinstance(each.example, Activate)
    if after is not None and isinstance(after.example, Activate):
        if after.example.s == each.example.to and set(after.operations) == set(each.operations):
            return after
        raise programs.refuse(f"operation {after.name!r}", "it does not follow on its own sum.")
    return None
