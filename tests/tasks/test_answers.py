"""Figures of classes: bits per symbol and accuracy, against scikit-learn and by hand."""

import json

import numpy as np
import pytest

from neurosim.cli import main
from neurosim.engines import Run
from neurosim.learning.counts import Counts

metrics = pytest.importorskip("sklearn.metrics")


def run(targets, outputs, **fields):
    targets, outputs = np.array(targets, dtype=float), np.array(outputs, dtype=float)
    return Run(outputs, targets - outputs, targets, None, Counts, 0.0, **fields)


@pytest.fixture
def drawn():
    random = np.random.default_rng(0)
    codes = random.integers(0, 4, 200)
    outputs = random.dirichlet(np.ones(4), 200)
    return codes, outputs, run(np.eye(4)[codes], outputs)


def test_bits_and_accuracy_of_the_last_part(drawn):
    codes, outputs, done = drawn
    bits = metrics.log_loss(codes[-50:], outputs[-50:], labels=range(4)) / np.log(2)
    assert done.bits_per_symbol(part=0.25) == pytest.approx(bits)
    right = metrics.accuracy_score(codes[-50:], outputs[-50:].argmax(axis=1))
    assert done.accuracy(part=0.25) == right


def test_steps_can_be_left_out(drawn):
    codes, outputs, done = drawn
    judged = np.arange(300) % 3 == 0  # longer than the run, which may have been cut short
    kept = judged[:200]
    right = metrics.accuracy_score(codes[kept], outputs[kept].argmax(axis=1))
    assert done.accuracy(part=1.0, judged=judged) == right
    assert done.bits_per_symbol(part=1.0, judged=judged) != done.bits_per_symbol(part=1.0)
    nothing = np.zeros(200, dtype=bool)
    assert done.accuracy(judged=nothing) is None
    assert done.bits_per_symbol(judged=nothing) is None


def test_knowing_nothing_takes_the_bits_of_the_alphabet():
    even = run(np.eye(8), np.full((8, 8), 1 / 8))
    assert even.bits_per_symbol(part=1.0) == pytest.approx(3)
    assert run(np.eye(2), np.eye(2)).bits_per_symbol(part=1.0) == 0
    wrong = run([[1, 0]], [[0, 1]])
    assert 1_000 < wrong.bits_per_symbol() < 1_100
    assert wrong.accuracy() == 0


def test_targets_that_are_probabilities_have_bits_and_no_right_answer():
    soft = run([[0.75, 0.25], [0.5, 0.5]], [[0.75, 0.25], [0.5, 0.5]])
    entropy = (-0.75 * np.log2(0.75) + 0.25 * 2 + 1) / 2
    assert soft.bits_per_symbol(part=1.0) == pytest.approx(entropy)
    assert soft.accuracy(part=1.0) is None


def test_what_is_no_probability_has_no_bits():
    signed = run([[0.8, -0.8], [-0.8, 0.8]], [[0.3, 0.1], [0.2, 0.0]])
    assert signed.bits_per_symbol(part=1.0) is None
    assert signed.accuracy(part=1.0) == 0.5
    single = run([[1.0]], [[1.0]])
    assert (single.bits_per_symbol(), single.accuracy()) == (None, None)
    lost = run(np.eye(2), np.eye(2), diverged_at=1)
    assert (lost.bits_per_symbol(), lost.accuracy()) == (None, None)


def test_a_study_of_classes_tells_how_often_it_was_right(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    flags = ["--task.name", "an_bn", "--task.steps", "400", "--network.units", "6"]
    flags += ["--compare", "trtrl", "--seeds", "0", "--machine", "none"]
    assert main(["compare", *flags, "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert 0.3 < row["accuracy"] <= 1
    assert main(["compare", *flags]) == 0
    (line,) = (text for text in capsys.readouterr().out.splitlines() if "right answers" in text)
    assert line.split() == ["right", "answers", f"{100 * row['accuracy']:.1f}", "%"]
