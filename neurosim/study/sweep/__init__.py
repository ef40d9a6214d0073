"""Many cells of one scenario: every combination of some fields, each from several seeds."""

from neurosim.study.sweep.folder import Sweep
from neurosim.study.sweep.running import sweep

__all__ = ["Sweep", "sweep"]
