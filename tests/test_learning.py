"""What the rules learn: the two tests of the TRTRL slides, medians of five seeds.

Each row trains five networks. Those in fixed point are held against float; all of them by
``pytest -m "slow or not slow" tests/test_learning.py``.
"""

from functools import cache
from statistics import median

import pytest

from neurosim.engines import train, train_many
from neurosim.errors import RunFailed
from neurosim.learning import RTRL, TRTRL
from neurosim.model import Fixed, Float, Network
from neurosim.study import tasks
from neurosim.study.graphs import graph_from
from neurosim.study.series import Series

SEEDS = range(5)
TASKS = {  # units, steps, learning rate, options of the task, error to stay below
    "frequency_doubler": (15, 100_000, 0.0035, {"period": 12}, 1e-3),
    "mackey_glass": (25, 30_000, 0.05, {"tau": 17, "horizon": 1}, 2e-3),
}
RULES = {"rtrl": RTRL, "trtrl": TRTRL}


@cache
def normalised_error(task: str, rule: str, number: Float | Fixed) -> float:
    units, steps, rate, options, _ = TASKS[task]
    series = tasks.make(task, steps, 0, **options)
    graph, inputs, outputs = graph_from("fully_recurrent", units=units)
    networks = [Network(graph, inputs, outputs, seed=seed) for seed in SEEDS]
    if isinstance(number, Float):  # one by one, and compiled
        return median(alone(network, rule, rate, series) for network in networks)
    runs = train_many(networks, RULES[rule](rate), series.inputs, series.targets, number=number)
    errors = [run.nmse() for run in runs]
    return median(10.0 if error is None else error for error in errors)


def alone(network: Network, rule: str, rate: float, series: Series) -> float:
    try:
        return train(network, RULES[rule](rate), series.inputs, series.targets).nmse()
    except RunFailed:
        return 10.0


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("rule", RULES)
def test_both_rules_learn_the_slides_tasks(task: str, rule: str) -> None:
    assert normalised_error(task, rule, Float()) < TASKS[task][-1]


EVERYDAY = "mackey_glass", "trtrl"  # the others take a minute each


@pytest.mark.parametrize(
    ("task", "rule"),
    [
        pytest.param(task, rule, marks=() if (task, rule) == EVERYDAY else pytest.mark.slow)
        for task in TASKS
        for rule in RULES
    ],
)
def test_fixed_point_learns_as_well(task: str, rule: str) -> None:
    assert normalised_error(task, rule, Fixed()) < 1.5 * normalised_error(task, rule, Float())
