"""The README of ``rtl/``: what each file is, the ports, and how to simulate and load the chip."""

from __future__ import annotations

from collections.abc import Iterable

from myhdl_core.assemble import Assembled
from myhdl_core.axi.table import rows_of
from myhdl_core.verilog import Port
from neurosim.model.fixed import Fixed
from neurosim.study.hardware.summary import CLOCK_MHZ, Chip

PORTS = {
    "clk": "the clock; everything happens at its rising edge",
    "reset": "synchronous; ends a step, keeps the memories",
    "start": "pulse: begin a step",
    "learn": "with `start`: learn in this step, or compute outputs alone",
    "clear": "pulse: write zero into all memories; `busy` until done",
    "forget": "pulse: forget that a result was clipped",
    "rate": "learning rate, unsigned, {rate} bits behind the point; change it between steps only",
    "in_valid": "there is a word of the stream",
    "in_ready": "it is taken at this edge",
    "in_data": "signed word: the inputs of a step, then its targets",
    "out_valid": "there is an output, for one cycle",
    "out_data": "signed word: the outputs of a step, one after the other",
    "busy": "a step or a clear runs",
    "done": "pulse after the last cycle of a step or of a clear",
    "cycles": "cycles of the step that runs, or of the last one",
    "phase": "which phase of the step runs: {phases}",
    "saturated": "a result was clipped since the last reset or clear",
    "host_lane": "of the word to write or read; words of the unit bank go to all lanes",
    "host_bank": "0 weights, 1 x, 2 y, 3 units",
    "host_address": "address in the bank",
    "host_ready": "a write or a read is taken at this edge: none is under way, and `busy` is low",
    "host_write": "write `host_data` there",
    "host_data": "signed; a bank of words takes its low bits",
    "host_read": "read from there; not together with `host_write`",
    "host_valid": "`host_q` is the answer, some cycles after `host_read`",
    "host_q": "signed word",
}


def text(
    chip: Chip, assembled: Assembled, number: Fixed, ports: Iterable[Port], waveforms: bool
) -> str:
    """Return the README of a chip."""
    parts = (_heading(chip), _files(waveforms), _simulating(), _ports(assembled, number, ports),
             _using(number), _memories(chip, number), _time(chip))  # fmt: skip
    return "\n".join(parts)


def _heading(chip: Chip) -> str:
    return f"""\
# A chip that learns

{chip.units} neurons with {chip.edges:,} weights on {chip.lanes} lanes (multipliers), learning by
{chip.rule} in {chip.number}. Written by `neurosim hardware`;
the same scenario gives the same bytes.
"""


def _files(waveforms: bool) -> str:
    rows = [
        ("`network_axi.v`", "the top module: the network with an AXI bus at each of its ports"),
        ("`axi_*.v`", "its streams, its registers, and what starts a step"),
        ("`registers.md`, `network.h`", "the registers, for people and for C"),
        ("`network_driver.py`", "the same for Python: weights by edge, steps in real numbers"),
        ("`network.v`", "the network"),
        ("`sequencer.v`, `microcode.v`", "goes through the instructions of a step"),
        ("`control.v`", "what an instruction tells all lanes"),
        ("`lane.v`, `memory.v`", "a multiplier, its rounding, and the four banks of a lane"),
        ("`table_P.v`", "what lane P does in each cycle: which edge, which unit"),
        ("`rotator.v`, `turns.v`", "weights from lane to lane; not there where nothing needs them"),
        ("`bus.v`", "words from any lane to the unit banks of all"),
        ("`activation.v`, `activation_table.v`", "the activation function and its slope"),
        ("`host.v`", "the host port, and the clearing of all memories"),
        ("`network_tb.v`, `vectors/`", "a test bench that checks itself, and what it expects"),
        ("`formal/`", "properties that `neurosim hardware --prove` proves"),
        ("`network.core`", "the whole for FuseSoC"),
        ("`boards/`", "what brings it onto a board, where `--board` asked for one"),
        ("`map.csv`", "where each word of each neuron lies"),
        ("`chip.svg`", "a block diagram"),
        ("`contents.json`", "SHA-256 of the other files"),
    ]
    if waveforms:
        rows.append(("`waveform.vcd`, `waveform.gtkw`", "the first steps as waves, for GTKWave"))
    return f"## Files\n\n{rows_of(('file', 'what it is'), rows)}"


