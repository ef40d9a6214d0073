"""The hardware room: it will hold, in MyHDL, the circuits of the neurons neurosim simulates."""

from __future__ import annotations

__all__: list[str] = []
