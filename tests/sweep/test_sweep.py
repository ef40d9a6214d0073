"""Sweeps: what they compute, keep, and report of failures."""

import csv
import io
import json
import os
import shutil
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pytest

import neurosim as ns
from neurosim.cli import main
from neurosim.errors import UserError
from neurosim.report import sweep_page
from neurosim.study import results
from neurosim.study.overrides import override
from neurosim.study.problem import single
from neurosim.study.sweep import axes, running, table
from neurosim.study.sweep.folder import found, read
from neurosim.study.sweep.plan import planned
from tests.sweep.sweeps import OVER, SAME, SMALL, here, left

ONE = ("--jobs", "1")
FLAGS = ("--network.units", "3", "--steps", "200")
# Weights of a linear network grow without bound where it learns this fast.
DIVERGING = {"network": {"activation": "linear"}, "rule": {"learning_rate": 50.0}}


def test_every_cell_has_a_row_and_a_run_folder_of_its_own(done):
    assert done.status == "done"
    points = [(row["network.units"], row["rule"], row["seed"]) for row in done.rows]
    assert points == [(u, r, s) for u in (3, 4) for r in ("rtrl", "trtrl") for s in (0, 1)]
    assert len({row["run"] for row in done.rows}) == 8
    for row in done.rows:
        scenario, summary = results.read(done.folder.parent / row["run"])
        assert (scenario.network.units, scenario.seeds) == (row["network.units"], (row["seed"],))
        assert summary.rows[0]["nmse"] == row["nmse"]
        assert summary.rows[0]["rule"] == row["rule"]


def test_the_table_is_tidy_and_has_no_times_on_a_clock(done):
    rows = list(csv.DictReader(io.StringIO((done.folder / "cells.csv").read_text())))
    assert [float(row["nmse"]) for row in rows] == [row["nmse"] for row in done.rows]
    assert list(rows[0])[:3] == ["network.units", "rule", "seed"]
    assert list(rows[0])[-2:] == ["run", "error"]
    assert {"units", "cycles_per_step", "energy_pj_per_step", "stored_words", "block_rams",
            "multiplications_per_step"} <= set(rows[0])  # fmt: skip
    assert not [name for name in rows[0] if "second" in name]


def test_a_sweep_is_read_again_as_it_was(done):
    assert read(done.folder) == done
    assert json.loads((done.folder / "sweep.json").read_text()) == done.as_dict()


def test_a_finished_sweep_computes_nothing(done, monkeypatch):
    @contextmanager
    def refused(*_):
        raise AssertionError("somebody was to compute")
        yield

    monkeypatch.setattr(running, "opened", refused)
    before = left(done.folder.parent)
    assert ns.sweep(SMALL, OVER, 2, out=done.folder.parent) == done
    assert left(done.folder.parent) == before


def test_what_another_sweep_or_a_run_computed_is_taken_from_there(done):
    seen, out = [], Path("runs")
    shutil.copytree(done.folder.parent, out)
    with here() as executor:
        plan = planned(SMALL, axes.given({"network.units": [3, 4, 5], "rule": ["trtrl"]}), (0, 1))
        grown = running.computed(plan, out, nullcontext(executor), seen.append)
    assert seen[0] == (4, 0, 4, 6)
    assert seen[-1] == (6, 0, 4, 6)
    assert grown.status == "done"


def test_what_another_version_computed_is_computed_again(monkeypatch):
    over = {"network.units": [3]}
    with here() as executor:
        first = ns.sweep(SMALL, over, 1, executor)
        (told,) = Path("runs").glob(f"{first.rows[0]['run']}/summary.json")
        summary = json.loads(told.read_text())
        summary["versions"]["neurosim"] = "0.0.1"
        told.write_text(json.dumps(summary))
        assert ns.sweep(SMALL, over, 1, executor).rows == first.rows
    assert json.loads(told.read_text())["versions"]["neurosim"] == ns.__version__


def test_a_cell_is_what_run_leaves_with_these_flags(capsys):
    assert main(["run", "compare", *FLAGS, "--seeds", "1", "--rule.name", "rtrl"]) == 0
    (folder,) = Path("runs").iterdir()
    kept = {name: (folder / name).read_bytes() for name in SAME}
    (folder / "summary.json").unlink()
    assert main(["sweep", "compare", *FLAGS, "--over", "rule=rtrl", "--seeds", "1..1", *ONE]) == 0
    assert {name: (folder / name).read_bytes() for name in SAME} == kept
    assert (folder / "summary.json").is_file()


@pytest.mark.slow
def test_anyones_executor_gives_the_same_to_the_last_byte(done, tmp_path):
    out = tmp_path / "theirs"
    with ProcessPoolExecutor(1, get_context("spawn")) as executor:
        theirs = ns.sweep(SMALL, OVER, 2, executor, out=out)
        assert executor.submit(os.getpid).result()  # which stays open
    assert theirs.rows == done.rows
    assert len(left(out)) == 3 + 8 * len(SAME)
    assert left(out) == left(done.folder.parent)


