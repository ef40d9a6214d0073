"""The live view: what it shows is true, it costs little, and it leaves the terminal as it was."""

import io
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from rich.live import Live

from neurosim.cli import main
from neurosim.engines.activity import Activity, LinkActivity, NeuronActivity
from neurosim.report import quantities
from neurosim.report.watch import HEIGHT, POINTS, Followed, View, clock, plot
from neurosim.study.busiest import IDLE, Busiest, Busy
from neurosim.study.scenario import NetworkSpec, Scenario, TaskSpec
from neurosim.study.training import Job, Progress, train_one
from tests.networks import network_of

ROOT = Path(__file__).parent.parent
BUSY = Busy("the mean change of a weight, a step", (("n7", 0.25), ("n1", 0.125)))


def progress(rule="rtrl", step=500, **fields) -> Progress:
    given = {"units": 25, "seed": 0, "step": step, "steps": 1000, "error": 0.01, "busy": BUSY}
    return Progress(rule=rule, **{**given, **fields})


def screen(width: int = 80, encoding: str = "utf-8") -> Console:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    return Console(file=file, width=width, height=40, force_terminal=True, color_system=None)


def seen(view: View, console: Console) -> str:
    with console.capture() as capture:
        console.print(view.drawn(console))
    return capture.get()


def view(console: Console) -> View:
    return View(Scenario(seeds=(0, 1, 2)), Live(console=console, auto_refresh=False))


def ring():
    pairs = [("a", "b"), ("b", "c"), ("c", "a"), ("x", "a"), ("x", "c")]
    return network_of(pairs, ["a", "b", "c"], ["x"], ["a"])


# --- what is shown ----------------------------------------------------------------------------


