"""Tasks: what each series is, checked against its definition, and any CSV file of the user's."""

import numpy as np
import pytest

from neurosim.errors import UserError
from neurosim.study import table, tasks
from neurosim.study.catalog import find
from neurosim.study.mackey_glass import mackey_glass

DRAWN = ("frequency_doubler", "mackey_glass", "delayed_copy")


def save(folder, content, name="series.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def read(folder, content, **options):
    return tasks.make("csv", data=save(folder, content), **options)


@pytest.mark.parametrize("name", DRAWN)
def test_a_series_has_the_steps_asked_for_and_is_drawn_from_its_seed(name):
    series = tasks.make(name, steps=500, seed=3)
    assert series.inputs.shape == series.targets.shape == (500, 1)
    assert series.inputs.dtype == series.targets.dtype == np.float64
    assert series.steps == series.distinct == 500
    assert len(series.input_names) == len(series.target_names) == 1
    assert series.origin
    assert np.all(np.abs(series.targets) <= 0.85)
    assert np.array_equal(series.inputs, tasks.make(name, steps=500, seed=3).inputs)
    assert not np.array_equal(series.inputs, tasks.make(name, steps=500, seed=4).inputs)
    assert tasks.series_for(name, steps=500, seed=3).origin == series.origin


@pytest.mark.parametrize("name", DRAWN)
def test_targets_can_be_moved_to_where_a_logistic_unit_reaches(name):
    series = tasks.make(name, steps=200)
    moved = series.positive()
    assert 0.05 < moved.targets.min() < moved.targets.max() < 0.95
    own = series.in_own_units(series.targets)
    assert np.allclose(moved.in_own_units(moved.targets), own, atol=1e-12)
    assert np.array_equal(moved.inputs, series.inputs)


def test_every_task_says_what_it_is():
    about = tasks.names()
    assert set(about) > {*DRAWN, "csv"}
    assert all(len(line) > 20 for line in about.values())


def test_the_steps_have_a_standard():
    assert tasks.make("delayed_copy").steps == 30_000


@pytest.mark.parametrize("period", [25.0, 8.5])
def test_the_target_of_the_doubler_has_twice_the_frequency(period):
    series = tasks.make("frequency_doubler", steps=4_000, seed=1, period=period)
    for column, cycles in ((series.inputs, 1), (series.targets, 2)):
        phases = 2j * np.pi * cycles * np.arange(4_000) / period
        amplitude = 2 * abs(np.mean(column[:, 0] * np.exp(-phases)))
        assert amplitude == pytest.approx(0.8, abs=0.002)
    x = np.arcsin(series.inputs / 0.8)
    assert np.allclose(abs(series.targets / 0.8), abs(np.sin(2 * x)), atol=1e-6)
    assert abs(series.in_own_units(series.targets)).max() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("delay", [1, 7])
def test_a_copy_is_the_sign_of_so_many_steps_ago(delay):
    series = tasks.make("delayed_copy", steps=2_000, delay=delay)
    assert set(np.unique(series.inputs)) == {-0.8, 0.8}
    assert np.array_equal(series.targets[delay:], series.inputs[:-delay])
    assert abs(series.inputs.mean()) < 0.1
    assert set(np.unique(series.in_own_units(series.targets))) == {-1.0, 1.0}


def reference(length, tau, history, h=0.01):
    """Solve the Mackey-Glass equation in the plainest way that is exact enough: Heun's method."""
    lag = round(tau / h)
    x = [history] * (lag + 1)
    rate = [0.2 * history / (1 + history**10)] * (lag + 1)  # of the delayed term
    for _ in range(round(length / h)):
        now, then, soon = x[-1], rate[-lag - 1], rate[-lag]
        slope = then - 0.1 * now
        x.append(now + h / 2 * (slope + soon - 0.1 * (now + h * slope)))
        rate.append(0.2 * x[-1] / (1 + x[-1] ** 10))
    return np.array(x[lag :: round(1 / h)][:length])


@pytest.mark.parametrize("tau", [17, 30, 8.4, 1])
def test_mackey_glass_agrees_with_a_plain_solution(tau):
    exact = reference(200, tau, history=0.5)
    solved = mackey_glass(200, tau, history=0.5, washout=0)
    assert solved[0] == 0.5
    assert np.abs(solved - exact).max() < 2e-4


def test_mackey_glass_does_not_depend_on_where_it_is_cut():
    whole = mackey_glass(300, 17, history=0.6, washout=0)
    assert np.array_equal(mackey_glass(100, 17, history=0.6, washout=200), whole[200:])


@pytest.mark.parametrize(
    ("tau", "mean", "deviation", "least", "most"),
    [(17, 0.930, 0.226, 0.40, 1.34), (30, 0.897, 0.280, 0.19, 1.42)],
)
def test_mackey_glass_has_the_statistics_of_the_attractor(tau, mean, deviation, least, most):
    series = tasks.make("mackey_glass", steps=20_000, tau=tau)
    x = series.in_own_units(series.targets)
    assert x.mean() == pytest.approx(mean, abs=0.01)
    assert x.std() == pytest.approx(deviation, abs=0.01)
    assert least < x.min() < x.max() < most


@pytest.mark.parametrize("horizon", [1, 6])
def test_mackey_glass_is_predicted_so_many_steps_ahead(horizon):
    series = tasks.make("mackey_glass", steps=300, tau=30, horizon=horizon)
    seen, ahead = series.inputs * 0.25 + 0.9, series.in_own_units(series.targets)
    assert np.allclose(ahead[:-horizon], seen[horizon:], atol=1e-12)
    assert series.in_own_units([0.5]) == pytest.approx([1.2])


def test_mackey_glass_of_two_seeds_is_the_same_attractor_and_another_path():
    one, other = (tasks.make("mackey_glass", steps=3_000, seed=seed).targets for seed in (0, 1))
    assert abs(np.corrcoef(one[:, 0], other[:, 0])[0, 1]) < 0.5
    assert one.std() == pytest.approx(other.std(), rel=0.05)


def test_the_sunspots_are_all_there():
    found = table.read(find("data", "sunspots"), ["year", "sunspots"])
    assert found.column("year").tolist() == list(range(1700, 2009))
    assert len(found.values) == 309
    assert found.column("sunspots")[[0, 1, -2, -1]].tolist() == [5.0, 11.0, 7.5, 2.9]
    assert found.column("sunspots").max() == 190.2  # 1957, the strongest year on record
    series = tasks.make("csv", data="sunspots", target="sunspots")
    assert series.steps == series.distinct == 308
    assert series.in_own_units(series.targets)[-1] == pytest.approx([2.9])
    assert "sunspots" in series.origin


def test_a_column_predicts_itself_or_another(tmp_path):
    text = "a,b,day\n1,10,Mon\n2,30,Tue\n3,20,Wed\n5,40,Thu\n"
    series = read(tmp_path, text, input="a", target="b", horizon=2)
    assert (series.input_names, series.target_names) == (("a",), ("b",))
    assert np.allclose(series.inputs[:, 0], [-0.8, -0.4])  # 1 and 2 of 1 .. 5
    assert np.allclose(series.in_own_units(series.targets)[:, 0], [20, 40])
    alone = read(tmp_path, text, target="b")
    assert alone.input_names == alone.target_names == ("b",)
    assert np.allclose(alone.inputs[1:], alone.targets[:-1])
    assert read(tmp_path, text, input="a").target_names == ("a",)


@pytest.mark.parametrize("given", ["a,b", "a , b", ["a", "b"], ("a", "b")])
def test_several_columns_are_named_with_commas(tmp_path, given):
    series = read(tmp_path, "a,b\n1,9\n2,7\n3,8\n", input=given, target="b")
    assert series.inputs.shape == (2, 2)
    assert series.targets.shape == (2, 1)
    assert np.allclose(series.inputs, [[-0.8, 0.8], [0, -0.8]])


def test_a_name_with_a_comma_in_it_is_one_column(tmp_path):
    series = read(tmp_path, '"a,b",a,b\n1,2,3\n2,3,1\n3,4,5\n', target="a,b")
    assert series.target_names == ("a,b",)


def test_columns_reach_from_minus_to_plus_and_lead_back(tmp_path):
    values = np.array([3.5, -7.0, 1e3, 0.25, 12.0])
    series = read(tmp_path, "\n".join(map(str, values)), horizon=1)
    assert (series.inputs.min(), series.targets.max()) == pytest.approx((-0.8, 0.8))
    assert np.allclose(series.in_own_units(series.targets)[:, 0], values[1:])
    assert np.allclose(series.in_own_units(series.inputs)[:, 0], values[:-1])


@pytest.mark.parametrize(
    ("length", "steps"), [({}, 3), ({"passes": 2}, 6), ({"steps": 7}, 7), ({"steps": 2}, 2)]
)
def test_a_short_file_is_gone_through_again(tmp_path, length, steps):
    series = read(tmp_path, "1\n2\n3\n4\n", **length)
    assert series.steps == steps
    assert series.distinct == min(steps, 3)
    turn = [1, 2, 3] * 3
    assert np.allclose(series.in_own_units(series.inputs)[:, 0], turn[:steps])
    assert np.allclose(series.in_own_units(series.targets)[:, 0], [n + 1 for n in turn[:steps]])


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n1,2\n3,4\n5,6\n",
        "a,b\n1,2\n3,4\n5,6",
        "a,b\r\n1,2\r\n3,4\r\n5,6\r\n",
        "\ufeffa,b\n1,2\n3,4\n5,6\n",
        "a;b\n1;2\n3;4\n5;6\n",
        "a\tb\n1\t2\n3\t4\n5\t6\n",
        "# from a logger\n\na,b\n# then\n1,2\n3,4\n5,6\n\n\n",
        '"a","b"\n"1","2"\n3,"4"\n5,6\n',
        " a , b \n 1 , 2 \n+3,4.0\n5e0,6\n",
    ],
    ids=ascii,
)
def test_every_usual_form_of_a_file_reads_the_same(tmp_path, content):
    found = table.read(save(tmp_path, content), ["b", "a"])
    assert found.values.tolist() == [[2, 1], [4, 3], [6, 5]]
    assert found.names == ("b", "a")


