"""Real SIGKILLs, at random moments of a training: what goes on ends as what was never stopped.

Fifty of them for each engine: ``pytest -m slow tests/checkpoint/test_kills.py``.
"""

import sys
from pathlib import Path

import numpy as np
import pytest

from tests.checkpoint.killed import ENGINES, Killer
from tests.hardware import needs

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a server of forks")
KILLS = 50


def assert_same(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert set(found) == set(expected)
    for name, array in expected.items():
        assert found[name].dtype == array.dtype, name
        assert found[name].tobytes() == array.tobytes(), name


@pytest.mark.parametrize("engine", ["stepwise"])
def test_a_training_that_is_killed_goes_on_to_the_same_bits(engine: str, tmp_path: Path) -> None:
    killer = Killer(engine, tmp_path, seed=1)
    expected = killer.whole()
    assert_same(killer.killed(at_most=3), expected)
    assert killer.kills


@pytest.mark.slow
@pytest.mark.parametrize(
    "engine",
    [pytest.param(name, marks=needs.compiler if name == "chip" else ()) for name in ENGINES],
)
def test_fifty_kills(engine: str, tmp_path: Path) -> None:
    killer = Killer(engine, tmp_path, seed=7)
    expected, trainings, checkpoints = killer.whole(), 0, 0
    while killer.kills < KILLS:
        assert_same(killer.killed(at_most=KILLS - killer.kills), expected)
        trainings, checkpoints = trainings + 1, checkpoints + killer.checkpoints
    print(f"\n{engine}: {killer.kills} kills, {trainings} trainings, {checkpoints} checkpoints")
