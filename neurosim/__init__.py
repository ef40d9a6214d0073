"""Recurrent networks that learn while they run: in software, in time, and in silicon.

The public surface is loaded on first use, so that ``import neurosim`` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neurosim.engines import Cost, Recall, Run, cost, gradients, recall, train, train_many
    from neurosim.errors import RunFailed, UserError
    from neurosim.learning import (
        BPTT,
        KFRTRL,
        OK,
        RFLO,
        RLS,
        RTRL,
        STDP,
        TRTRL,
        UORO,
        Adam,
        Clipped,
        Constant,
        Cosine,
        EProp,
        Exponential,
        FocusedBP,
        Hybrid,
        Inference,
        Linear,
        Momentum,
        Optimizer,
        Plain,
        Ridge,
        Rule,
        Schedule,
        SnAp,
        exact_weights,
        hebbian,
        pseudo_inverse,
    )
    from neurosim.machine import Machine
    from neurosim.model import Fixed, Float, Network, load
    from neurosim.study import hardware
    from neurosim.study.agreement import check_rule
    from neurosim.study.sweep import sweep
    from neurosim.study.trace import trace

_ROOMS = {
    "neurosim.engines": (
        "Cost",
        "Recall",
        "Run",
        "cost",
        "gradients",
        "recall",
        "train",
        "train_many",
    ),
    "neurosim.errors": ("RunFailed", "UserError"),
    "neurosim.learning": (
        "Adam",
        "Clipped",
        "Constant",
        "Cosine",
        "Exponential",
        "Linear",
        "Momentum",
        "Optimizer",
        "Plain",
        "Schedule",
        "BPTT",
        "Hybrid",
        "Inference",
        "KFRTRL",
        "OK",
        "RTRL",
        "Rule",
        "TRTRL",
        "UORO",
        "EProp",
        "FocusedBP",
        "RFLO",
        "RLS",
        "Ridge",
        "STDP",
        "SnAp",
        "exact_weights",
        "hebbian",
        "pseudo_inverse",
    ),
    "neurosim.machine": ("Machine",),
    "neurosim.model": ("Fixed", "Float", "Network", "load"),
    "neurosim.study.agreement": ("check_rule",),
    "neurosim.study.sweep": ("sweep",),
    "neurosim.study.trace": ("trace",),
}
_WHERE = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = [
    "BPTT",
    "KFRTRL",
    "OK",
    "RFLO",
    "RLS",
    "RTRL",
    "STDP",
    "TRTRL",
    "UORO",
    "Adam",
    "Clipped",
    "Constant",
    "Cosine",
    "Cost",
    "EProp",
    "Exponential",
    "Fixed",
    "Float",
    "FocusedBP",
    "Hybrid",
    "Inference",
    "Linear",
    "Machine",
    "Momentum",
    "Network",
    "Optimizer",
    "Plain",
    "Recall",
    "Ridge",
    "Rule",
    "Run",
    "RunFailed",
    "Schedule",
    "SnAp",
    "UserError",
    "check_rule",
    "cost",
    "exact_weights",
    "gradients",
    "hardware",
    "hebbian",
    "load",
    "pseudo_inverse",
    "recall",
    "sweep",
    "trace",
    "train",
    "train_many",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("neurosim.version").version()
    if name == "hardware":
        return import_module("neurosim.study.hardware")
    if name not in _WHERE:
        raise AttributeError(f"module 'neurosim' has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
