"""The walks of a pass: every lane's slots, with idle ones where lanes would collide on the bus.

Words on the rotator all turn by one number of lanes in a cycle, so the pass that carries them
goes through its edges in an order of its own: by the distance of the lane they go to.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import pairwise, zip_longest

from neurosim.machine.description import Fabric
from neurosim.model.operations import Activate, Dot
from neurosim.schedule.lowering import NEW, OLD, Lowering, Roles, roles, run
from neurosim.schedule.passes import Act, Operand, Pass, Slot, Source
from neurosim.schedule.pipeline import Claim, claims
from neurosim.schedule.programs import Together

IDLE = Slot(Act.IDLE)


def burst(
    together: Together, after: Together | None, lowering: Lowering, fabric: Fabric
) -> Pass:  # fmt: skip
    """Make the pass of an operation; ``after`` is the activation that its results go to, if any."""
    chosen = roles(together, lowering)
    made = _described(together, chosen)
    if after is not None:
        assert isinstance(after.example, Activate)
        slope = after.example.slope.memory
        made = replace(
            made,
            name=f"{made.name}, {after.name}",
            activate=True,
            to=Operand(Source.UNIT, slope),
        )
    if made.dot and made.left is not None and made.left.source is Source.WEIGHT and lowering.loops:
        made = replace(made, send=Operand(Source.WEIGHT), send_to=next(iter(lowering.loops)))
    runs = [
        [
            _with_loop(list(run(unit, together.operations[unit.number], chosen, lowering)),
                       made, unit.number, lowering)
            for unit in lane
            if unit.number in together.operations
        ]
        for lane in lowering.placement.lanes
    ]  # fmt: skip
    if made.dot and made.scalar is None:
        runs = [_without_loads(lane) for lane in runs]
    return replace(made, walks=apart(runs, made, fabric))


def _without_loads(runs: list[list[Slot]]) -> list[list[Slot]]:
    """Drop a run's LOAD where the neuron stands next to the one before: a sum's end moves on."""
    kept = runs[:1]
    for before, slots in pairwise(runs):
        kept.append(slots[1:] if slots[0].unit == before[0].unit + 1 else slots)
    return kept


def apart(runs: list[list[list[Slot]]], made: Pass, fabric: Fabric) -> tuple[tuple[Slot, ...], ...]:
    """String runs together lane by lane, each as early as the bus lets it."""
    taken: set[Claim] = set()
    walks: list[list[Slot]] = [[] for _ in runs]
    for round_ in zip_longest(*runs):
        for lane, (walk, slots) in enumerate(zip(walks, round_, strict=True)):
            while slots is not None:
                placed = _placed(slots, lane, len(walk), made, fabric, taken)
                if placed:
                    walk.extend(placed)
                    break
                walk.append(IDLE)
    return filled(walks)


def _placed(
    slots: list[Slot], lane: int, start: int, made: Pass, fabric: Fabric, taken: set[Claim]
) -> list[Slot]:
    """Return a run as it can begin in a cycle, its claims staked, or nothing.

    A sum has no order, so the slot that also sends a word may come anywhere in it.
    """
    sends = [n for n, slot in enumerate(slots) if slot.send]
    orders = [slots]
    if made.dot and len(sends) == 1:
        orders = [_swapped(slots, sends[0], n) for n, s in enumerate(slots) if s.act >= Act.WORD]
    for order in orders:
        wanted = [
            c for n, slot in enumerate(order, start) for c in claims(fabric, made, slot, lane, n)
        ]
        if taken.isdisjoint(wanted):
            taken.update(wanted)
            return order
    return []


def _swapped(slots: list[Slot], one: int, other: int) -> list[Slot]:
    """Exchange the words of two slots of a sum; the last stays the last."""
    changed = slots.copy()
    changed[one] = slots[other]._replace(act=slots[one].act)
    changed[other] = slots[one]._replace(act=slots[other].act)
    return changed


def filled(walks: list[list[Slot]]) -> tuple[tuple[Slot, ...], ...]:
    """Make all walks as long as the longest."""
    longest = max(map(len, walks))
    return tuple(tuple(walk + [IDLE] * (longest - len(walk))) for walk in walks)


def _with_loop(slots: list[Slot], made: Pass, number: int, lowering: Lowering) -> list[Slot]:
    """Mark the slot of a neuron's edge to itself, whose weight others need to know."""
    if not made.send_to:
        return slots
    send = lowering.programs.mail.sends.get((made.send_to, number))
    if send is None or send.words.memory != "w":
        return slots
    loop = lowering.placement.first[number] + send.words.start
    return [
        slot._replace(send=True) if slot.act >= Act.WORD and slot.edge == loop else slot
        for slot in slots
    ]


