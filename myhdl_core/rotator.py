"""The rotator: takes the weights' operands of all lanes to other lanes, all by the same turn.

A turn by t takes the word of lane p to lane (p + t) mod P. A memory gives its word late in a cycle,
so the words are kept before they turn; the bits of t then turn them one after the other.
"""

from __future__ import annotations

from typing import Any

from myhdl import concat

from myhdl_core.hdl import (
    Bundle,
    Instances,
    Wire,
    always_comb,
    bits,
    block,
    field,
    named,
    ports,
    register,
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
def rotator(clk: Wire, words3: Wire, turn: Bundle, words5: Wire, circuit: Any) -> Instances:
    """The rotator; words and turn come in cycle 3 of an entry, words leave in cycle 5."""
    lanes, width = circuit.shape.lanes, circuit.shape.word_bits
    shifts = [(1 << k) % lanes * width for k in range(circuit.turn_bits)]
    words4, turn4, turn3 = bits(lanes * width), bits(len(shifts)), vars(turn).get("by")
    parts, words = [register(clk, words3, words4)], words4
    if circuit.last_turn:
        parts.append(register(clk, turn3, turn4))
        for k, shift in enumerate(shifts):
            after = bits(lanes * width)
            parts.append(turned(words, field(turn4, k, 1), shift, after))
            words = after
    last = register(clk, words, words5)
    named(last, words4=words4, turn4=turn4, **ports("turn", turn))
    return last, parts