def test_a_curve_falls_from_left_to_right():
    curve = {n * POINTS // 50: 10.0 ** (-n / 10) for n in range(51)}
    lines = [str(line) for line in plot(curve, 40, quantities.BLOCKS)]
    assert len(lines) == HEIGHT
    assert lines[0].split()[0] == "1"
    assert lines[-1].split()[0] == "1.00e-05"
    heights = [sum(line[9 + n] != " " for line in lines) for n in range(40)]
    assert heights == sorted(heights, reverse=True)
    assert (heights[0], heights[-1]) == (HEIGHT, 1)


def test_a_curve_reaches_as_far_as_the_run_is():
    half = {n: 1.0 / (n + 1) for n in range(POINTS // 2)}
    bottom = str(plot(half, 60, "#")[-1])[9:]
    assert bottom.rstrip() == "#" * 30
    assert [str(line).strip() for line in plot({}, 60, "#")] == [""] * HEIGHT
    assert str(plot({0: 0.5}, 5, "#")[-1]).split() == ["0.5", "#"]


@pytest.mark.parametrize("width", [30, 80, 140])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_each_rule_has_a_panel_that_fits(width, encoding):
    console = screen(width, encoding)
    shown = view(console)
    for rule in ("rtrl", "trtrl"):
        for step in (100, 200, 300):
            shown.watch(progress(rule, step))
    text = seen(shown, console)
    text.encode(encoding)
    lines = text.splitlines()
    assert max(map(len, lines)) <= width
    assert "RTRL, 25 units" in text
    assert "TRTRL, 25 units" in text
    beside = any("RTRL" in line and "TRTRL" in line.partition("units")[2] for line in lines)
    assert beside == (width == 140)
    if width > 30:
        assert "n7 0.25" in text
        assert "0 of 3 done" in text
        assert "error 0.01" in text


def test_speed_and_what_is_left_are_of_all_trainings():
    followed = Followed("rtrl", 3)
    followed.take(progress(step=100), 10.0)
    followed.take(progress(step=300), 11.0)
    followed.take(progress(step=100, seed=1), 12.0)
    assert followed.done == 400
    assert followed.speed == pytest.approx(150)
    assert "150 steps/s   18 s left" in str(followed._line(followed.shown()))  # 2600 steps of 3000
    assert followed.shown().seed == 0
    followed.take(progress(step=1000), 13.0)
    assert followed.shown().seed == 1  # the first has come to its end


def test_an_error_that_is_no_number_is_not_drawn():
    followed = Followed("rtrl", 1)
    for error in (float("nan"), float("inf"), 0.0):
        followed.take(progress(error=error), 1.0)
    assert followed.curves == {}
    followed.panel(80, True)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1 s"), (59, "59 s"), (125, "2 min 5 s"), (7800, "2 h 10 min")]
)
def test_a_time_that_is_left_is_readable(seconds, text):
    assert clock(seconds) == text


# --- the busiest units ------------------------------------------------------------------------


class Still:
    """An engine whose weights are given."""

    def __init__(self, weights):
        self.given = np.array(weights, dtype=float)

    def weights(self):
        return self.given.copy()


def test_the_busiest_unit_is_the_one_whose_weights_move_most():
    net = ring()
    engine = Still(net.weight_vector)
    busiest = Busiest(net)
    busiest.follow(engine)
    moved = dict.fromkeys(net.units, 0.0)
    for n, (source, destination) in enumerate(net.edges):
        change = {"b": 0.3, "c": -0.2}.get(destination, 0.0) if source != "x" else 0.0
        engine.given[n] += change
        moved[destination] += abs(change)
    degree = {unit: sum(unit == end for _, end in net.edges) for unit in net.units}
    found = busiest.look(10)
    assert [name for name, _ in found.units[:2]] == ["b", "c"]
    for name, amount in found.units:
        assert amount == pytest.approx(moved[name] / degree[name] / 10)
    assert [amount for _, amount in busiest.look(20).units] == [0, 0, 0]  # since the last look


def test_on_a_machine_the_busiest_unit_computes_longest():
    net = ring()
    engine = Still([])
    neurons = [NeuronActivity("a", compute=5, link=90), NeuronActivity("b", compute=40)]
    engine.activity = Activity(100, neurons, {}, LinkActivity("bus"))
    busiest = Busiest(net)
    busiest.follow(engine)
    assert busiest.look(1).units == (("b", 40.0), ("a", 5.0))


def test_nobody_looks_more_often_than_is_cheap():
    net = ring()
    looks = []

    class Counting(Still):
        def weights(self):
            looks.append(1)
            return super().weights()

    busiest = Busiest(net)
    busiest.follow(Counting(net.weight_vector))
    assert {busiest.now(step) for step in range(1000)} == {IDLE}
    assert looks == []
    busiest._last -= 2  # as if two seconds had passed
    assert busiest.now(1000) != IDLE
    busiest.now(1001)
    assert looks == [1]


@pytest.mark.parametrize("engine", ["arrays", "stepwise", "clocked"])
def test_every_engine_can_be_looked_at(engine, monkeypatch):
    monkeypatch.setattr("neurosim.study.busiest.SECONDS_BETWEEN_LOOKS", 0.0)
    monkeypatch.setattr("neurosim.study.training.SECONDS_BETWEEN_REPORTS", 0.0)
    scenario = Scenario(engine=engine, network=NetworkSpec(units=4), task=TaskSpec(steps=20))
    seen = []
    outcome = train_one(Job(scenario, "trtrl", 0), seen.append)
    assert outcome.steps == 20
    assert all(len(each.busy.units) == 3 for each in seen)
    assert ("cycles" in seen[-1].busy.measure) == (engine == "clocked")
    assert all(amount > 0 for _, amount in seen[-1].busy.units)


# --- on a terminal, and where there is none ---------------------------------------------------


def test_without_a_terminal_it_says_so_and_goes_on(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    few = ["--network.units", "3", "--steps", "20", "--machine", "none", "--json"]
    assert main(["run", "ring", *few, "--watch"]) == 0
    printed = capsys.readouterr()
    assert "--watch needs a terminal" in printed.err
    assert printed.out.startswith("[")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a pseudo-terminal")
def test_ctrl_c_leaves_a_clean_terminal(tmp_path):
    import pty

    main_end, end = pty.openpty()
    command = ["run", "ring", "--watch", "--machine", "none", "--engine", "stepwise"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "100"}
    program = subprocess.Popen(
        [sys.executable, "-m", "neurosim", *command, "--network.units", "8"],
        cwd=tmp_path, env=environment, stdin=end, stdout=end, stderr=end, start_new_session=True,
    )  # fmt: skip
    os.close(end)
    text, sent, began = b"", False, time.monotonic()
    try:
        while time.monotonic() - began < 60:
            try:
                text += os.read(main_end, 65536)
            except OSError:  # the other end is closed
                break
            if not sent and b"by the mean change" in text:
                program.send_signal(signal.SIGINT)
                sent = True
        assert program.wait(20) == 130
    finally:
        program.kill()
        os.close(main_end)
    said = text.decode()
    assert "busiest units" in said
    assert "Traceback" not in said
    assert said.count("\x1b[?25l") == said.count("\x1b[?25h") > 0  # the cursor is back
    # what follows the view is the report, below a terminal that was cleared of it
    after = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", said.rpartition("\x1b[?25h")[2])
    assert "busiest" not in after
    assert "Interrupted after" in after
