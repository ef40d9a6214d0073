"""Optimisers, one file each: what is made of a gradient before weights move."""

from __future__ import annotations

from neurosim.learning.optimizers.adam import Adam
from neurosim.learning.optimizers.clipping import Clipped
from neurosim.learning.optimizers.momentum import Momentum
from neurosim.learning.optimizers.optimizer import Optimizer
from neurosim.learning.optimizers.plain import Plain
from neurosim.learning.optimizers.schedules import (
    SCHEDULES,
    Constant,
    Cosine,
    Exponential,
    Linear,
    Schedule,
)

OPTIMIZERS: dict[str, type[Optimizer]] = {each.name: each for each in (Plain, Momentum, Adam)}

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
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
]
