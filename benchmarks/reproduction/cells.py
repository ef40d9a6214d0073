"""The cells of the reproduction pack: where each result stands, and how it is built again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.reproduction import aligned, costs, learned
from benchmarks.reproduction.figures import Claim, Figure, Values
from neurosim.study import comparison, sources
from neurosim.study.costing import Say
from neurosim.study.scenario import Scenario
from neurosim.study.training import Watcher

Build = Callable[[Scenario, Watcher, Say], Mapping[str, Values]]

ADD_TASK = "Marschall, Cho and Savin 2020, JMLR 21(135)"
ECHO_STATE = "Jaeger and Haas 2004, doi 10.1126/science.1091277"
TRTRL_SLIDES = "TRTRL slides (Budik and Elhanany 2006; doi 10.1109/TNN.2008.2000838)"
KRONECKER_SLIDES = (
    "optimal-Kronecker slides (Benzing and others 2019; doi 10.48550/arXiv.1902.03993)"
)


@dataclass(frozen=True)
class Cell:
    """One published result, built again by a scenario of the shelf.

    Attributes
    ----------
    name
        What it is called on the command line.
    title
        What is reproduced.
    source
        Where it was published.
    said
        What is said there, in a sentence.
    command
        What anybody may type to see it.
    scenario
        What is run; it belongs to the committed figures.
    figures
        What is found out.
    build
        Finds it out: given the scenario, what watches trainings, and what takes words.
    note
        What a reader should know besides.
    """

    name: str
    title: str
    source: str
    said: str
    command: str
    scenario: Scenario
    figures: tuple[Figure, ...]
    build: Build
    note: str = ""


def cells() -> dict[str, Cell]:
    """Return all cells by name, in the order of the page."""
    listed = (
        _kronecker(),
        _kronecker_time(),
        _echo_state(),
        _alignment(),
        _doubler(),
        _mackey_glass(),
        _characters(),
    )
    return {cell.name: cell for cell in listed}


def _kronecker() -> Cell:
    return Cell(
        name="kronecker",
        title="Words and multiplications of RTRL, r-OK (r = 4) and truncated BPTT (T = 10)",
        source=KRONECKER_SLIDES,
        said="memory and run time: RTRL n^3 and n^4, r-OK r n^2 and r n^3, TBPTT-T T n and T n^2",
        command="neurosim cost kronecker",
        scenario=sources.load("kronecker"),
        figures=costs.figures(),
        build=lambda scenario, watch, say: costs.build(),
        note="What BPTT keeps depends on where: one array for all units holds the T n words of the"
        " slides. In messages every unit has copies of the words that it heard, which makes T n^2.",
    )


def _kronecker_time() -> Cell:
    scenario = sources.load("kronecker")
    return Cell(
        name="kronecker_time",
        title="Measured time of a step, for information",
        source=KRONECKER_SLIDES,
        said="the same powers; matrix products do them many at a time, so that small networks hide"
        " them",
        command="neurosim compare kronecker",
        scenario=scenario,
        figures=costs.times(scenario),
        build=_timed,
    )


def _timed(scenario: Scenario, watch: Watcher, say: Say) -> Mapping[str, Values]:
    summary, _ = comparison.study(scenario, "compare", watch, say)
    if summary.status == "interrupted":
        raise KeyboardInterrupt
    return costs.of_times(scenario, summary.slopes)


def _echo_state() -> Cell:
    return Cell(
        name="echo_state",
        title="Echo state network of 100 units on the Mackey-Glass series",
        source=f"{ECHO_STATE}; reservoirpy 0.4.2 gives the range",
        said="the root mean square error one step ahead is 0.0019 to 0.0030 over ten reservoirs",
        command="neurosim run echo_state",
        scenario=sources.load("echo_state"),
        figures=learned.reservoirs(),
        build=lambda scenario, watch, say: learned.of_reservoirs(scenario, watch),
        note="The range is that of reservoirpy's own example, in which a tenth of the units see the"
        " series as it is: so does the second figure. The scenario shows a normalised series to all"
        " units and does better; what is held against the range is its upper end.",
    )


def _alignment() -> Cell:
    scenario = sources.load("alignment")
    return Cell(
        name="alignment",
        title="Alignment with the exact gradient on the Add task, 32 hidden units",
        source=ADD_TASK,
        said="cosines of the paper's program: UORO 0.05, KF-RTRL 0.39, RFLO 0.69 with symmetric and"
        " 0.04 with random feedback",
        command="neurosim align alignment",
        scenario=scenario,
        figures=aligned.figures(scenario),
        build=aligned.build,
        note="Random feedback knows nothing of the error, so its cosine is chance, and 0.04 is one"
        " draw of it; alignment.md has more.",
    )


def _doubler() -> Cell:
    scenario, small = sources.load("frequency_doubler"), Claim("below 0.001", 0.0, 1e-3)
    return Cell(
        name="frequency_doubler",
        title="Frequency doubler, 15 units",
        source=f"{TRTRL_SLIDES}, test case 1",
        said="both learn it, with minor performance degradation by TRTRL",
        command="neurosim compare frequency_doubler",
        scenario=scenario,
        figures=learned.errors(scenario, small, similar=False),
        build=_errors,
        note="One of the five seeds of RTRL does not learn it at all at this rate, and all of TRTRL"
        " do: the medians leave it out, the ranges do not.",
    )


def _mackey_glass() -> Cell:
    scenario, small = sources.load("mackey_glass"), Claim("below 0.002", 0.0, 2e-3)
    return Cell(
        name="mackey_glass",
        title="Mackey-Glass series of tau 30, 25 units",
        source=f"{TRTRL_SLIDES}, test case 2",
        said='"predicting output with 30 time step dependencies": similar performance of both',
        command="neurosim compare mackey_glass",
        scenario=scenario,
        figures=learned.errors(scenario, small, similar=True),
        build=_errors,
    )


def _characters() -> Cell:
    return Cell(
        name="characters",
        title="Letters of a book, bits per character",
        source=KRONECKER_SLIDES,
        said="UORO learns least, then KF-RTRL; r-OK learns about what TBPTT learns",
        command="neurosim compare characters",
        scenario=sources.load("characters"),
        figures=learned.curves(),
        build=lambda scenario, watch, say: learned.of_curves(scenario, watch),
        note="A smaller test than theirs: 16 hidden units, 10,000 characters of a book, five seeds,"
        " Adam with the best of a few rates for each rule. Counting single letters gives 4.06 bits"
        " in the last part, so that UORO has learned less than that; the order is that of the"
        " slides.",
    )


def _errors(scenario: Scenario, watch: Watcher, say: Say) -> Mapping[str, Values]:
    return learned.of_errors(scenario, watch)
