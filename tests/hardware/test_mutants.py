"""The mutation campaign can tell a chip from one that was changed; all of it is a benchmark."""

import os
from unittest.mock import patch

import pytest

from benchmarks import mutants
from benchmarks.chip_verdicts import sheltered
from benchmarks.mutants_reasons import reason_for
from myhdl_core import verilator
from tests.hardware import needs

pytestmark = [needs.synthesis, needs.compiler]
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


def test_the_chip_without_a_change_passes_and_mutants_do_not(drawn):
    few, chip = drawn
    assert len(few) == FEW
    assert examine(chip, 0) == ""
    caught = [examine(chip, mutant.number) for mutant in few]
    assert sum(map(bool, caught)) >= FEW - 1, caught


def test_a_draw_is_the_same_every_time(drawn, tmp_path):
    assert mutants.mutated(tmp_path, FEW, mutants.SEED) == drawn[0]


def test_the_table_says_what_caught_a_mutant_or_why_it_cannot_matter():
    mutant = mutants.Mutant(3, "inv", "bus", "and.A[0]", "bus:9", "a", "output, cycle")
    silent = mutants.Mutant(4, "inv", "bus", "and.A[0]", "bus:9", "no such line")
    rows = mutants.table([mutant, silent]).splitlines()
    assert rows[0].startswith("number,mode,module")
    assert rows[1] == "3,inv,bus,and.A[0],bus:9,output,"
    assert rows[2] == "4,inv,bus,and.A[0],bus:9,,"
    assert reason_for("bus", "inv", "and.A[0]", "no such line") == ""
