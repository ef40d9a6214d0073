"""The report: its numbers, its words, its width; and the run folder that it is printed from.

Golden files are written anew with `GOLDEN=write pytest tests/test_report.py`; read what changed.
"""

import csv
import io
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

import neurosim as ns
from neurosim.cli import main
from neurosim.engines import Run
from neurosim.errors import UserError
from neurosim.learning import Counts
from neurosim.report import quantities, shelf, terminal
from neurosim.study import comparison, costing, inventory, results
from neurosim.study.scenario import NetworkSpec, Scenario, TaskSpec
from neurosim.study.summary import Check, Summary, finite
from tests.expected import compared


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)


def screen(encoding: str = "utf-8") -> Console:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    return terminal.console(file)


def shown(out: Console) -> str:
    out.file.flush()
    return out.file.buffer.getvalue().decode(out.encoding)


def row(rule: str, factor: int, **fields) -> dict:
    figures = {
        "rule": rule,
        "units": 100,
        "edges": 10_200,
        "outputs": 10,
        "multiplications_per_step": 100_480_000 // factor,
        "stored_words": 1_020_000 // factor,
        "stored_bytes": 8_160_000 // factor,
        "words_sent_per_step": 1234 * 5678 // factor,
        "words_broadcast_per_step": 0,
        "local_access_ratio": 0.8082,
        "cycles_per_step": 1_000_000 // factor,
        "cycles_compute": 900_000.25 / factor,
        "utilisation": 0.5,
        "steps": 30_000,
        "training_seconds": 251.4 / factor,
        "nmse": 0.00123 * factor,
    }
    return {**figures, **fields}


def summary(**fields) -> Summary:
    given = {
        "verb": "compare",
        "status": "done",
        "seconds": 300.0,
        "network": "fully_recurrent, 100 units, 10,200 edges, 10 outputs",
        "task": "Mackey-Glass, tau 17, 1 step ahead",
        "clock_mhz": 100.0,
        "rows": (row("rtrl", 1), row("trtrl", 50)),
        "curves": {"rtrl": [2.0, 0.5, 0.1, 0.02, 0.01], "trtrl": [1.0, 0.8, 0.4, 0.1, 0.05]},
        "slopes": {},
        "checks": (Check("words sent = words received", 2), Check("cycles", 8, ["rtrl link"])),
        "notes": ("Interrupted after 7 of 9 training steps in all.",),
        "hints": (("neurosim report x", "prints this again"),),
        "versions": {"python": "3"},
        "host": {"cores": 2},
    }
    return Summary(**{**given, **fields})


SCENARIO = Scenario(name="big", summary="a hundred units", seeds=(0, 1, 2))

NUMBERS = [
    (quantities.count, 0, "0"),
    (quantities.count, 421_875, "421,875"),
    (quantities.count, 9_999_999, "9,999,999"),
    (quantities.count, 390_625_000, "390.6 M"),
    (quantities.count, 1.5e11, "150.0 G"),
    (quantities.count, 1.000030001e20, "100.0 E"),
    (quantities.count, 4.2e15, "4.20 P"),
    (quantities.count, 12.345, "12.3"),
    (quantities.count, 1234.5, "1,234"),
    (quantities.seconds, 0.0, "0 s"),
    (quantities.seconds, 2.1e-5, "21.0 µs"),
    (quantities.seconds, 3e-10, "0.30 ns"),
    (quantities.seconds, 0.9999, "1.00 s"),
    (quantities.seconds, 3.14159, "3.14 s"),
    (quantities.seconds, 250.9, "4 min 10 s"),
    (quantities.seconds, 7199.9, "119 min 59 s"),
    (quantities.seconds, 11_100, "3 h 5 min"),
    (quantities.seconds, 1_080_000, "12.5 days"),
    (quantities.seconds, 4e7, "463 days"),
    (quantities.seconds, 1.2e9, "38 years"),
    (quantities.seconds, 1e18, "31.7 G years"),
    (quantities.size, 250, "250 B"),
    (quantities.size, 135_000, "135 kB"),
    (quantities.size, 8_160_000, "8.16 MB"),
    (quantities.share, 0.8082, "80.8 %"),
    (quantities.small, 0.00123, "0.00123"),
    (quantities.small, 0.0000456, "4.56e-05"),
    (quantities.small, 0, "0"),
]