def test_columns_without_a_header_have_numbers(tmp_path):
    assert table.header(save(tmp_path, "1,2\n3,4\n")) == ("1", "2")
    assert read(tmp_path, "1,2\n3,4\n5,7\n", target="2").in_own_units(0.8) == pytest.approx([7])
    assert table.header(save(tmp_path, ",value\n0,5\n")) == ("1", "value")  # as pandas writes it


def test_lines_are_remembered(tmp_path):
    found = table.read(save(tmp_path, "# x\na\n1\n# y\n2\n"), ["a"])
    assert found.lines.tolist() == [3, 5]


ROWS = "a,b\n1,2\n2,3\n4,1\n"
FILE_MISTAKES = [
    ("\n\n", {}, ["is empty"]),
    ("# only words\n", {}, ["is empty"]),
    ("a,b\n1,2\n".encode("utf-16"), {}, [":1:", "not UTF-8"]),
    (b"\x80\x81", {}, [":1:", "not UTF-8"]),
    ("1" * (2**20 + 1), {}, [":1:", "1 MiB"]),
    ('a\n"1\n2\n', {}, [":2:", "no CSV", "Correct the line"]),
    ("a,b\n1,2\n3,4,5\n", {"target": "a"}, [":3:", "has 3 cells"]),
    ("a,2020\n1,2\n", {"target": "a"}, [":1:", "neither a header", "'a'", "'2020'"]),
    ("1,x\n1,2\n", {"target": "1"}, [":1:", "neither a header", "'x'"]),
    ("a\n1_000\n", {}, ["'1_000' is not a number"]),
    ("a\n0x10\n", {}, ["'0x10' is not a number"]),
    ("a\n1 2\n", {}, ["'1 2' is not a number"]),
    ("a\n" + "z" * 500 + "\n", {}, ["'zzz", "...", "is not a number"]),
    ("a,b\n1,2\n,3\n", {"target": "a"}, [":3: column a: '' is a missing value", "Fill it"]),
    ("a\n1\nN/A\n", {}, ["missing value"]),
    ("1\nnan\n", {}, [":2: column 1: 'nan' is a missing value"]),
    ("a\n1\n-inf\n", {}, [":3: column a: '-inf' is infinite"]),
    ("a\n-1e308\n1e308\n0\n", {}, ["column a spans", "Scale it down"]),
    ("a,b\n1,2\n2,2\n3,2\n", {"input": "b", "target": "a"}, ["column b is 2 in every row"]),
    (ROWS, {"target": "temp"}, ["no column 'temp'", "It has a, b"]),
    (ROWS, {"target": "A"}, ["no column 'A'"]),
    (ROWS, {"target": ""}, ["target: names no column"]),
    (ROWS, {"target": "a", "input": []}, ["input: names no column"]),
    (ROWS, {"target": "a,"}, ["target: a name is empty"]),
    (ROWS, {"target": "a,a"}, ["target: column a is named twice"]),
    (ROWS, {"target": "a", "horizon": 1.5}, ["horizon", "whole number"]),
    (ROWS, {"target": "a", "steps": 0}, ["steps", "from 1 to 10,000,000"]),
    (ROWS, {"target": "a", "passes": 10**9}, ["passes times", "10,000,000"]),
    (ROWS, {"target": "a", "tau": 17}, ["task csv", "does not take tau", "horizon"]),
]


