"""Data of other packages: digits and series, against the packages themselves."""

import csv
import gzip
from importlib import import_module, resources

import numpy as np
import pytest

from neurosim.errors import UserError
from neurosim.study import tasks
from neurosim.study.tasks import packages

datasets = pytest.importorskip("sklearn.datasets")
pytest.importorskip("statsmodels")
pytest.importorskip("river")


@pytest.mark.parametrize(("by", "pieces"), [("row", 8), ("pixel", 64)])
def test_digits_are_shown_piece_by_piece_with_their_label(by, pieces):
    series = tasks.make("digits", steps=20 * pieces + 3, seed=4, by=by)
    found = datasets.load_digits()
    labels = {image.tobytes(): label for image, label in zip(found.data, found.target, strict=True)}
    shown = series.inputs[: 20 * pieces].reshape(20, 64) * 16
    told = series.targets.argmax(axis=1)[: 20 * pieces].reshape(20, pieces)
    for picture, answers in zip(shown, told, strict=True):
        assert set(answers) == {labels[picture.tobytes()]}
    assert np.array_equal(np.flatnonzero(series.judged), np.arange(pieces - 1, 20 * pieces, pieces))
    assert len(np.unique(told)) > 4
    assert series.targets.shape[1] == 10


def test_every_digit_is_shown_once_before_any_comes_again():
    series = tasks.make("digits", steps=8 * 1797 * 2)
    first, second = np.split(series.inputs.reshape(-1, 64), 2)
    assert len(np.unique(first, axis=0)) == len(np.unique(datasets.load_digits().data, axis=0))
    assert not np.array_equal(first, second)
    assert np.array_equal(np.sort(first.sum(axis=1)), np.sort(second.sum(axis=1)))


def test_a_series_of_statsmodels_is_the_one_in_the_package():
    series = tasks.make("statsmodels", dataset="nile")
    with (resources.files("statsmodels.datasets.nile") / "nile.csv").open() as file:
        volumes = [float(row["volume"]) for row in csv.DictReader(file)]
    assert series.target_names == ("volume",)
    assert np.allclose(series.in_own_units(series.targets)[:, 0], volumes[1:])
    assert np.allclose(series.in_own_units(series.inputs)[:, 0], volumes[:-1])
    assert np.abs(series.targets).max() <= 0.8


def test_a_gap_is_filled_on_a_straight_line():
    series = tasks.make("statsmodels", dataset="co2")
    frame = import_module("statsmodels.datasets.co2").load_pandas().data["co2"]
    assert frame.isna().sum() == 59
    told = series.in_own_units(series.inputs)[:, 0]
    expected = frame.interpolate(method="linear").to_numpy()[:-1]
    assert np.allclose(told, expected)


def test_a_stream_of_river_is_the_one_in_the_package():
    series = tasks.make(
        "river", dataset="TrumpApproval", input="gallup,ipsos", target="target", horizon=2
    )
    path = resources.files("river.datasets") / "trump_approval.csv.gz"
    with path.open("rb") as file:
        rows = list(csv.DictReader(gzip.decompress(file.read()).decode().splitlines()))
    told = [float(row["five_thirty_eight"]) for row in rows]
    assert np.allclose(series.in_own_units(series.targets)[:, 0], told[2:])
    gallup = np.array([float(row["gallup"]) for row in rows])
    assert np.corrcoef(series.inputs[:, 0], gallup[:-2])[0, 1] == pytest.approx(1)
    assert series.inputs.shape == (999, 2)


@pytest.mark.parametrize(
    ("name", "dataset"),
    [("river", name) for name in packages.BUNDLED]
    + [("statsmodels", name) for name in ("co2", "elec_equip", "nile", "sunspots")],
)
def test_what_has_one_thing_to_foretell_needs_no_column(name, dataset):
    series = tasks.make(name, dataset=dataset, steps=40)
    assert (series.inputs.shape, series.targets.shape) == ((40, 1), (40, 1))
    assert dataset in series.origin


@pytest.mark.parametrize(
    ("name", "options", "parts"),
    [
        ("digits", {"by": "column"}, ["by: must be row or pixel", "'column'"]),
        ("statsmodels", {"dataset": "nil"}, ["'nil' is unknown", "Did you mean nile?"]),
        ("statsmodels", {"dataset": "macrodata"}, ["has the columns", "--target COLUMN"]),
        ("statsmodels", {"dataset": "macrodata", "target": "gdp"}, ["no column 'gdp'", "realgdp"]),
        ("statsmodels", {"dataset": "nile", "horizon": 0}, ["horizon", "from 1 to"]),
        ("statsmodels", {"dataset": "nile", "horizon": 99}, ["too few"]),
        ("statsmodels", {"steps": 3, "passes": 2}, ["steps and passes"]),
        ("river", {"dataset": "Bikes"}, ["'Bikes' is unknown", "AirlinePassengers"]),
        ("river", {"input": "month"}, ["no column 'month'"]),
        ("river", {"tau": 3}, ["does not take tau", "dataset"]),
    ],
)
def test_what_makes_no_sense_is_said_so(name, options, parts):
    with pytest.raises(UserError) as caught:
        tasks.make(name, **options)
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("task", "package"),
    [("digits", "scikit-learn"), ("statsmodels", "statsmodels"), ("river", "river")],
)
def test_a_package_that_is_missing_is_named_with_the_way_to_get_it(task, package, monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(packages, "import_module", missing)
    with pytest.raises(UserError, match=rf"needs the package {package}.*neurosim-hdl\[streams\]"):
        tasks.make(task)
