"""What is demanded of a design, and by which mistakes it is not."""

from dataclasses import replace

import pytest

from neurosim.cli import main
from neurosim.study.design.demand import duration, frequency
from tests.design.demands import DEMAND, SUNSPOTS, ask

pytest.importorskip("optuna")


@pytest.mark.parametrize(
    ("text", "hertz"), [("20kHz", 20e3), ("1.5 MHz", 1.5e6), ("50hz", 50.0), (".5kHz", 500.0)]
)
def test_a_rate_has_a_unit(text, hertz):
    assert frequency("--rate", text) == hertz


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10min", 600), ("1.5h", 5400)])
def test_a_budget_has_a_unit(text, seconds):
    assert duration("--budget", text) == seconds


MISTAKES = [
    (("--rate", "20"), "--rate: '20' has no unit. Write Hz, kHz or MHz"),
    (("--rate", "20kHzz"), "--rate: kHzz is no unit of it. Did you mean khz?"),
    (("--rate", "fast"), "--rate: must be a number with its unit"),
    (("--rate", "0Hz"), "--rate: must be above 0"),
    (("--part", "ecp5-85"), "--part ecp5-85: unknown. Did you mean ecp5-85f?"),
    (("--part", "artix7-35t"), "no clock is known and no rate can be promised. Name a part with"),
    (("--budget", "10"), "--budget: '10' has no unit"),
    (("--trials", "0"), "--trials: must be at least 1"),
    (("--max-error", "0"), "--max-error: must be above 0"),
    (("--target", "sunspot"), "has no column 'sunspot'. Did you mean sunspots?"),
    (("--data", "none.csv"), "none.csv: no such file"),
    (("--passes", "3"), "--steps: --passes says how long to train too"),
    (("--seed", "-1"), "--seed: must be at least 0"),
    (("--jobs", "0"), "--jobs: must be at least 1"),
]


@pytest.mark.parametrize(("flags", "message"), MISTAKES)
def test_mistakes_end_with_2_before_anything_is_trained(flags, message, capsys, tmp_path):
    assert main(ask("--out", str(tmp_path / "runs"), *flags)) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert not said.out
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("left_out", ["--data", "--rate", "--part"])
def test_what_is_left_out_is_asked_for(left_out, capsys):
    words = ask()
    at = words.index(left_out)
    assert main([*words[:at], *words[at + 2 :]]) == 2
    assert f"neurosim: {left_out}: " in capsys.readouterr().err


def test_the_digest_counts_what_changes_the_search():
    assert replace(DEMAND).digest == DEMAND.digest
    others = [
        replace(DEMAND, rate_hz=1e3), replace(DEMAND, part="ecp5-85f"), replace(DEMAND, seed=1),
        replace(DEMAND, max_error=0.3), replace(DEMAND, task=replace(SUNSPOTS, steps=301)),
    ]  # fmt: skip
    assert len({each.digest for each in (DEMAND, *others)}) == 6