@pytest.mark.parametrize(
    ("content", "options", "parts"),
    FILE_MISTAKES,
    ids=lambda value: ascii(value)[:40] if isinstance(value, str | bytes) else "",
)
def test_a_mistake_in_a_file_is_told_with_its_place(tmp_path, content, options, parts):
    with pytest.raises(UserError) as caught:
        read(tmp_path, content, **options)
    message = str(caught.value)
    assert message.startswith((str(tmp_path / "series.csv"), "task csv"))
    for part in parts:
        assert part in message
    assert len(message) < 400 + len(str(tmp_path))


def test_data_is_found_by_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"'sunspot': no data .* Did you mean sunspots\?"):
        tasks.make("csv", data="sunspot")


def test_a_file_that_may_not_be_read_is_told(tmp_path, monkeypatch):
    def refuse(self, *mode):
        raise PermissionError(13, "Permission denied")

    path = save(tmp_path, ROWS)
    monkeypatch.setattr(type(path), "open", refuse)
    with pytest.raises(UserError, match=r"series\.csv: cannot be read \(Permission denied\)"):
        table.header(path)


def test_a_file_of_too_many_rows_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "MOST_ROWS", 2)
    with pytest.raises(UserError, match="over 2 rows, the limit"):
        read(tmp_path, ROWS, target="a")


