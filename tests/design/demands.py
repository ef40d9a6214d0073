"""What the tests demand of a design, and a training that is an equation."""

from math import inf
from typing import ClassVar

from neurosim.study.design.demand import Demand
from neurosim.study.design.judge import Judge
from neurosim.study.design.space import Candidate
from neurosim.study.scenario import TaskSpec

SUNSPOTS = TaskSpec(name="csv", data="sunspots", target="sunspots", horizon=1, steps=300)
DEMAND = Demand(SUNSPOTS, 20e3, "ice40-up5k", 0.2)
SMALL = Candidate("trtrl", 4, 1.0, 12, 24, 0.048)
# A space that is judged as a whole in a second or two.
TINY = {
    "rule": ("rflo", "trtrl"), "units": (3, 4, 8), "density": (1.0,), "word_bits": (8, 12, 16),
    "weight_bits": (24,), "learning_rate": (0.034, 0.068),
}  # fmt: skip
ASK = {
    "--data": "sunspots", "--target": "sunspots", "--rate": "20kHz", "--part": "ice40-up5k",
    "--steps": "300", "--jobs": "1",
}  # fmt: skip


def ask(*flags):
    """Return the words of a demand, with these flags in place of its own."""
    given = ASK | dict(zip(flags[::2], flags[1::2], strict=True))
    return ["design", *(word for pair in given.items() for word in pair)]


def learnt(candidate, seed=0):
    """Return an error that anyone can see through: size, widths and rate all matter."""
    rate = 0.0 if candidate.learning_rate == 0.068 else 0.02
    rule = {"rflo": 0.03, "trtrl": 0.0}[candidate.rule]
    return 0.05 + 0.4 / candidate.units + 0.3 / candidate.word_bits + rate + rule + 0.001 * seed


class Seen(list):
    """What was trained, until the user has enough."""

    enough = inf


class Remembering(Judge):
    """A judge that knows what any other has found out."""

    known: ClassVar = {}

    def __init__(self, demand):
        super().__init__(demand)
        self._known = self.known.setdefault((demand.task, demand.seed), {})
