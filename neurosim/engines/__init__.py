"""The engines: three readers of the same neuron programs."""

from __future__ import annotations

from neurosim.engines.attractor import Recall, recall
from neurosim.engines.costs import (
    Cost,
    closed_cost,
    cost,
    cost_of,
    energy_of,
    mean_cost,
    simulated_step,
)
from neurosim.engines.run import Run
from neurosim.engines.train import ENGINES, gradients, train, train_many

__all__ = [
    "ENGINES",
    "Cost",
    "Recall",
    "Run",
    "closed_cost",
    "cost",
    "cost_of",
    "energy_of",
    "gradients",
    "mean_cost",
    "recall",
    "simulated_step",
    "train",
    "train_many",
]
