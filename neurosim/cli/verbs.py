"""The verbs of the command line, each a function that returns an exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Group, Parameter

from neurosim.cli.flags import (
    AlignFlags,
    ChipFlags,
    CompareFlags,
    CostFlags,
    DataShortcuts,
    Decimal,
    HardwareFlags,
    RunFlags,
    Shortcuts,
    TraceFlags,
    Whole,
    by,
    file,
    folder,
)

# A paragraph is one line: the terminal's width decides where it breaks.
ABOUT = "\n\n".join(
    (
        "What it costs to let a recurrent network keep learning while it runs.",
        "Start with `neurosim compare`, then try it on a series of your own: `neurosim compare"
        " --data FILE.csv --target COLUMN`.",
        "NAME is something on the shelf (`neurosim list`) or a file: a scenario (.toml, .py) or a"
        " graph (.json, .graphml). Every field of a scenario is a flag of run, compare, cost,"
        " align and hardware that overrides it, such as --network.units 32.",
        "Results go to stdout, progress and messages to stderr. Exit code: 0 done, 1 a run failed,"
        " 2 wrong use, 130 ended by Ctrl-C.",
    )
)


def _version() -> str:
    import neurosim

    return str(neurosim.__version__)


def new_app(name: str, about: str) -> App:
    """Return an empty command line that leaves errors and exit codes to its caller."""
    return App(
        name=name,
        help=about,
        help_format="plaintext",
        version=_version,
        exit_on_error=False,
        print_error=False,
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )


app = new_app("neurosim", ABOUT)
app.register_install_completion_command(help="Set up completion for your shell.")

_MOST_USED = Group("Most used", sort_key=1)
_SILICON = Group("On an FPGA", sort_key=2)
_OUTPUT = Group("Output", sort_key=3)
_SCENARIO = Parameter(name="*", group=Group("Scenario", sort_key=4))
RunFields = Annotated[RunFlags | None, _SCENARIO]
CompareFields = Annotated[CompareFlags | None, _SCENARIO]
CostFields = Annotated[CostFlags | None, _SCENARIO]
HardwareFields = Annotated[HardwareFlags | None, _SCENARIO]
AlignFields = Annotated[AlignFlags | None, _SCENARIO]
ShortData = Annotated[DataShortcuts | None, Parameter(name="*", group=_MOST_USED)]
Short = Annotated[Shortcuts | None, Parameter(name="*", group=_MOST_USED)]
Json = Annotated[bool, Parameter(negative=(), show_default=False, group=_OUTPUT)]
Out = Annotated[Path, by(folder), Parameter(group=_OUTPUT)]
Used = Parameter(group=_MOST_USED)
Switch = Parameter(negative=(), show_default=False, group=_MOST_USED)
Watch = Annotated[bool, Switch]
Tracing = Annotated[TraceFlags | None, Parameter(name="*", group=_OUTPUT)]
RUNS = Path("runs")


@app.command(usage="Usage: neurosim run NAME [FLAGS]", sort_key=2)
def run(
    name: str, /, *, short: Short = None, watch: Watch = False, flags: RunFields = None,
    out: Out = RUNS, tracing: Tracing = None, json: Json = False,
) -> int:  # fmt: skip
    """Train a scenario's own rule, and write a run folder.

    Parameters
    ----------
    name
        Scenario, topology or graph: a name or a file.
    watch
        Show errors, speed and busiest units live while it trains.
    out
        Folder that the run folder is made in.
    json
        Print figures as JSON.
    """
    from neurosim.cli import studies, traces

    wish = traces.wish(tracing, out)
    return studies.named("run", name, flags, short, out, json, watch, wish)


@app.command(usage="Usage: neurosim compare [NAME] [FLAGS]", sort_key=1)
def compare(
    name: str = "compare", /, *, short: Short = None, watch: Watch = False,
    flags: CompareFields = None, out: Out = RUNS, tracing: Tracing = None, json: Json = False,
) -> int:  # fmt: skip
    """Train every rule of a scenario, and set what they learn and cost side by side.

    Parameters
    ----------
    name
        Scenario, topology or graph: a name or a file.
    watch
        Show errors, speed and busiest units live while it trains.
    out
        Folder that the run folder is made in.
    json
        Print figures as JSON, one object for each rule.
    """
    from neurosim.cli import studies, traces

    wish = traces.wish(tracing, out)
    return studies.named("compare", name, flags, short, out, json, watch, wish)


@app.command(usage="Usage: neurosim cost [NAME] [FLAGS]", sort_key=3)
def cost(
    name: str = "compare",
    /,
    *,
    short: ShortData = None,
    flags: CostFields = None,
    out: Annotated[Path | None, by(folder), Parameter(group=_OUTPUT)] = None,
    tracing: Tracing = None,
    json: Json = False,
) -> int:
    """Count what a step of every rule costs, without training.

    Parameters
    ----------
    name
        Scenario, topology or graph: a name or a file.
    out
        Folder that the run folder with traces is made in (runs).
    json
        Print figures as JSON, one object for each rule.
    """
    from neurosim.cli import studies, traces

    wish = traces.wish(tracing, out or RUNS)
    traces.refuse_unused(out, wish)
    return studies.named("cost", name, flags, short, None, json, tracing=wish)


@app.command(usage="Usage: neurosim align NAME [FLAGS]", sort_key=4)
def align(
    name: str, /, *, short: Short = None, flags: AlignFields = None, out: Out = RUNS,
    json: Json = False,
) -> int:  # fmt: skip
    """Hold every rule's gradient against the exact one, beside what it costs.

    The scenario's own rule learns (--rule.name), the others (--compare, or all that fit) are shown
    the same weights, inputs and targets, and move nothing.

    Parameters
    ----------
    name
        Scenario, topology or graph: a name or a file.
    out
        Folder that the run folder is made in.
    json
        Print figures as JSON, one object for each rule.
    """
    from neurosim.cli import align as alignments

    return alignments.aligned(name, flags, short, out, json)


@app.command(usage="Usage: neurosim hardware NAME [FLAGS]", sort_key=5)
def hardware(
    name: str,
    /,
    *,
    short: ShortData = None,
    lanes: Annotated[Whole | None, Used] = None,
    check: Annotated[bool, Switch] = False,
    steps: Annotated[Whole | None, Used] = None,
    waveforms: Annotated[bool, Switch] = False,
    part: Annotated[str | None, Used] = None,
    tools: Annotated[ChipFlags | None, Parameter(name="*", group=_SILICON)] = None,
    flags: HardwareFields = None,
    out: Out = RUNS,
    json: Json = False,
) -> int:
    """Write a scenario's network and rule as a chip in Verilog, and check it.

    Parameters
    ----------
    name
        Scenario, topology or graph: a name or a file.
    lanes
        Multipliers that share the neurons; 8, or one a unit where there are fewer.
    check
        Simulate the Verilog and compare all its words and cycles with the model.
    steps
        Steps of the task that are compared (300).
    waveforms
        Record the chip's first steps for GTKWave.
    part
        Refuse what cannot fit: ecp5-25f, ecp5-85f, ice40-up5k, gw2a-18 and others.
    out
        Folder that the run folder is made in.
    json
        Print figures as JSON.
    """
    from neurosim.cli import hardware as chips

    wishes = chips.Wishes(lanes, check, steps, waveforms, part, tools or ChipFlags())
    return chips.asked(name, flags, short, wishes, out, json)


@app.command(usage="Usage: neurosim report [NAME] [FLAGS]", sort_key=6)
def report(name: str | None = None, /, *, out: Out = RUNS, json: Json = False) -> int:
    """Print the report of a run or a chip again, and write it into its folder as a page.

    What tools found out about a chip (cells, clock, proofs) stands on the page and in the JSON.

    Parameters
    ----------
    name
        A run folder, or the beginning of its name; the newest where left out.
    out
        Folder that the run folders are in.
    json
        Print figures as JSON: one object for each rule, of a chip one; of both rows and chip.
    """
    from neurosim.cli import studies

    return studies.again(name, out, json)


@app.command(usage="Usage: neurosim network [FLAGS]", sort_key=7)
def network(
    *,
    topology: Annotated[str, Used] = "mesh",
    size: Annotated[str, Used] = "4x4",
    traffic: Annotated[str, Used] = "uniform",
    rate: Annotated[Decimal | None, Used] = None,
    batch: Annotated[Whole | None, Used] = None,
    packet_flits: Annotated[Whole, Used] = 1,
    vcs: Annotated[Whole | None, Used] = None,
    buffer: Annotated[Whole, Used] = 8,
    tier: Annotated[str, Used] = "cycle",
    seed: Annotated[Whole, Used] = 1,
    figure: Annotated[Path | None, by(file), Parameter(group=_OUTPUT)] = None,
    json: Json = False,
) -> int:
    """Measure a network on chip by itself: latency against load, or a batch's time.

    Parameters
    ----------
    topology
        mesh, ring, crossbar or bus.
    size
        Rows x columns of its tiles.
    traffic
        uniform, neighbor, transpose, hotspot:NODE or all-to-all.
    rate
        Load, flits per node and cycle; the whole curve where left out.
    batch
        Packets that every node sends as fast as it can (all-to-all: for every pair).
    packet_flits
        Flits of a packet.
    vcs
        Virtual channels of a link; 1, in a ring 2.
    buffer
        Flits that the buffer of a virtual channel holds.
    tier
        cycle simulates each flit, burst moves packets as a whole.
    seed
        Of the random traffic.
    figure
        Draw the curve into this file (.svg, .pdf).
    json
        Print figures as JSON.
    """
    from neurosim.cli import network as networks

    wishes = networks.Wishes(
        topology, size, traffic, rate, batch, packet_flits, vcs, buffer, tier, seed, figure
    )
    return networks.studied(wishes, json)


@app.command(name="list", usage="Usage: neurosim list [FLAGS]", sort_key=8)
def list_(*, json: Json = False) -> int:
    """List scenarios, topologies, rules, tasks and machines.

    Parameters
    ----------
    json
        Print names and lines as JSON.
    """
    from neurosim.cli import studies

    return studies.listed(json)


@app.command(usage="Usage: neurosim show NAME [FLAGS]", sort_key=9)
def show(name: str, /, *, json: Json = False) -> int:
    """Show one of them in full; a scenario or a machine as TOML, to be edited and used.

    Parameters
    ----------
    name
        A name from `neurosim list`, or a file.
    json
        Print it as JSON.
    """
    from neurosim.cli import studies

    return studies.shown(name, json)


@app.command(usage="Usage: neurosim check RULE [FLAGS]", sort_key=10)
def check(rule: str, /, *, steps: Annotated[Whole, Used] = 40, json: Json = False) -> int:
    """Check that a rule's messages, arrays and closed forms say the same.

    Parameters
    ----------
    rule
        A rule by name or file, with options as in trtrl:literal=true.
    steps
        Steps that are compared on each of a few small networks.
    json
        Print what was found as JSON.
    """
    from neurosim.cli import agreement

    return agreement.checked(rule, steps, json)


@app.command(usage="Usage: neurosim doctor [FLAGS]", sort_key=11)
def doctor(*, json: Json = False) -> int:
    """Show which packages and tools are here, what each is for, and how to get the rest.

    Parameters
    ----------
    json
        Print what was found as JSON.
    """
    from neurosim.cli import doctor

    return doctor.examined(json)
