"""What is built for tests is kept in the checkout, so that the next run need not build it again."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def chips_kept_in_the_checkout():
    root = Path(__file__).resolve().parents[2]
    with pytest.MonkeyPatch.context() as patch:
        if "NEUROSIM_CACHE" not in os.environ:
            patch.setenv("NEUROSIM_CACHE", str(root / ".pytest_cache" / "neurosim"))
        yield
