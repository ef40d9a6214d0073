"""Recurrent networks that learn while they run: in software, in time, and in silicon.

The public surface is loaded on first use, so that ``import neurosim`` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neurosim.engines import Cost, Run, cost, gradients, train, train_many
    from neurosim.errors import RunFailed, UserError
    from neurosim.learning import BPTT, RTRL, TRTRL, Inference, Rule, exact_weights
    from neurosim.machine import Machine
    from neurosim.model import Fixed, Float, Network, load
    from neurosim.study import hardware
    from neurosim.study.trace import trace

_ROOMS = {
    "neurosim.engines": ("Cost", "Run", "cost", "gradients", "train", "train_many"),
    "neurosim.errors": ("RunFailed", "UserError"),
    "neurosim.learning": ("BPTT", "RTRL", "TRTRL", "Inference", "Rule", "exact_weights"),
    "neurosim.machine": ("Machine",),
    "neurosim.model": ("Fixed", "Float", "Network", "load"),
    "neurosim.study.trace": ("trace",),
}
_WHERE = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = [
    "BPTT",
    "RTRL",
    "TRTRL",
    "Cost",
    "Fixed",
    "Float",
    "Inference",
    "Machine",
    "Network",
    "Rule",
    "Run",
    "RunFailed",
    "UserError",
    "cost",
    "exact_weights",
    "gradients",
    "hardware",
    "load",
    "trace",
    "train",
    "train_many",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version  # slow to load

        try:
            return version("neurosim-hdl")
        except PackageNotFoundError:
            return "0.0.0+unknown"
    if name == "hardware":
        return import_module("neurosim.study.hardware")
    if name not in _WHERE:
        raise AttributeError(f"module 'neurosim' has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
