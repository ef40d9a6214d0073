"""The folder ``formal/`` beside a chip's Verilog: what it has to keep, as Verilog and as tasks.

A task is a file of sby, which anybody with sby can run. Its properties are immediate assertions in
modules of their own, around the chip's modules or in the place of one, so that the Verilog that is
synthesised has no trace of them. Above each assertion stands what it says in a sentence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from itertools import product
from pathlib import Path

from myhdl_core.assemble import Assembled
from myhdl_core.verilog import Port, of_chip, ports_of, widths_of

FOLDER, BUS = "formal", "network_axi.v"
#: Cycles at most from a start to the first of the program; how long the reset of a proof lasts.
FETCH, RESET_CYCLES = 4, 17
#: Cycles that the stream may let a step wait, in all, where every way of waiting is tried.
WAITS = 8
#: Cycles in which every behaviour of the masters and of the core is tried at AXI's ports.
BUS_CYCLES = 76
#: Cycles between a step and the next with which every order of steps is tried.
DISTANCES = (0, 1, 2, 5)
# X is made explicit before the wide sums and products are looked at, so that nothing is left open.
_EXPLICIT = """\
async2sync
chformal -lower
dffunmap
opt -nodffe -nosdff
xprop -assume-def-inputs
opt -nodffe -nosdff
simplemap t:$bwmux
opt_expr -mux_undef
opt_clean"""
TASK = """\
# {about}
[options]
mode {mode}
{depth}aigsmt z3
vcd_sim on

[engines]
{engine}

[script]
{read}
prep -flatten -nordff -top {top}
memory_map -rom-only
{script}

[files]
{files}
"""


@dataclass(frozen=True)
class Facts:
    """What the schedule says about a chip; the properties hold the Verilog against it.

    Attributes
    ----------
    units, lanes
        Sizes, for people.
    learning, inference
        Cycles of a step with learning on and off.
    sample, outputs
        Words that a step takes from the stream, and that it puts out.
    depths
        Words of the banks of a lane: weights, x, y, units.
    """

    units: int
    lanes: int
    learning: int
    inference: int
    sample: int
    outputs: int
    depths: tuple[int, int, int, int]


@dataclass(frozen=True)
class Task:
    """Some properties that are proved together.

    Attributes
    ----------
    name, about
        Its name, which is that of its file, and what it proves in words.
    top
        The module around what is proved.
    own
        Modules of the folder ``formal``, some of them in the place of the chip's.
    depth
        Cycles after which nothing new can come; 0 where the proof holds for all time.
    engine, script
        What sby is told: its engine, and more passes of Yosys.
    """

    name: str
    about: str
    top: str
    own: tuple[str, ...]
    depth: int
    engine: str
    script: str = "opt -full"


def facts_of(assembled: Assembled) -> Facts:
    """Return what the schedule says about a chip."""
    plan, shape = assembled.learning, assembled.program.shape
    outputs = len(plan.network.outputs)
    return Facts(
        units=len(plan.network.units),
        lanes=shape.lanes,
        learning=plan.cycles,
        inference=assembled.inference.cycles,
        sample=len(plan.network.inputs) + outputs,
        outputs=outputs,
        depths=(shape.w_depth, shape.x_depth, shape.y_depth, shape.u_depth),
    )


def tasks(rtl: Path, facts: Facts) -> tuple[Task, ...]:
    """Return the tasks that prove a chip: its core, and AXI's side where that is there."""
    bus = Task(
        "axi",
        "Both streams and the registers keep to AXI, and lose nothing.",
        "axi_properties",
        ("axi_properties", "network"),
        BUS_CYCLES,
        "abc bmc3",
        "memory_map\nopt -full",
    )
    core = (
        Task(
            "step",
            "Every step takes the predicted cycles, and those in which the stream lets it wait.",
            "step_properties",
            ("step_properties",),
            facts.learning + FETCH + WAITS + 6,
            "abc bmc3",
        ),
        Task(
            "banks",
            "No word is used that was read while it was written, or that is not there.",
            "banks_properties",
            ("banks_properties", "memory"),
            cycles_of(facts) + RESET_CYCLES + 4,
            "abc bmc3",
            _EXPLICIT,
        ),
    )
    return (*core, bus) if (rtl / BUS).is_file() else core


def orders() -> list[tuple[bool, int]]:
    """Return steps as (learning, cycles between the one before and its start): every order.

    A step changes places with the next in the unit banks, so every pair comes in both of their
    halves: the number of steps in a round is odd.
    """
    pairs = (True, True, False, False, True)
    return [(learn, wait) for wait, _, learn in product(DISTANCES, range(2), pairs)]


