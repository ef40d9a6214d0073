"""What holds for all tests."""

from hypothesis import settings

# On a busy computer an example may take any time; no test asserts one. Everyday examples are the
# same each time, so that a test fails for what was changed; others are drawn by
# `pytest --hypothesis-profile search`.
settings.register_profile("search", deadline=None)
settings.register_profile("everyday", deadline=None, derandomize=True)
settings.load_profile("everyday")
