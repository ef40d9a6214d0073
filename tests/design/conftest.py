"""A search whose space is tiny, and whose trainings are an equation."""

import pytest

from neurosim.study.design import search as searching
from neurosim.study.design.space import LADDERS, Candidate
from neurosim.study.scenario import folder_name
from neurosim.study.sweep.cells import CellResult
from tests.design.demands import TINY, Remembering, Seen, learnt


@pytest.fixture
def toy(monkeypatch):
    """Make the space tiny, and training an equation; return what was trained, in order."""
    for name, steps in TINY.items():
        monkeypatch.setitem(LADDERS, name, steps)
    monkeypatch.setattr(searching, "STARTERS", (Candidate("trtrl", 8, 1.0, 16, 24, 0.034),))
    seen = Seen()

    def computed(executor, scenarios, out):
        for one in scenarios:
            number, network = one.number, one.network
            rule, rate = one.rule.name, one.rule.learning_rate
            widths = number.word_bits, number.weight_bits
            candidate = Candidate(rule, network.units, 1.0, *widths, rate)
            seen.append(candidate)
            if len(seen) == seen.enough:
                raise KeyboardInterrupt
            folder = out / folder_name(one)
            folder.mkdir(parents=True, exist_ok=True)
            yield CellResult(one, folder, {"nmse": learnt(candidate, one.seeds[0])}, None)

    monkeypatch.setattr(searching, "computed", computed)
    monkeypatch.setattr(searching, "Judge", Remembering)
    # the clocked engine knows nothing of that equation
    monkeypatch.setattr("neurosim.study.design.confirm._clocked",
                        lambda demand, tried: (tried.error, (tried.verdict.cycles,)))  # fmt: skip
    return seen
