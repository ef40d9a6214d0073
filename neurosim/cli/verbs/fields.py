"""The app that verbs are added to, and the flags that several of them have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Group, Parameter

from neurosim.cli.flags import (
    AlignFlags,
    CheckpointFlags,
    CompareFlags,
    CostFlags,
    DataShortcuts,
    HardwareFlags,
    RunFlags,
    Shortcuts,
    SweepFlags,
    TraceFlags,
    by,
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
        " align, sweep and hardware that overrides it, such as --network.units 32.",
        "Results go to stdout, progress and messages to stderr. Exit code: 0 done, 1 a run failed,"
        " 2 wrong use, 130 ended by Ctrl-C, 143 by SIGTERM.",
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

MOST_USED = Group("Most used", sort_key=1)
SILICON = Group("On an FPGA", sort_key=2)
OUTPUT = Group("Output", sort_key=3)
SCENARIO = Parameter(name="*", group=Group("Scenario", sort_key=4))
RunFields = Annotated[RunFlags | None, SCENARIO]
CompareFields = Annotated[CompareFlags | None, SCENARIO]
CostFields = Annotated[CostFlags | None, SCENARIO]
HardwareFields = Annotated[HardwareFlags | None, SCENARIO]
AlignFields = Annotated[AlignFlags | None, SCENARIO]
SweepFields = Annotated[SweepFlags | None, SCENARIO]
ShortData = Annotated[DataShortcuts | None, Parameter(name="*", group=MOST_USED)]
Short = Annotated[Shortcuts | None, Parameter(name="*", group=MOST_USED)]
Json = Annotated[bool, Parameter(negative=(), show_default=False, group=OUTPUT)]
Out = Annotated[Path, by(folder), Parameter(group=OUTPUT)]
Used = Parameter(group=MOST_USED)
Switch = Parameter(negative=(), show_default=False, group=MOST_USED)
Watch = Annotated[bool, Switch]
Tracing = Annotated[TraceFlags | None, Parameter(name="*", group=OUTPUT)]
Kept = Annotated[CheckpointFlags | None, Parameter(name="*", group=OUTPUT)]
