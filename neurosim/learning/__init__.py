"""Learning rules, one file each, and what they cost."""

from __future__ import annotations

from neurosim.learning.association import hebbian, pseudo_inverse
from neurosim.learning.bptt import BPTT
from neurosim.learning.counts import Census, Counts, Kind
from neurosim.learning.eprop import EProp
from neurosim.learning.exactness import exact_weights
from neurosim.learning.focused import FocusedBP
from neurosim.learning.hybrid import Hybrid
from neurosim.learning.inference import Inference
from neurosim.learning.kf_rtrl import KFRTRL
from neurosim.learning.ok import OK
from neurosim.learning.optimizers import (
    Adam,
    Clipped,
    Constant,
    Cosine,
    Exponential,
    Linear,
    Momentum,
    Optimizer,
    Plain,
    Schedule,
)
from neurosim.learning.rflo import RFLO
from neurosim.learning.ridge import Ridge
from neurosim.learning.rls import RLS
from neurosim.learning.rtrl import RTRL
from neurosim.learning.rule import Outcome, Rule
from neurosim.learning.snap import SnAp
from neurosim.learning.stdp import STDP
from neurosim.learning.trtrl import TRTRL
from neurosim.learning.uoro import UORO

RULES: dict[str, type[Rule]] = {
    rule.name: rule
    for rule in (
        RTRL,
        TRTRL,
        BPTT,
        Hybrid,
        UORO,
        KFRTRL,
        OK,
        SnAp,
        RFLO,
        EProp,
        FocusedBP,
        RLS,
        Ridge,
        STDP,
        Inference,
    )
}

__all__ = [
    "BPTT",
    "KFRTRL",
    "OK",
    "RFLO",
    "RLS",
    "RTRL",
    "RULES",
    "STDP",
    "TRTRL",
    "UORO",
    "Adam",
    "Census",
    "Clipped",
    "Constant",
    "Cosine",
    "Counts",
    "EProp",
    "Exponential",
    "FocusedBP",
    "Hybrid",
    "Inference",
    "Kind",
    "Linear",
    "Momentum",
    "Optimizer",
    "Outcome",
    "Plain",
    "Ridge",
    "Rule",
    "Schedule",
    "SnAp",
    "exact_weights",
    "hebbian",
    "pseudo_inverse",
]
