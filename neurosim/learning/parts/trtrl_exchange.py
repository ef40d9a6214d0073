"""Where TRTRL keeps the egress sensitivities, and what neighbours then have to exchange.

``UNIT``, as the slides have it: b_ij = p^j_ij lies with unit j. Unit j sends b_ij along the edge,
i sends a_ij back, and j sends its part ``q_j b_ij`` of the gradient: three words an edge.

``OWNER``: a_ij and b_ij both lie with i, the owner of the weight. What i then lacks of (3) and (7)
is mostly one word of j for all its neighbours::

    b_ij <- d_j ( w_ji a_ij + w_jj b_ij )                                            (3)
    g_ij =  q_i a_ij + q_j b_ij + v_i z_j                                            (7)

d_j, w_jj and q_j; only w_ji, the weight of the reverse edge, differs from edge to edge. Both
compute the same words to the bit; a medium that broadcasts carries far fewer for ``OWNER``. Where
units leak, what j keeps of its activation is one word more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from neurosim.learning.counts import Census, Counts
from neurosim.learning.rule import KEEP, SLOPE
from neurosim.model import messages
from neurosim.model.neuron import Memory, Neuron, Role
from neurosim.model.operations import Fma, Operation, Phase, Receive, Send, Words, every

if TYPE_CHECKING:
    from neurosim.learning.trtrl import TRTRL

REVERSE, LOOP, SLOPES, BLAME = "reverse weight", "loop weight", "slope", "blame"
KEPT = "kept share"
Q = Words("q")

Operations = Iterator[Operation]
Part = Callable[[Neuron, "TRTRL"], Operations]


class Exchange(NamedTuple):
    """What a placement adds to the program of a neuron that has reciprocal neighbours.

    Attributes
    ----------
    memories
        What it needs beside the ingress sensitivities.
    offer, accept
        Messages before and after the exchange of activations.
    fired
        Messages once the slope is known.
    sums
        The brackets of (2) and (3); the text names the memory that (2) starts from.
    blamed
        Messages once q is known.
    gradient
        (7) for the edges from reciprocal neighbours.
    sums_cost, gradient_cost
        Closed forms of the first four, and of the last two.
    leak_cost
        Closed form of what (3) takes more where units leak.
    """

    memories: Callable[[Neuron, TRTRL], tuple[Memory, ...]]
    offer: Part
    accept: Part
    fired: Part
    sums: Callable[[Neuron, TRTRL, str], Operations]
    blamed: Part
    gradient: Part
    sums_cost: Callable[[Census, TRTRL], Counts]
    gradient_cost: Callable[[Census, TRTRL], Counts]
    leak_cost: Callable[[Census, TRTRL], Counts]


def _unit_memories(neuron: Neuron, rule: TRTRL) -> tuple[Memory, ...]:
    r = rule.exchanged(neuron)
    kept = (Memory("b", r, Role.STORED), Memory("b_sum", r))
    return (*kept, Memory("a_in", r, Role.INBOX), Memory("b_in", r, Role.INBOX), Memory("share", r))


def _unit_offer(neuron: Neuron, rule: TRTRL) -> Operations:
    r = rule.exchanged(neuron)
    yield Send(messages.EGRESS, Words("b", 0, r), neuron.reciprocals, scatter=True)
    yield Send(messages.INGRESS, Words("a", 0, r), neuron.reciprocals, scatter=True)


def _unit_accept(neuron: Neuron, rule: TRTRL) -> Operations:
    r = rule.exchanged(neuron)
    yield Receive(messages.EGRESS, Words("b_in", 0, r), neuron.reciprocals)
    yield Receive(messages.INGRESS, Words("a_in", 0, r), neuron.reciprocals)


def _unit_fired(neuron: Neuron, rule: TRTRL) -> Operations:
    return iter(())


def _unit_sums(neuron: Neuron, rule: TRTRL, base: str) -> Operations:
    r = rule.exchanged(neuron)
    w, b, b_sum = Words("w", 0, r), Words("b", 0, r), Words("b_sum", 0, r)
    yield Fma(Words("a_sum", 0, r), w, Words("b_in", 0, r), Words(base, 0, r))
    yield Fma(b_sum, w, Words("a_in", 0, r))
    if rule.loops(neuron):
        yield Fma(b_sum, every(Words("w", neuron.self_slot or 0), r), b, b_sum)
    if neuron.leaks:
        yield Fma(b, every(KEEP, r), b)
    yield Fma(b, every(SLOPE, r), b_sum, b if neuron.leaks else None)


def _unit_blamed(neuron: Neuron, rule: TRTRL) -> Operations:
    r = rule.exchanged(neuron)
    if r:  # b is overwritten by (3) before the gradient is complete
        yield Fma(Words("share", 0, r), every(Q, r), Words("b", 0, r))
        yield Send(messages.GRADIENT, Words("share", 0, r), neuron.reciprocals, scatter=True)


def _unit_gradient(neuron: Neuron, rule: TRTRL) -> Operations:
    r = rule.exchanged(neuron)
    g = Words("g", 0, r)
    yield Receive(messages.GRADIENT, g, neuron.reciprocals)
    yield Fma(g, every(Q, r), Words("a", 0, r), g)


def _unit_sums_cost(c: Census, rule: TRTRL) -> Counts:
    r, sharing = _shared(c, rule)
    r_loop = c.sum(lambda u: rule.exchanged(u) * rule.loops(u))
    return Counts(
        multiplications=3 * r + r_loop,
        additions=r + r_loop,
        reads=2 * r
        + 5 * r
        + 2 * r_loop
        + c.sum(lambda u: rule.loops(u) and bool(rule.exchanged(u)))
        + r
        + sharing,
        writes=2 * r + 3 * r + r_loop,
        words_sent=2 * r,
        words_received=2 * r,
        stored_words=r,
        buffer_words=4 * r,
    )


def _unit_gradient_cost(c: Census, rule: TRTRL) -> Counts:
    r, sharing = _shared(c, rule)
    return Counts(
        multiplications=2 * r,
        additions=r,
        reads=(r + sharing) + r + (2 * r + sharing),
        writes=r + r + r,
        words_sent=r,
        words_received=r,
    )


def _unit_leak_cost(c: Census, rule: TRTRL) -> Counts:
    r = c.sum(lambda u: rule.exchanged(u) * u.leaks)
    sharing = c.sum(lambda u: u.leaks and rule.exchanged(u) > 0)
    return Counts(multiplications=r, additions=r, reads=2 * r + sharing, writes=r)


def _owner_memories(neuron: Neuron, rule: TRTRL) -> tuple[Memory, ...]:
    r = rule.exchanged(neuron)
    names = ("w_reverse", "slope_in", "q_in", *(["loop_in"] if rule.self_terms else []))
    constants = ["no_loop"] if neuron.self_slot is None else []
    if neuron.amid_leaks:
        names += ("keep_in",)
        constants += [] if neuron.leaks else ["keep"]
    return (
        Memory("b", r, Role.STORED),
        Memory("b_sum", r),
        *(Memory(name, 1, Role.CONSTANT, per_unit=True) for name in constants),
        *(Memory(name, r, Role.INBOX) for name in names),
    )


def _owner_offer(neuron: Neuron, rule: TRTRL) -> Operations:
    w = Words("w", 0, rule.exchanged(neuron))
    yield Send(REVERSE, w, neuron.reciprocals, scatter=True)
    if rule.self_terms:
        loop = Words("no_loop") if neuron.self_slot is None else Words("w", neuron.self_slot)
        yield Send(LOOP, loop, neuron.reciprocals)
    if neuron.amid_leaks:
        yield Send(KEPT, KEEP, neuron.reciprocals)


def _owner_accept(neuron: Neuron, rule: TRTRL) -> Operations:
    r = rule.exchanged(neuron)
    yield Receive(REVERSE, Words("w_reverse", 0, r), neuron.reciprocals)
    if rule.self_terms:
        yield Receive(LOOP, Words("loop_in", 0, r), neuron.reciprocals)
    if neuron.amid_leaks:
        yield Receive(KEPT, Words("keep_in", 0, r), neuron.reciprocals)


def _owner_fired(neuron: Neuron, rule: TRTRL) -> Operations:
    yield Send(SLOPES, SLOPE, neuron.reciprocals)
    yield Receive(SLOPES, Words("slope_in", 0, rule.exchanged(neuron)), neuron.reciprocals)


def _owner_sums(neuron: Neuron, rule: TRTRL, base: str) -> Operations:
    r = rule.exchanged(neuron)
    a, b, b_sum = Words("a", 0, r), Words("b", 0, r), Words("b_sum", 0, r)
    yield Fma(Words("a_sum", 0, r), Words("w", 0, r), b, Words(base, 0, r))
    yield Fma(b_sum, Words("w_reverse", 0, r), a)
    if rule.self_terms:
        yield Fma(b_sum, Words("loop_in", 0, r), b, b_sum)


def _owner_blamed(neuron: Neuron, rule: TRTRL) -> Operations:
    if r := rule.exchanged(neuron):
        yield Send(BLAME, Q, neuron.reciprocals)
        yield Receive(BLAME, Words("q_in", 0, r), neuron.reciprocals)


def _owner_gradient(neuron: Neuron, rule: TRTRL) -> Operations:
    r = rule.exchanged(neuron)
    g, b = Words("g", 0, r), Words("b", 0, r)
    yield Fma(g, Words("q_in", 0, r), b)
    yield Fma(g, every(Q, r), Words("a", 0, r), g)
    yield Phase("sensitivity")
    if neuron.amid_leaks:
        yield Fma(b, Words("keep_in", 0, r), b)
    kept = b if neuron.amid_leaks else None
    yield Fma(b, Words("slope_in", 0, r), Words("b_sum", 0, r), kept)
    yield Phase("gradient")


def _owner_sums_cost(c: Census, rule: TRTRL) -> Counts:
    r, sharing = _shared(c, rule)
    s = int(rule.self_terms)
    return Counts(
        multiplications=(2 + s) * r,
        additions=(1 + s) * r,
        reads=r + s * sharing + sharing + (5 + 3 * s) * r,
        writes=(2 + s) * r + (2 + s) * r,
        words_sent=(2 + s) * r,
        words_received=(2 + s) * r,
        stored_words=r,
        buffer_words=(4 + s) * r,
    )


def _owner_gradient_cost(c: Census, rule: TRTRL) -> Counts:
    r, sharing = _shared(c, rule)
    return Counts(
        multiplications=3 * r,
        additions=r,
        reads=sharing + 2 * r + (2 * r + sharing) + 2 * r,
        writes=r + 3 * r,
        words_sent=r,
        words_received=r,
    )


def _owner_leak_cost(c: Census, rule: TRTRL) -> Counts:
    r = c.sum(lambda u: rule.exchanged(u) * u.amid_leaks)
    sharing = c.sum(lambda u: u.amid_leaks and rule.exchanged(u) > 0)
    return Counts(
        multiplications=r,
        additions=r,
        reads=sharing + 3 * r,
        writes=2 * r,
        words_sent=r,
        words_received=r,
        buffer_words=r,
    )


def _shared(c: Census, rule: TRTRL) -> tuple[int, int]:
    """Return the edges over which sensitivities are exchanged, and the units that do so."""
    return c.sum(rule.exchanged), c.sum(lambda u: rule.exchanged(u) > 0)


UNIT = Exchange(
    _unit_memories,
    _unit_offer,
    _unit_accept,
    _unit_fired,
    _unit_sums,
    _unit_blamed,
    _unit_gradient,
    _unit_sums_cost,
    _unit_gradient_cost,
    _unit_leak_cost,
)
OWNER = Exchange(
    _owner_memories,
    _owner_offer,
    _owner_accept,
    _owner_fired,
    _owner_sums,
    _owner_blamed,
    _owner_gradient,
    _owner_sums_cost,
    _owner_gradient_cost,
    _owner_leak_cost,
)
PLACEMENTS = {"unit": UNIT, "owner": OWNER}
