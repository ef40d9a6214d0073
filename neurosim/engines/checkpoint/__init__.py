"""Checkpoints: what a training is in the middle of, in files from which it goes on to the bit.

``trees.py`` takes state apart into arrays and JSON, ``files.py`` writes and reads them whole or not
at all, ``keeper.py`` decides when, ``marks.py`` says what a checkpoint is of, and ``held.py`` keeps
Ctrl-C and SIGTERM waiting until state is whole.
"""

from __future__ import annotations

from neurosim.engines.checkpoint.keeper import Keeper, Keeping, opened
from neurosim.engines.checkpoint.marks import marks_of

__all__ = ["Keeper", "Keeping", "marks_of", "opened"]
