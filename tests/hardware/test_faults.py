"""The check can fail: a few single faults that it has to catch; benchmarks/chip.py has many."""

import pytest

from benchmarks.chip_faults import circuit_faults, program_faults
from benchmarks.chip_verdicts import Verdict, judge

WANTED = {
    "a LOAD that is missing": (program_faults, "table_0", "LOAD missing", ""),
    "an instruction that is late": (program_faults, "microcode", "gap", "word 2: "),
    "a sum that is taken away": (circuit_faults, "lane", "plus or minus", "base6 + "),
}


def test_without_a_fault_nothing_is_found():
    assert judge(None) == Verdict(None, "", 300)


@pytest.mark.parametrize("name", WANTED)
def test_a_fault_is_caught(name):
    faults, module, kind, what = WANTED[name]
    found = (f for f in faults() if (f.module, f.kind) == (module, kind) and what in f.what)
    verdict = judge(next(found))
    assert verdict.caught_by, verdict