@pytest.mark.parametrize(("written", "value", "text"), NUMBERS)
def test_a_number_is_readable(written, value, text):
    assert written(value) == text


RATIOS = [
    (2, 4, "0.500 x"),
    (1, 1, "1.00 x"),
    (390, 10, "39.0 x"),
    (625, 2, "312 x"),
    (10**7, 2, "5,000,000 x"),
]


@pytest.mark.parametrize(("first", "last", "text"), RATIOS)
def test_a_ratio_is_readable(first, last, text):
    assert quantities.times(first, last) == text


def test_a_curve_fits_its_width_and_falls():
    curve = [10.0 ** -(n / 10) for n in range(40)]
    line = quantities.sparkline(curve, min(curve), max(curve), 10, quantities.BLOCKS)
    assert len(line) == 10
    assert line == "".join(sorted(line, reverse=True))
    assert (line[0], line[-1]) == ("█", "▁")
    assert quantities.sparkline([0.5], 0.5, 0.5, 10, "_^") == "_"
    assert quantities.sparkline([], 1, 1, 10, "_^") == ""


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_the_report_of_a_comparison(encoding):
    out = screen(encoding)
    terminal.print_report(SCENARIO, summary(), "runs/big-0: scenario.toml", out)
    compared(f"report_{encoding.replace('-', '')}.txt", shown(out))


def test_the_report_of_a_single_rule_has_no_ratio():
    out = screen()
    terminal.print_report(SCENARIO, summary(rows=(row("trtrl", 50),), notes=()), None, out)
    assert "TRTRL" in shown(out)
    assert " x\n" not in shown(out)


def test_a_third_rule_fits_in_eighty_columns():
    out = screen()
    rows = (row("rtrl", 1), row("bptt", 20), row("trtrl", 50))
    terminal.print_report(SCENARIO, summary(rows=rows), None, out)
    lines = shown(out).splitlines()
    assert max(map(len, lines)) <= 80
    (heading,) = [line for line in lines if line.lstrip().startswith("RTRL ")]
    assert heading.split() == ["RTRL", "BPTT", "TRTRL", "RTRL/TRTRL"]
    (cycles,) = [line for line in lines if line.startswith("  cycles")]
    assert cycles.split() == ["cycles", "1,000,000", "50,000", "20,000", "50.0", "x"]


def test_more_rules_than_fit_stand_in_tables_below_each_other():
    out = screen()
    names = ["rtrl", "bptt", "ok:rank=4", "trtrl", "rflo:feedback=random", "snap", "hybrid"]
    rows = tuple(row(name, 2 + n) for n, name in enumerate(names))
    terminal.print_report(SCENARIO, summary(rows=rows), None, out)
    lines = shown(out).splitlines()
    assert max(map(len, lines)) <= 80
    cycles = [line.split()[1:] for line in lines if line.startswith("  cycles")]
    expected = [quantities.count(each["cycles_per_step"]) for each in rows]
    assert [len(found) for found in cycles] == [4, 3]
    assert [figure for found in cycles for figure in found] == expected


def test_what_was_not_computed_is_left_out():
    bare = {key: row("rtrl", 1)[key] for key in ("rule", "units", "outputs")}
    out = screen()
    terminal.print_report(SCENARIO, summary(rows=(bare,), curves={}), None, out)
    assert "Traffic" not in shown(out)
    assert "None" not in shown(out)


def test_every_check_holds_and_is_printed(capsys):
    main(["cost", "small_world", "--network.units", "8", "--network.outputs", "2"])
    printed = capsys.readouterr().out
    for promise in costing.PROMISES:
        assert promise in printed
    assert "BROKEN" not in printed


