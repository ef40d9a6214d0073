"""When steps begin: a whole sample is there, its answer has room, and nobody is in the memories.

Two cycles fill the registers between the samples and the core, and the core fetches meanwhile. The
learning rate and whether to learn are taken over when the step begins. Resets are drawn out until
nothing is on its way through the lanes any more.
"""

from __future__ import annotations

from myhdl_core.axi.interface import Interface
from myhdl_core.hdl import Instances, Wire, always, always_comb, bit, bits, block

#: Cycles of a reset, more than a word takes from a memory to the output.
RESET_CYCLES = 31


@block
def axi_conductor(
    clk: Wire,
    aresetn: Wire,
    reset: Wire,
    command_reset: Wire,
    command_start: Wire,
    command_clear: Wire,
    control_enable: Wire,
    control_learn: Wire,
    rate_value: Wire,
    hold: Wire,
    sample: Wire,
    room: Wire,
    done: Wire,
    rewind: Wire,
    fill: Wire,
    used: Wire,
    start: Wire,
    learn: Wire,
    clear: Wire,
    rate: Wire,
    busy: Wire,
    waiting: Wire,
    steps: Wire,
    chip: Interface,
) -> Instances:
    """The order of steps, clears and resets."""
    LONG = RESET_CYCLES
    left = bits(LONG.bit_length())
    wanted, sweeping, stepping, begins = bit(), bit(), bit(), bit()

    @always_comb
    def judge() -> None:
        busy.next = reset or wanted or sweeping or stepping
        begins.next = (control_enable or waiting) and sample and room and not (busy or hold)

    @always_comb
    def tell() -> None:
        rewind.next = begins
        clear.next = wanted and not (stepping or sweeping)
        used.next = stepping and done

    @always(clk.posedge)
    def draw_out() -> None:
        if command_reset or not aresetn:
            reset.next = True
            left.next = LONG
        elif left != 0:
            left.next = left - 1
        else:
            reset.next = False

    @always(clk.posedge)
    def order() -> None:
        start.next = begins and not reset
        fill.next = (begins or start) and not reset
        if reset:
            waiting.next = False
            wanted.next = False
            sweeping.next = False
            stepping.next = False
        else:
            waiting.next = command_start or (waiting and not begins)
            wanted.next = command_clear or (wanted and not clear)
            sweeping.next = clear or (sweeping and not done)
            stepping.next = begins or (stepping and not done)

    @always(clk.posedge)
    def take_over() -> None:
        if begins:
            learn.next = control_learn
            rate.next = rate_value

    @always(clk.posedge)
    def count() -> None:
        if reset or sweeping:
            steps.next = 0
        elif used:
            steps.next = steps + 1

    return judge, tell, draw_out, order, take_over, count
