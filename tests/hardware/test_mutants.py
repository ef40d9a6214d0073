"""The mutation campaign can tell a chip from one that was changed; all of it is a benchmark."""

import csv
import os
from pathlib import Path
from unittest.mock import patch

import pytest

from benchmarks import mutants
from benchmarks.chip_verdicts import sheltered
from benchmarks.mutants_reasons import REASONS, reason_for
from myhdl_core import verilator
from neurosim.errors import RunFailed, UserError
from tests.hardware import needs

PAGE = Path(__file__).resolve().parents[2] / "docs" / "proof.md"
FEW = 6  # of the mutants that are drawn; all but one of them have to be caught


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """The first mutants, and one compiled chip with all of them."""
    folder = tmp_path_factory.mktemp("mutants")
    few = mutants.mutated(folder, FEW, mutants.SEED)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(mutants.SELECT, "0")
        with patch.multiple(verilator, FAST="-O0", SLOW="-O0"):
            chip = mutants.built(folder)
        yield few, chip


def examine(chip, number):
    os.environ[mutants.SELECT] = str(number)
    return sheltered(chip, mutants.searched)[0]


@needs.synthesis
@needs.compiler
def test_the_chip_without_a_change_passes_and_mutants_do_not(drawn):
    few, chip = drawn
    assert len(few) == FEW
    assert examine(chip, 0) == ""
    caught = [examine(chip, mutant.number) for mutant in few]
    assert sum(map(bool, caught)) >= FEW - 1, caught


@needs.synthesis
@needs.compiler
def test_a_draw_is_the_same_every_time(drawn, tmp_path):
    assert mutants.mutated(tmp_path, FEW, mutants.SEED) == drawn[0]


def test_the_table_says_what_caught_a_mutant_or_why_it_cannot_matter():
    mutant = mutants.Mutant(3, "inv", "bus", "and.A[0]", "bus:9", "a", "output, cycle")
    unknown = mutants.Mutant(4, "inv", "bus", "and.A[0]", "bus:9", "no such line")
    known = mutants.Mutant(5, "const0", "control", "procmux.A[9]", "control:7", "x host_reads0[1]")
    rows = mutants.table([mutant, unknown, known]).splitlines()
    assert rows[0].startswith("number,mode,module")
    assert rows[1:] == [
        "3,inv,bus,and.A[0],bus:9,output,",
        "4,inv,bus,and.A[0],bus:9,,",
        "5,const0,control,procmux.A[9],control:7,,the bit is set in none of the requests",
    ]
    assert reason_for("bus", "const0", "procmux.A[9]", "x host_reads0[1]") == ""


def test_the_page_counts_what_the_table_holds():
    with mutants.TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    silent = [row for row in rows if not row["caught_by"]]
    caught = len(rows) - len(silent)
    page = " ".join(PAGE.read_text("utf-8").split())
    assert f"{caught} of the {len(rows)} are caught ({100 * caught / len(rows):.1f} %)" in page
    assert f"Each of the other {len(silent)} cannot matter" in page
    assert {row["reason"] for row in silent} <= {reason for *_, reason in REASONS}
    assert {row["reason"] for row in rows if row["caught_by"]} == {""}


@pytest.mark.parametrize(("error", "code"), [(RunFailed("no"), 1), (UserError("no"), 2)])
def test_what_goes_wrong_is_told_without_a_traceback(error, code, capsys):
    with patch.object(mutants, "campaign", side_effect=error):
        assert mutants.main([]) == code
    assert capsys.readouterr().err == "mutants: no\n"
    with pytest.raises(SystemExit, match="2"):
        mutants.main(["--count", "0"])
