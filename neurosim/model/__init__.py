"""What everything stands on: numbers, operations, messages, neurons and networks."""

from __future__ import annotations

from neurosim.model.arithmetic import Float, Format, Number
from neurosim.model.fixed import Fixed
from neurosim.model.layout import Layout
from neurosim.model.network import Network
from neurosim.model.storage import load

__all__ = ["Fixed", "Float", "Format", "Layout", "Network", "Number", "load"]
