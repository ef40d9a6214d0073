"""What a sweep goes over, as it is written and as it is given."""

import numpy as np
import pytest

from neurosim.errors import UserError
from neurosim.study import sources
from neurosim.study.sweep import axes
from neurosim.study.sweep.plan import planned
from tests.sweep.sweeps import SMALL

WRITTEN = {
    "network.units=8,16": ("network.units", (8, 16)),
    "network.units=8..32:8,64": ("network.units", (8, 16, 24, 32, 64)),
    "number.word_bits=8..10": ("number.word_bits", (8, 9, 10)),
    "rule.learning_rate=0.1,1e-3": ("rule.learning_rate", (0.1, 0.001)),
    "rule.literal=true,false": ("rule.literal", (True, False)),
    "rule=rtrl,trtrl:literal=true": ("rule", ("rtrl", "trtrl:literal=true")),
    "rule.name=rtrl": ("rule", ("rtrl",)),
    "network.layers=8+8,16": ("network.layers", ([8, 8], [16])),
    "machine=bus,mesh": ("machine", ("bus", "mesh")),
    "rule.options.decay=1..2": ("rule.options.decay", ("1", "2")),
    "network.options.width=a,b": ("network.options.width", ("a", "b")),
}
WRONG = {
    "network.unit=3": "Did you mean network.units?",
    "units=3": "Did you mean network.units?",
    "network=3": "is a section",
    "network.units": "must be a field and its values",
    "=3": "must be a field and its values",
    "network.units=": "has no values",
    "network.units=3,x": "must be whole numbers (got 'x')",
    "network.units=2.5": "must be whole numbers",
    "rule.learning_rate=fast": "must be numbers",
    "rule.learning_rate=nan": "must be finite",
    "rule.literal=yes": "must be true or false",
    "network.units=5..3": "5..3 is empty",
    "network.units=1..9:0": "is empty",
    "network.units=1..999999999": "more values than",
    "network.units=3,3": "stands there twice",
    "seeds=1": "Use --seeds",
    "compare=rtrl": "Use rule=NAME",
    "sizes=3": "Use network.units",
}


@pytest.mark.parametrize("text", WRITTEN)
def test_an_axis_is_read_as_it_is_written(text):
    ((field, values),) = axes.written([text])
    assert (field, values) == WRITTEN[text]
    assert [type(value) for value in values] == [type(value) for value in WRITTEN[text][1]]


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_axis_says_why(text):
    with pytest.raises(UserError) as caught:
        axes.written([text])
    assert WRONG[text] in str(caught.value)


def test_every_field_that_is_offered_can_be_gone_over():
    for name in axes.names():
        assert axes.given({name: [1]})[0].field == name
    assert {"machine", "engine", "task.seed", "optimizer.name", "rule"} <= set(axes.names())


def test_a_field_stands_there_once():
    with pytest.raises(UserError, match="given twice"):
        axes.written(["rule=rtrl", "rule.name=trtrl"])


def test_values_that_are_given_become_plain():
    ((_, values),) = axes.given({"network.units": np.array([3, 4])})
    assert values == (3, 4)
    assert all(type(value) is int for value in values)
    with pytest.raises(UserError, match="must be a list of values"):
        axes.given({"machine": "bus"})
    with pytest.raises(UserError, match="must be numbers, texts, or lists"):
        axes.given({"machine": [None]})


def test_seeds_are_a_number_of_them_or_a_list():
    assert axes.seeds("3") == (0, 1, 2)
    assert axes.seeds("7,3") == (7, 3)
    assert axes.seeds("7..7") == (7,)
    for text in ("0", "-1", "x", "1,1", "100001", "999999999999999999"):
        with pytest.raises(UserError, match="--seeds"):
            axes.seeds(text)


def test_points_go_by_the_last_axis_fastest_and_seeds_within():
    over = axes.written(["network.units=3,4", "rule=rtrl,trtrl"])
    plan = planned(SMALL, over, (5, 6))
    found = [(c.point["network.units"], c.point["rule"], c.seed) for c in plan.cells]
    assert found == [(u, r, s) for u in (3, 4) for r in ("rtrl", "trtrl") for s in (5, 6)]
    cell = plan.cells[-1].scenario
    assert (cell.network.units, cell.rule.name, cell.compare, cell.seeds) == (
        4, "trtrl", ("trtrl",), (6,)
    )  # fmt: skip


def test_a_sweep_is_known_by_all_that_it_computes():
    def name(units, seeds, base=SMALL):
        return planned(base, axes.given({"network.units": units}), seeds).folder_name

    assert name([3, 4], (0,)) == name([3, 4], (0,))
    others = [name([3], (0,)), name([3, 4], (1,)), name([3, 4], (0,), sources.load("compare"))]
    assert name([3, 4], (0,)) not in others
    assert name([3, 4], (0,)).startswith("small-sweep-")


def test_more_cells_than_a_sweep_could_have_are_refused():
    over = axes.written(["network.units=3..1002"])
    with pytest.raises(UserError, match="makes 101,000 cells, and 100,000 is the most"):
        planned(SMALL, over, range(101))


def test_a_scenario_that_tries_several_cases_is_refused():
    with pytest.raises(UserError, match="tries several cases itself"):
        planned(sources.load("scaling"), axes.given({"rule": ["trtrl"]}))


def test_a_point_that_is_no_scenario_stops_no_other_but_all_of_them_do():
    plan = planned(SMALL, axes.given({"network.units": [3, 0]}), (0, 1))
    assert [cell.error is None for cell in plan.cells] == [True, True, False, False]
    assert "must be at least 1 (got 0)" in plan.cells[2].error
    with pytest.raises(UserError, match="must be at least 1"):
        planned(SMALL, axes.given({"network.units": [0, -1]}))
