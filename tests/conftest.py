"""What holds for all tests."""

from hypothesis import settings

# On a busy computer an example may take any time; no test asserts one.
settings.register_profile("any time", deadline=None)
settings.load_profile("any time")
