"""The committed table of chips in silicon: as its record says, and as what is wanted says."""

import json
import re
from pathlib import Path

import pytest

from benchmarks import silicon, silicon_page
from benchmarks.silicon_cases import CASES
from neurosim.machine.parts import PARTS

RECORD = silicon.RECORD
KNOWN = {case.name: case for case in CASES}
KINDS = ("luts", "carries", "registers", "block_rams", "multipliers")
BLOCKS = {
    "bus": dict(zip(KINDS, (30, 3, 40, 3, 1), strict=True)),
    "lane 0": dict(zip(KINDS, (20, 2, 50, 4, 1), strict=True)),
    "lane 1": dict(zip(KINDS, (40, 7, 70, 5, 1), strict=True)),
}


def row(mhz: float | None = 101.5, luts: int = 3000, alarms: tuple[str, ...] = ()) -> dict:
    whole = {"luts": luts, "carries": 200, "registers": 4000, "block_rams": 52, "multipliers": 9}
    found = {
        "cycles": 1000,
        "energy": {"pj": {"multiply": 1500.0, "memory": 500.0}},
        "generation_seconds": 3.5,
        "predicted": {"whole": {"luts": luts + 300}},
        "synthesis": {
            "yosys": "0.70", "seconds": 40.1, "whole": whole, "luts_of_a_lane": 240.4,
            "luts_of_the_rest": 1080, "alarms": list(alarms), "blocks": BLOCKS,
        },
    }  # fmt: skip
    if mhz is not None:
        runs = [
            {"seed": n, "mhz": mhz + n, "seconds": 60.0 + n, "critical_path": {"words": f"way {n}"}}
            for n in range(3)
        ]
        found["placement"] = {"tool": "nextpnr-x 1.2", "worst_mhz": mhz, "runs": runs}
        found["placement"]["utilisation"] = {"TRELLIS_COMB": {"used": 4321, "there": 9999}}
    return found


def test_a_row_says_what_was_found():
    page = silicon_page.text(CASES, {"ecp5": row(), "artix7": row(None)})
    line = next(line for line in page.splitlines() if line.startswith("| ecp5 | 100 |"))
    assert line == (
        "| ecp5 | 100 | 101.5 | 101.5, 102.5, 103.5 | 4,321 of 9,999 | 1,000 | 101,500 | 3.5 | 40.1"
        " | 62 |"
    )
    assert "| 8 lanes with their tables | 60 | 9 | 120 | 9 | 2 |" in page
    assert "| bus | 30 | 3 | 40 | 3 | 1 |" in page
    assert "| 3,000 of 83,640 | 3,300 (+10 %) | 240 | 1,080 |" in page
    assert "52 of 208 | 9 of 156 |" in page
    assert "3 seeds" in page
    assert "nextpnr-x 1.2" in page
    assert "* ecp5: way 0" in page
    assert "| artix7 |  |  |  |  | 1,000 |  |" in page  # no clock without a placement


def test_rules_stand_beside_each_other():
    page = silicon_page.text(CASES, {"trtrl-8": row(), "rtrl-8": row(50.0)})
    assert "| 8 | TRTRL | 3,000 | 52 | 9 | 1,000 | 101.5 | 101,500 | 2.0 |" in page
    assert "| 8 | RTRL | 3,000 | 52 | 9 | 1,000 | 50.0 | 50,000 | 2.0 |" in page
    assert "four families" not in page


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (row(), []),
        (row(99.0), ["MHz: 99, and 100 at least are wanted"]),
        (row(alarms=("x is a latch",)), ["alarm: x is a latch"]),
    ],
)
def test_what_is_missed_is_said(found, said):
    assert KNOWN["ecp5"].missed(found) == said


def test_every_row_is_on_a_part_that_there_is():
    assert all(case.part in PARTS for case in CASES)
    assert len(KNOWN) == len(CASES)


def test_rows_are_kept_one_by_one_and_a_miss_is_told_once(tmp_path, monkeypatch, capsys):
    measures = {"ecp5": row(99.0), "up5k": row(31.0, luts=900)}
    monkeypatch.setattr(silicon, "measured", lambda case, _: (measures[case.name], "<svg/>"))
    record = tmp_path / "none" / "x.json"
    assert silicon.main(["--record", str(record), "--rows", "up5k", "ecp5"]) == 1
    assert capsys.readouterr().err == "silicon: ecp5: MHz: 99, and 100 at least are wanted\n"
    assert json.loads(record.read_text()) == measures
    assert record.with_suffix(".md").read_text() == silicon_page.text(CASES, measures)
    assert record.with_suffix(".svg").read_text() == "<svg/>"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--page", "--rows", "ecp5"], "give one of them"),
        (["--seeds", "0"], "--seeds: must be 1 or more"),
        (["--rows", "ecp"], "ecp: is no row. Did you mean ecp5?"),
        (["--record", "broken.json"], "is no record of chips"),
        (["--record", "other.json"], "is no record of chips"),
        (["--record", "other.json/x.json"], "cannot be written"),
    ],
)
def test_mistakes_are_told_before_anything_is_measured(asked, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delattr(silicon, "measured")
    Path("broken.json").write_text("{")
    Path("other.json").write_text('{"ecp5": 5}')
    try:
        code = silicon.main(asked)
    except SystemExit as refused:
        code = refused.code
    assert code == 2
    assert said in capsys.readouterr().err


def test_the_committed_page_is_what_its_record_says_and_misses_nothing():
    record = json.loads(RECORD.read_text("utf-8"))
    assert RECORD.with_suffix(".md").read_text("utf-8") == silicon_page.text(CASES, record)
    readme = silicon.README.read_text("utf-8")
    assert silicon_page.summary(CASES, record) in readme
    assert silicon_page.within(readme, CASES, record) == readme
    assert set(record) == set(KNOWN)
    assert {name: KNOWN[name].missed(found) for name, found in record.items()} == {
        name: [] for name in record
    }


@pytest.mark.parametrize("part", [p for p in PARTS.values() if p.clock_mhz], ids=lambda p: p.name)
def test_clocks_to_count_on_were_reached_on_their_family(part):
    (row,) = re.findall(r"^docs/silicon\.md, row (\S+)$", part.clock_source)
    assert KNOWN[row].target.synthesis == part.synthesis
    assert json.loads(RECORD.read_text("utf-8"))[row]["placement"]["worst_mhz"] >= part.clock_mhz
