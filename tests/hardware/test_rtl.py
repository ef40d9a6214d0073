"""The Verilog against the interpreter: random microprograms, every word of every memory."""

from __future__ import annotations

import numpy as np
import pytest

from myhdl_core import verilog as files
from myhdl_core.core import Bank, Chip
from myhdl_core.emit import emit
from myhdl_core.microcode import Microprogram
from myhdl_core.verilator import compile_library, lint
from neurosim.model.arithmetic import Format
from tests.hardware.interpreter import Interpreter
from tests.hardware.random_programs import Rules, Writer

CONFIGURATIONS = {
    "one-lane-8": Rules(1, 8, 4, 20, 16, "logistic", 8, seed=1),
    "two-lanes-24": Rules(2, 24, 16, 40, 32, "tanh", 9, seed=2, bias=0),
    "three-lanes-12": Rules(3, 12, 11, 12, 11, "tanh", 6, seed=3),
    "eight-lanes-16": Rules(8, 16, 12, 32, 24, "tanh", 9, seed=4),
}


@pytest.fixture(scope="module", params=CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def rules(request):
    return request.param


@pytest.fixture(scope="module")
def program(rules):
    return Writer(rules).program()


@pytest.fixture(scope="module")
def verilog(program, tmp_path_factory):
    folder = tmp_path_factory.mktemp("verilog")
    emit(program, folder)
    return folder


@pytest.fixture
def chip(program, verilog):
    shape = program.shape
    with Chip(compile_library(verilog), shape.lanes, shape.word_bits, shape.weight_bits) as made:
        yield made


def memories(model: Interpreter) -> dict[tuple[int, Bank], list[int]]:
    """Return all memories of the model, by lane and bank."""
    held = {}
    for p, lane in enumerate(model.lanes):
        words = (lane.w, lane.x, lane.y, model.u)
        held |= {(p, bank): kept for bank, kept in zip(Bank, words, strict=True)}
    return held


def random_words(rng: np.random.Generator, low: int, high: int, count: int) -> list[int]:
    """Return words of all sizes, and now and then an extreme one."""
    words = rng.integers(low, high + 1, count) >> rng.integers(0, 8, count)
    extreme = rng.random(count) < 0.1
    return np.where(extreme, rng.choice([low, high, 0, -1], count), words).tolist()


def fill(chip: Chip, model: Interpreter, rng: np.random.Generator) -> None:
    """Write random words into all memories of both."""
    ranges = model.number.ranges
    for (p, bank), kept in memories(model).items():
        if bank == Bank.UNITS and p:
            continue
        form = Format.WEIGHT if bank == Bank.WEIGHTS else Format.WORD
        kept[:] = random_words(rng, ranges[form].low, ranges[form].high, len(kept))
        chip.write(p, bank, 0, kept)


def assert_same(chip: Chip, model: Interpreter, region: int, where: str) -> None:
    """Compare all memories, but for the last word of a region of Y: what rides first is dropped."""
    for (p, bank), kept in memories(model).items():
        seen = chip.peek(p, bank)
        wrong = [a for a in range(len(kept)) if seen[a] != kept[a]]
        wrong = [a for a in wrong if bank != Bank.Y or a % region != region - 1]
        assert not wrong, f"{where}: lane {p}, {bank.name} at {wrong}"


def given(program: Microprogram, learn: bool) -> int:
    """Return how many words a step puts out."""
    model = Interpreter(program)
    model.step([0] * 99, learn)
    return len(model.outputs)


def test_verilog_is_free_of_lint(verilog):
    assert lint(verilog) == ""


def test_random_programs(rules, program, chip):
    rng, model = np.random.default_rng(rules.seed), Interpreter(program)
    shape, word = program.shape, model.number.ranges[Format.WORD]
    outputs = {learn: given(program, learn) for learn in (False, True)}
    for number in range(12):
        if number % 3 == 0:
            fill(chip, model, rng)
            model.rate = int(rng.integers(0, word.high + 1) >> rng.integers(0, 4))
            chip.set_rate(model.rate)
        learn = number % 4 != 2
        taken = shape.inputs + shape.targets * learn
        stream = random_words(rng, word.low, word.high, taken)
        offer = () if number % 2 else (1, 0, 0, 1, 0)
        done = chip.steps(stream, 1, outputs[learn], learn=learn, offer=offer)
        model.outputs = []
        cycles = model.step(list(stream), learn)
        where = f"{rules}, step {number}"
        assert_same(chip, model, rules.region, where)
        assert done.outputs[0].tolist() == model.outputs, where
        if not offer:
            assert done.cycles[0] == done.busy_cycles[0] == cycles, where
    assert chip.saturated == model.saturated


def test_host_reads_what_it_wrote_and_clearing_leaves_zeros(rules, program, chip):
    rng, model = np.random.default_rng(rules.seed), Interpreter(program)
    fill(chip, model, rng)
    for (p, bank), kept in memories(model).items():
        assert chip.read(p, bank, 0, len(kept)).tolist() == kept
    chip.clear()
    for p, bank in memories(model):
        assert not chip.peek(p, bank).any()
    assert not chip.saturated


def test_phases_begin_with_the_first_entry_of_an_instruction(program, chip):
    listed, at, expected = program.instructions, 0, {}
    for i in listed:
        if i.end:
            break
        expected[at + i.gap] = i.phase
        at += i.gap + i.length
    stream = [0] * (program.shape.inputs + program.shape.targets)
    done = chip.steps(stream, 1, given(program, True), learn=True, changes=200)
    seen = {int(cycle): int(phase) for _, cycle, phase in done.phases}
    last = None
    for cycle, phase in expected.items():
        if phase != last:
            assert seen[cycle] == phase
        last = phase


def test_emission_is_reproducible(rules, program, verilog, tmp_path, monkeypatch):
    if rules.lanes != 3:
        pytest.skip("once is enough")
    monkeypatch.setattr(files, "_kept", {})
    emit(program, tmp_path)
    for path in verilog.glob("*.v"):
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()