def _simulating() -> str:
    return """\
## Simulating

In this folder; each prints `PASS` or `FAIL` and the first mismatches. The test bench clears the
chip, loads the weights, runs some steps (the last ones with learning off) and compares every
output, the cycles of every step and, at the end, all weights and sensitivities with those of the
software model.

Icarus Verilog:

    iverilog -g2005 -o network_tb.vvp *.v && vvp network_tb.vvp

Verilator 5, with make and a C++ compiler:

    verilator --binary --timing -Wno-WIDTH --top-module network_tb network_tb.v
    ./obj_dir/Vnetwork_tb

Verilator from the Python index calls itself `verilator-cli`, and `make` wants two more settings:

    verilator-cli --binary --timing -Wno-WIDTH --top-module network_tb network_tb.v \\
      -MAKEFLAGS CFG_CXXFLAGS_PCH_I=-include -CFLAGS "-std=c++20 -fcoroutines"

Any other simulator: compile all `*.v` as Verilog-2001, top module `network_tb`, and run it in this
folder, where it finds `vectors/`.

Waves: `gtkwave waveform.gtkw`, written by `neurosim hardware NAME --waveforms`.
"""


def _ports(assembled: Assembled, number: Fixed, ports: Iterable[Port]) -> str:
    phases = ", ".join(f"{n} {phase}" for n, phase in enumerate(assembled.phases))
    said = {"rate": number.word_bits - 1, "phases": phases}
    rows = [
        (f"`{p.name}`", p.direction, str(p.bits), PORTS.get(p.name, "").format(**said))
        for p in ports
    ]
    return f"## Ports of `network`\n\n{rows_of(('port', 'direction', 'bits', 'meaning'), rows)}"


def _using(number: Fixed) -> str:
    weight = f"{number.weight_bits} bits, {number.weight_fraction_bits} of them behind the point"
    word = f"{number.word_bits} bits, {number.fraction_bits} of them behind the point"
    return f"""\
## Loading weights and doing steps

1. Hold `reset` for some cycles, then pulse `clear` and wait until `busy` is low.
2. Write each weight: its lane, bank and address stand in `map.csv` (word `w`). A weight is a
   signed number of {weight}; it saturates where a word does.
3. Set `rate`.
4. For each step: `learn`, a pulse of `start`, and inputs and targets on the input stream. They
   are taken when the step wants them, targets with learning off too; a step that waits for them
   takes more cycles. A word is a signed number of {word}.
5. After `done` the weights and everything else can be read through the host port.
"""


def _memories(chip: Chip, number: Fixed) -> str:
    rows = [
        (m.name, str(m.count), f"{m.words:,}", str(m.bits), "ROM" if m.rom else "RAM")
        for m in chip.memories
    ]
    return (
        f"## Memories\n\n{rows_of(('memory', 'how many', 'words', 'bits', 'kind'), rows)}\n"
        "`map.csv` has a line for each word: neuron, word, the node at the other end of the edge,\n"
        "lane, memory, bank, address, bits. The unit bank holds the activations of two steps;\n"
        "they change places at the end of every step, learning or not: after an even number of\n"
        "steps the newest lie at `y.old`, after an odd number at `y.new`.\n"
    )


def _time(chip: Chip) -> str:
    rows = [(str(p.start), str(p.cycles), p.phase, f"`{p.name}`") for p in chip.passes]
    speed = f"{chip.steps_per_second:,.0f} learning steps a second"
    share = f"{chip.utilisation:.1%} of what its multipliers could do"
    return f"""\
## Time

While the input stream keeps up, a learning step takes {chip.cycles:,} cycles, and a step with
learning off {chip.inference_cycles:,}. At {CLOCK_MHZ:g} MHz, an assumption, that is {speed}.
A learning step needs {chip.multiplications:,} products, {share}.

{rows_of(("first cycle", "cycles", "phase", "what is computed"), rows)}"""
