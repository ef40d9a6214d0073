"""The chip as a fourth engine: a run learns in its Verilog, and another chip takes it over."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.cli import main
from neurosim.study.graphs import graph_from
from neurosim.study.hardware import OnChip
from neurosim.study.hardware.engine import ChipEngine
from tests.hardware import needs

pytestmark = needs.compiler
STEPS, LATER = 17, 40  # an odd number, so that the halves of the unit bank have changed places


@pytest.fixture(scope="module")
def network() -> ns.Network:
    graph, inputs, outputs = graph_from("fully_recurrent", units=4)
    return ns.Network(graph, inputs, outputs, seed=5)


def stream(steps: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(3)
    return random.uniform(-1, 1, (steps, 1)), random.uniform(-0.8, 0.8, (steps, 1))


def test_a_run_on_the_chip_is_the_run_in_software(network) -> None:
    x, target = stream(LATER)
    software = ns.train(network, ns.TRTRL(0.25), x, target, number=ns.Fixed())
    chip = ns.train(
        network, ns.TRTRL(0.25), x, target, number=ns.Fixed(), engine=ns.hardware.OnChip(lanes=2)
    )
    np.testing.assert_array_equal(chip.outputs, software.outputs)
    np.testing.assert_array_equal(chip.errors, software.errors)
    assert chip.network.weights == software.network.weights
    assert len(chip.cycles) == LATER


@pytest.mark.parametrize(
    "rule",
    [ns.TRTRL(0.25), pytest.param(ns.RTRL(0.25), marks=pytest.mark.slow)],
    ids=lambda rule: rule.name,
)
def test_another_chip_goes_on_from_the_memory_window(network, rule) -> None:
    number = ns.Fixed()
    x, target = (number.encode(values) for values in stream(LATER))
    first, second = (ChipEngine(network, rule, number, 2) for _ in range(2))
    for t in range(STEPS):
        first.step(x[t], target[t])
    second.restore(first.state())
    for t in range(STEPS, LATER):
        for mine, other in zip(
            first.step(x[t], target[t]), second.step(x[t], target[t]), strict=True
        ):
            np.testing.assert_array_equal(mine, other)
    np.testing.assert_array_equal(first.weights(), second.weights())
    assert first.cycles == second.cycles
    for mine, other in zip(first.state().image, second.state().image, strict=True):
        np.testing.assert_array_equal(mine, other)


def test_an_image_of_another_chip_is_refused(network) -> None:
    engine = ChipEngine(network, ns.TRTRL(0.25), ns.Fixed(), 2)
    state = engine.state()
    of_one_lane = state.image._replace(weights=state.image.weights[:1])
    with pytest.raises(ns.UserError, match="is of a chip of memories"):
        engine.restore(state._replace(image=of_one_lane))


def test_it_has_no_gradient_to_show(network) -> None:
    with pytest.raises(ns.UserError, match="keeps no gradient"):
        ns.gradients(network, ns.TRTRL(0.25), *stream(2), engine=OnChip(2), number=ns.Fixed())


def test_the_command_line_learns_on_it(tmp_path, capsys) -> None:
    series = []
    for engine in ("arrays", "chip"):
        flags = f"--engine {engine} --machine chip --number.word_bits 16 --network.units 4"
        out = tmp_path / engine
        asked = ["run", "frequency_doubler", *flags.split(), "--steps", "60", "--out", str(out)]
        assert main(asked) == 0
        series.append(next(out.glob("*/series.csv")).read_text())
    assert series[0] == series[1]
    assert "engine chip" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("--machine bus --number.word_bits 16", "machine bus is no chip of lanes"),
        ("--machine none --number.word_bits 16", "machine none is no chip of lanes"),
        ("--machine chip", "a chip computes in fixed point"),
    ],
)
def test_what_a_chip_cannot_do_is_said_before_anything_runs(flags, said, capsys, tmp_path) -> None:
    asked = ["run", "frequency_doubler", "--engine", "chip", *flags.split()]
    assert main([*asked, "--out", str(tmp_path / "runs")]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()