@pytest.mark.parametrize(
    ("name", "options", "parts"),
    [
        ("mackey_glass", {"steps": 1.0}, ["steps", "whole number"]),
        ("mackey_glass", {"seed": -1}, ["seed", "at least 0"]),
        ("mackey_glass", {"tau": float("inf")}, ["tau", "at most 1000"]),
        ("mackey_glass", {"tau": "17"}, ["tau", "must be a number"]),
        ("mackey_glass", {"horizon": -1}, ["horizon", "from 0 to"]),
        ("mackey_glass", {"data": "series.csv"}, ["does not take data"]),
        ("frequency_doubler", {"period": 4}, ["period", "above 4"]),
        ("frequency_doubler", {"horizon": 1}, ["does not take horizon", "period"]),
        ("frequency_doubler", {"random": 1}, ["does not take random"]),
        ("delayed_copy", {"delay": 0}, ["delay", "from 1 to"]),
        ("delayed_copy", {"passes": 2}, ["does not take passes"]),
    ],
)
def test_what_makes_no_sense_is_said_so(name, options, parts):
    with pytest.raises(UserError) as caught:
        tasks.make(name, **options)
    for part in parts:
        assert part in str(caught.value)


def test_options_that_are_none_are_not_set():
    series = tasks.make("delayed_copy", steps=10, tau=None, delay=None)
    assert np.array_equal(series.targets[5:], series.inputs[:-5])