def cycles_of(facts: Facts) -> int:
    """Return the cycles that all these steps take."""
    each = {True: facts.learning, False: facts.inference}
    return sum(each[learn] + wait + FETCH + 1 for learn, wait in orders())


def write(rtl: Path, facts: Facts) -> list[Path]:
    """Write the properties of a chip into ``formal/`` beside its Verilog; return the files."""
    folder = rtl / FOLDER
    folder.mkdir(exist_ok=True)
    texts = dict(_modules(rtl, facts)) | {
        f"{task.name}.sby": _task(task, rtl) for task in tasks(rtl, facts)
    }
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8", newline="\n")
    return [folder / name for name in texts]


def _modules(rtl: Path, facts: Facts) -> Iterator[tuple[str, str]]:
    ports = ports_of(rtl / "network.v")
    widths = {port.name: port.bits for port in ports}
    steps, plan_bits = orders(), 1 + max(DISTANCES).bit_length()
    last = cycles_of(facts) + RESET_CYCLES
    arms = (
        f"        {n}: plan = {plan_bits}'d{wait << 1 | learn};"
        for n, (learn, wait) in enumerate(steps)
    )
    yield "step_properties.v", _template("step").format(
        learning=facts.learning,
        inference=facts.inference,
        units=facts.units,
        lanes=facts.lanes,
        sample=facts.sample,
        fetch=FETCH,
        waits=WAITS,
        high=(2 * facts.learning).bit_length() - 1,
        words_high=(2 * facts.sample).bit_length() - 1,
        ports=_tied(ports, {"clk", "reset", "start", "learn", "clear", "in_valid", "in_ready",
                            "busy", "done"}),
    )  # fmt: skip
    yield "banks_properties.v", _template("banks").format(
        outputs=facts.outputs,
        steps=len(steps),
        plan="\n".join(arms),
        plan_bits=plan_bits,
        words_high=(2 * facts.outputs).bit_length() - 1,
        word_high=widths["out_data"] - 1,
        weight_high=widths["host_q"] - 1,
        clock_high=last.bit_length(),
        last=last,
        longest=max(facts.learning, facts.inference) + FETCH + 1,
        ports=_tied(ports, {"clk", "reset", "start", "learn", "clear", "in_valid", "in_ready",
                            "busy", "done", "out_valid", "out_data", "host_q", "host_valid"}),
    )  # fmt: skip
    yield "memory.v", _template("memory")
    if (rtl / BUS).is_file():
        yield from _bus_modules(rtl, facts, ports)


def _bus_modules(rtl: Path, facts: Facts, ports: tuple[Port, ...]) -> Iterator[tuple[str, str]]:
    widths = widths_of(rtl / BUS)
    numbers = {"sample": facts.sample, "outputs": facts.outputs}
    numbers["words_high"] = (2 * facts.sample * facts.outputs).bit_length() - 1
    yield (
        "axi_properties.v",
        _template("axi").format(
            address_high=widths["s_axil_awaddr"] - 1,
            data_high=widths["m_axis_tdata"] - 1,
            ports=",\n".join(f"    .{name}({name})" for name in widths),
            **numbers,
        ),
    )
    others = (port for port in ports if port.name not in ("clk", "reset", "start", "clear"))
    declared = (
        f"    {port.direction} wire {f'[{port.bits - 1}:0] ' * (port.bits > 1)}{port.name}"
        for port in others
    )
    depths = dict(zip("wxyu", facts.depths, strict=True))
    yield "network.v", _template("network").format(ports=",\n".join(declared), **numbers, **depths)


def _template(name: str) -> str:
    return (files("myhdl_core.formal") / f"{name}.v.in").read_text("utf-8")


def _tied(ports: tuple[Port, ...], connected: set[str]) -> str:
    """Return the ports of an instance: some connected, other inputs zero, other outputs open."""
    values = {
        port.name: port.name
        if port.name in connected
        else f"{port.bits}'d0" * (port.direction == "input")
        for port in ports
    }
    return ",\n".join(f"    .{name}({value})" for name, value in values.items())


def _task(task: Task, rtl: Path) -> str:
    own = {f"{name}.v" for name in task.own}
    names = {path.name for path in of_chip(rtl)} - own
    wraps = ("network_", "axi_")
    if "network.v" in own:
        chip = sorted(name for name in names if name.startswith(("network_axi", "axi_")))
    else:
        chip = sorted(name for name in names if not name.startswith(wraps))
    return TASK.format(
        about=task.about,
        mode="bmc" if task.depth else "prove",
        depth=f"depth {task.depth}\n" if task.depth else "",
        engine=task.engine,
        read="\n".join(f"read_verilog -formal {name}" for name in [*chip, *sorted(own)]),
        top=task.top,
        script=task.script,
        files="\n".join([*(f"../{name}" for name in chip), *sorted(own)]),
    )
