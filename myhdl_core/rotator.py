"""The rotator: takes the weights' operands of all lanes to other lanes, all by the same turn.

A turn by t takes the word of lane p to lane (p + t) mod P. The bits of t turn one after the other,
half of them before a register and half behind it.
"""

from __future__ import annotations

from typing import Any

from myhdl import concat

from myhdl_core.hdl import (
    Bundle,
    Instances,
    Wire,
    always,
    always_comb,
    bits,
    block,
    field,
    named,
    ports,
)


@block
def turned(source: Wire, flag: Wire, shift: int, to: Wire) -> Instances:
    """All words, turned by ``shift`` bits of the whole where ``flag`` says so."""
    width = len(source)
    low, high = field(source, 0, width - shift), field(source, width - shift, shift)

    @always_comb
    def turn() -> None:
        to.next = source
        if flag:
            to.next = concat(low, high)

    return turn


@block
def register(clk: Wire, source: Wire, to: Wire) -> Instances:
    """A register."""

    @always(clk.posedge)
    def keep() -> None:
        to.next = source

    return keep


@block
def rotator(clk: Wire, words3: Wire, turn: Bundle, words5: Wire, circuit: Any) -> Instances:
    """The rotator; words and turn come in cycle 3 of an entry, words leave in cycle 5."""
    lanes, width, turns = circuit.shape.lanes, circuit.shape.word_bits, circuit.turn_bits
    first, rest = (turns + 1) // 2, turns - (turns + 1) // 2
    shifts = [(1 << k) % lanes * width for k in range(turns)] if circuit.last_turn else []
    half4, turn4, turn3 = bits(lanes * width), bits(rest), vars(turn).get("by")
    parts, words = [], words3
    for k, shift in enumerate(shifts):
        if k == first:
            parts += [register(clk, words, half4), register(clk, field(turn3, first, rest), turn4)]
            words = half4
        flag = field(turn3, k, 1) if k < first else field(turn4, k - first, 1)
        after = bits(lanes * width)
        parts.append(turned(words, flag, shift, after))
        words = after
    if len(shifts) <= first:
        parts.append(register(clk, words, half4))
        words = half4
    last = register(clk, words, words5)
    named(last, half4=half4, turn4=turn4, **ports("turn", turn))
    return last, parts