def test_colour_is_for_terminals_alone(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    out = screen()
    shelf.print_entry(inventory.entry("ring"), out)
    assert "\x1b" not in shown(out)


# --- the run folder ---------------------------------------------------------------------------


@pytest.fixture
def study(tmp_path):
    scenario = Scenario(
        name="tiny", network=NetworkSpec(units=3), task=TaskSpec(steps=30), compare=("trtrl",)
    )
    found, outcomes = comparison.study(scenario, "compare", lambda progress: None)
    return scenario, found, outcomes


def written(study):
    scenario, found, outcomes = study
    with results.prepared(scenario, Path("runs")) as folder:
        results.write(folder, scenario, found, outcomes)
    return folder


def test_a_run_folder_gives_back_what_was_written(study):
    scenario, found, _ = study
    folder = written(study)
    scenario_read, read = results.read(folder)
    assert scenario_read == scenario
    assert [dict(r) for r in read.rows] == [finite(r) for r in found.rows]
    assert (read.checks, read.status) == (found.checks, "done")
    out, out_again = screen(), screen()
    terminal.print_report(scenario, found, "x", out)
    terminal.print_report(scenario_read, read, "x", out_again)
    assert shown(out) == shown(out_again)


def test_the_curve_is_the_normalised_error_in_parts(study):
    (outcome,) = study[2]
    arrays = (outcome.outputs, outcome.errors, outcome.targets)
    run = Run(*arrays, network=outcome.network, counts=Counts(), seconds=0.0)
    assert np.mean(outcome.curve) == pytest.approx(run.nmse(part=1.0))
    assert outcome.nmse == run.nmse()


def test_a_run_folder_holds_plain_files(study):
    _, _, outcomes = study
    folder = written(study)
    names = {path.name for path in folder.iterdir()}
    assert names == {"scenario.toml", "summary.json", "series.csv", "checkpoint.safetensors"}
    rows = list(csv.DictReader((folder / "series.csv").open()))
    assert [int(line["step"]) for line in rows] == list(range(30))
    for line in rows:
        difference = float(line["target_n0"]) - float(line["output_n0"])
        assert difference == pytest.approx(float(line["error_n0"]), abs=1e-15)
    saved = ns.load(str(folder / "checkpoint.safetensors"))
    assert saved.weights == outcomes[0].network.weights
    record = json.loads((folder / "summary.json").read_text())
    assert {"versions", "host", "seeds", "seconds", "hash", "rows"} <= set(record)


def test_a_finished_run_is_not_replaced_by_an_interrupted_one(study):
    scenario, found, outcomes = study
    folder = written(study)
    before = (folder / "summary.json").read_bytes()
    said = results.write(folder, scenario, replace(found, status="interrupted"), outcomes)
    assert said.startswith("nothing")
    assert (folder / "summary.json").read_bytes() == before


def test_nothing_stands_for_what_is_not_finite():
    assert finite({"a": float("nan"), "b": None, "c": np.inf, "d": 0}) == {"d": 0}


def test_a_failed_write_leaves_no_half_file(study, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UserError, match="No space left"):
        written(study)
    assert not Path("runs").exists()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"schema": 1}', "\x00", "[" * 5000])
def test_a_spoilt_summary_is_refused(text, tmp_path):
    (tmp_path / "summary.json").write_text(text)
    with pytest.raises(UserError, match="not a summary"):
        results.read(tmp_path)


def test_a_run_is_found_by_the_beginning_of_its_name():
    for name in ("a-1", "a-2", "b-1"):
        Path("runs", name).mkdir(parents=True)
        Path("runs", name, "summary.json").write_text("{}")
    os.utime("runs/a-2/summary.json", (4e9, 4e9))
    runs = Path("runs")
    assert results.find("b", runs).name == "b-1"
    assert results.find("a-1", runs).name == "a-1"
    assert results.find("runs/a-1", runs) == Path("runs/a-1")
    assert results.find(None, runs).name == "a-2"
    for name, message in (("a", "begins several"), ("c", "no such run"), ("", "begins several")):
        with pytest.raises(UserError, match=message):
            results.find(name, runs)
    with pytest.raises(UserError, match="holds no runs"):
        results.find(None, Path("nowhere"))


def test_commands_are_printed_as_the_user_types_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEUROSIM_COMMAND", raising=False)
    assert terminal.as_typed("neurosim report x") == "neurosim report x"
    monkeypatch.setenv("NEUROSIM_COMMAND", "python3 start.py")
    assert terminal.as_typed("neurosim report x") == "python3 start.py report x"
