"""What the rules learn: the two tests of the TRTRL slides, medians of five seeds.

Each row trains five networks side by side. The fixed-point rows are held against float.
"""

from functools import cache
from statistics import median

import pytest

from neurosim.engines import train_many
from neurosim.learning import RTRL, TRTRL
from neurosim.model import Fixed, Float, Network
from neurosim.study import tasks
from neurosim.study.graphs import graph_from

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
    runs = train_many(networks, RULES[rule](rate), series.inputs, series.targets, number=number)
    errors = [run.nmse() for run in runs]
    return median(10.0 if error is None else error for error in errors)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("rule", RULES)
def test_both_rules_learn_the_slides_tasks(task: str, rule: str) -> None:
    assert normalised_error(task, rule, Float()) < TASKS[task][-1]
    assert normalised_error(task, rule, Fixed()) < 1.5 * normalised_error(task, rule, Float())
