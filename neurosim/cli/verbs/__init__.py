"""The verbs of the command line, each a function that returns an exit code."""

from neurosim.cli.verbs import building, looking, searching, training
from neurosim.cli.verbs.fields import app

__all__ = ["app", "building", "looking", "searching", "training"]