def test_poisoned_cells_are_told_of_and_others_complete(capsys):
    base = override(SMALL, {"network": DIVERGING["network"]})
    over = {"rule.learning_rate": [0.01, 50.0], "network.units": [3, 0], "number.kind": ["float"]}
    with here() as executor:
        got = ns.sweep(base, over, 1, executor)
        assert got.status == "failed"
        whys = {(r["rule.learning_rate"], r["network.units"]): r["error"] for r in got.failed}
        assert set(whys) == {(50.0, 3), (0.01, 0), (50.0, 0)}
        assert "diverged" in whys[50.0, 3]
        assert "must be at least 1 (got 0)" in whys[0.01, 0]
        (good,) = [row for row in got.rows if "error" not in row]
        assert good["nmse"] > 0
        assert read(got.folder) == got
        # the next call tries what failed once more, and only that
        summary = got.folder.parent / good["run"] / "summary.json"
        (failed,) = [row for row in got.failed if row.get("run")]
        before = summary.stat().st_mtime_ns
        spoilt = got.folder.parent / failed["run"] / "summary.json"
        spoilt.unlink()
        assert ns.sweep(base, over, 1, executor) == got
        assert spoilt.is_file()
        assert summary.stat().st_mtime_ns == before
    assert main(["report"]) == 0
    printed = capsys.readouterr().out
    assert "4 cells, 3 failed" in printed
    assert "failed: rule.learning_rate=50.0, network.units=3" in printed


def test_a_cell_that_cannot_be_kept_ends_the_sweep_and_keeps_the_others(monkeypatch):
    place, stored = results.place, []

    def full(path, content):
        if path.name == results.SUMMARY:
            stored.append(path)
            if len(stored) > 2:
                raise UserError(f"{path}: cannot be written (No space left). Make room.")
        place(path, content)

    monkeypatch.setattr(results, "place", full)
    with here() as executor, pytest.raises(UserError, match="Make room"):
        ns.sweep(SMALL, {"network.units": [3, 4]}, 2, executor)
    (folder,) = Path("runs").glob("*-sweep-*")
    assert len(read(folder).rows) == 2
    assert read(folder).status == "unfinished"


def test_medians_and_fronts_are_those_of_the_seeds_that_were_done():
    def row(units, seed, error, cycles, why=None):
        told = {"error": why} if why else {"nmse": error, "cycles_per_step": cycles}
        return {"network.units": units, "seed": seed, "rule": "trtrl", **told}

    errors = {3: (0.3, 0.1, 0.2), 4: (0.1, 0.12, 0.11), 5: (0.5, 0.5, 0.5), 6: (0.01, 0.01, 0.01)}
    cycles = {3: 100, 4: 200, 5: 300, 6: 400}
    rows = [row(u, s, e, cycles[u]) for u in errors for s, e in enumerate(errors[u])]
    rows[-1] = row(6, 2, 0, 0, why="diverged")
    points = table.medians(rows, ["network.units"])
    assert [point["nmse"] for point in points] == [0.2, 0.11, 0.5, 0.01]
    assert (points[0]["nmse_low"], points[0]["nmse_high"]) == (0.1, 0.3)
    assert [(point["done"], point["failed"]) for point in points] == [(3, 0)] * 3 + [(2, 1)]
    front = table.front(points, "cycles_per_step", "nmse")
    assert [point["network.units"] for point in front] == [3, 4]  # 5 is beaten, 6 failed in part


def test_block_rams_are_those_of_the_fit_and_only_where_it_knows(done):
    from neurosim.machine.parts import PARTS
    from neurosim.study.fit import fits

    for row in done.rows:
        part = PARTS[table.STANDARD_PART]
        assert row["block_rams"] == fits(row["rule"], part, row["network.units"]).blocks
    figures = dict(done.rows[0])
    figures.pop("block_rams")
    scenario = single(SMALL, "rtrl")
    assert "block_rams" in table.with_blocks(scenario, figures)
    for changed in (
        replace(scenario, network=replace(scenario.network, topology="ring")),
        replace(scenario, network=replace(scenario.network, leak=0.5)),
        replace(scenario, rule=replace(scenario.rule, name="uoro")),
        replace(scenario, rule=replace(scenario.rule, literal=True)),
    ):
        assert "block_rams" not in table.with_blocks(changed, figures)


def test_csv_and_parquet_say_the_same(done, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    done.to_csv(tmp_path / "t.csv")
    done.to_parquet(tmp_path / "t.parquet")
    rows = list(csv.DictReader((tmp_path / "t.csv").open()))
    whole = parquet.read_table(tmp_path / "t.parquet")
    assert whole.column_names == list(rows[0])
    assert whole["nmse"].to_pylist() == [float(row["nmse"]) for row in rows]
    assert whole["error"].to_pylist() == [None] * 8


def test_without_pyarrow_nothing_is_computed(monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    assert main(["sweep", "compare", *FLAGS, "--parquet"]) == 2
    assert "pip install 'neurosim-hdl[parquet]'" in capsys.readouterr().err
    assert not Path("runs").exists()


def test_an_executor_is_the_only_one_who_computes():
    with here() as executor, pytest.raises(UserError, match="jobs and cluster say nothing"):
        ns.sweep(SMALL, OVER, executor=executor, jobs=2)


def test_the_newest_is_reported_be_it_run_or_sweep(done):
    out = done.folder.parent
    assert found(done.folder.name[:12], out) == done.folder
    assert found(str(done.folder), Path("elsewhere")) == done.folder
    assert found(done.rows[0]["run"], out) is None
    assert found("small-", out) is None  # runs begin so too, and `results.find` says which


def test_the_command_that_goes_on_is_the_same_sweep(done, capsys, monkeypatch):
    monkeypatch.setattr(sweep_page, "draw", lambda sweep: "nothing")
    argv = sweep_page.again(done).split()
    assert argv[:2] == ["neurosim", "sweep"]
    assert main([*argv[1:], "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == done.as_dict()
    assert main([*argv[1:], "--jobs", "0"]) == 2  # though nobody has to work
    assert "--jobs: must be at least 1" in capsys.readouterr().err
