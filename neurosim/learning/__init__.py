"""Learning rules, one file each, and what they cost."""

from __future__ import annotations

from neurosim.learning.bptt import BPTT
from neurosim.learning.counts import Census, Counts, Kind
from neurosim.learning.exactness import exact_weights
from neurosim.learning.inference import Inference
from neurosim.learning.rtrl import RTRL
from neurosim.learning.rule import Outcome, Rule
from neurosim.learning.trtrl import TRTRL

RULES: dict[str, type[Rule]] = {rule.name: rule for rule in (RTRL, TRTRL, BPTT, Inference)}

__all__ = [
    "BPTT",
    "RTRL",
    "RULES",
    "TRTRL",
    "Census",
    "Counts",
    "Inference",
    "Kind",
    "Outcome",
    "Rule",
    "exact_weights",
]