def _described(together: Together, chosen: Roles) -> Pass:
    return Pass(
        name=together.name,
        phase=together.phase,
        left=chosen.left,
        right=chosen.right,
        plus=chosen.plus,
        subtract=chosen.subtract,
        to=chosen.to,
        scalar=chosen.scalar,
        dot=isinstance(together.example, Dot),
        to_unit=chosen.to_unit,
    )


def can_ride(made: Pass, inbox: str, lowering: Lowering) -> bool:
    """Whether words for an inbox can leave while a pass reads the very same words for itself."""
    operands = (made.left, made.right, made.plus, made.to)
    uses_unit = any(o is not None and o.source is Source.UNIT for o in operands)
    reads = made.left is not None and made.left.source is Source.WEIGHT
    writes_there = made.to is not None and made.to.source is lowering.placement.banks[inbox]
    if uses_unit or not reads or made.scalar or made.dot or writes_there:
        return False
    walked = {(p, s.edge) for p, walk in enumerate(made.walks) for s in walk if s.act >= Act.WORD}
    sent = {(p, edge) for p, edge, _, _ in _carried(inbox, lowering)}
    return walked == sent


def rotated(made: Pass, inbox: str, lowering: Lowering, fabric: Fabric) -> Pass:
    """Order a pass by where its weights go, and name the place of every word that arrives."""
    lanes = len(lowering.placement.lanes)
    queues: defaultdict[tuple[int, int], list[tuple[int, int, int]]] = defaultdict(list)
    for lane, edge, far, place in _carried(inbox, lowering):
        queues[(far - lane) % lanes, lane].append((edge, far, place))
    walks: list[list[Slot]] = [[] for _ in range(lanes)]
    arriving: list[dict[int, int]] = [{} for _ in range(lanes)]
    turns: list[int] = []
    for turn in range(lanes):
        for cycle in range(max(len(queues[turn, p]) for p in range(lanes))):
            for lane in range(lanes):
                if cycle < len(queues[turn, lane]):
                    edge, far, place = queues[turn, lane][cycle]
                    walks[lane].append(Slot(Act.WORD, edge))
                    arriving[far][len(turns)] = place
                else:
                    walks[lane].append(IDLE)
            turns.append(turn)
    nowhere = lowering.placement.edges
    late = fabric.arrive_cycles
    length = len(turns) + late
    done = tuple(
        tuple(
            (walk[n] if n < len(turns) else IDLE)._replace(unit=there.get(n - late, nowhere))
            for n in range(length)
        )
        for walk, there in zip(walks, arriving, strict=True)
    )
    return replace(made, walks=done, ride=inbox, turns=tuple(turns))


def carrier(inbox: str, phase: str, lowering: Lowering, fabric: Fabric) -> Pass:
    """Make a pass that only carries words to an inbox."""
    made = Pass(f"carry {inbox}", phase, left=Operand(Source.WEIGHT))
    return rotated(made, inbox, lowering, fabric)


def _carried(inbox: str, lowering: Lowering) -> list[tuple[int, int, int, int]]:
    """List an inbox's words: lane and edge they come from, lane and place they go to."""
    placement, mail = lowering.placement, lowering.programs.mail
    words = []
    for (name, receiver), receive in mail.receives.items():
        if name != inbox:
            continue
        for place, sender in enumerate(receive.along):
            send = mail.sends[receive.kind, sender]
            edge = placement.first[sender] + send.words.start + send.along.index(receiver)
            there = placement.first[receiver] + receive.words.start + place
            words.append((placement.lane[sender], edge, placement.lane[receiver], there))
    return words


def give(lowering: Lowering) -> Pass:
    """Make the pass that puts the outputs on the stream."""
    programs = lowering.programs
    numbers = [programs.network.numbers[o] for o in programs.network.outputs]
    places = [lowering.placement.place[number] for number in numbers]
    walk = tuple(Slot(Act.IDLE, 0, place, send=True) for place in places)
    idle = (IDLE,) * len(walk)
    walks = tuple(walk if p == 0 else idle for p in range(len(lowering.placement.lanes)))
    return Pass("outputs", "forward", walks, send=Operand(Source.UNIT, NEW), give=True)


def take(lowering: Lowering) -> Pass:
    """Make the pass that takes a step's inputs and targets, and sets the bias between them."""
    network = lowering.programs.network
    has_bias = any(unit.has_bias for unit in lowering.programs.units)
    length = len(network.inputs) + has_bias + len(network.outputs)
    return Pass("inputs", "exchange", to=Operand(Source.UNIT, OLD), take=length)
