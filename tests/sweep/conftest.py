"""A place to sweep in, and a sweep that is done."""

import pytest

import neurosim as ns
from tests.sweep.sweeps import OVER, SMALL, here


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A sweep of eight cells in a store of its own."""
    with here() as executor:
        return ns.sweep(SMALL, OVER, 2, executor, out=tmp_path_factory.mktemp("store") / "runs")
