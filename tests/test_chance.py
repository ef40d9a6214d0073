"""Random signs: the published generator's words, fair and independent along every axis."""

import numpy as np
import pytest

from neurosim.model.chance import GAMMA, mix, replicas, signs

MASK = 2**64 - 1
MANY = 1 << 16


def plain_mix(z: int) -> int:
    """SplitMix64's finaliser in Python's own whole numbers."""
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def plain_sign(seed: int, *numbers: int) -> float:
    h = seed
    for n in numbers:
        h = plain_mix((h + GAMMA * (n + 1)) & MASK)
    return -1.0 if h >> 63 else 1.0


def test_words_are_those_of_splitmix64() -> None:
    """The first words from seed 1234567 and 0, as other implementations print them."""
    known = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    states = [(1234567 + n * GAMMA) & MASK for n in range(1, 6)]
    assert mix(np.array(states, dtype=np.uint64)).tolist() == known
    assert mix(np.uint64(GAMMA)).tolist() == [0xE220A8397B1DCDAF]


def test_signs_are_the_plain_form() -> None:
    for seed in (0, 7, 2**40):
        for step in (0, 1, 10**6):
            found = signs(seed, step, replicas((3,))[:, None], np.arange(4))
            plain = [[plain_sign(seed, step, r, n) for n in range(4)] for r in range(3)]
            assert found.tolist() == plain


def test_shapes_follow_replicas_and_indices() -> None:
    one = signs(3, 5, 0, 2)
    assert one.shape == ()
    block = signs(3, 5, replicas((4, 2))[..., None], np.arange(6))
    assert block.shape == (4, 2, 6)
    assert block[0, 0, 2] == one
    assert (block[1, 1] == signs(3, 5, 3, np.arange(6))).all()


def along(axis: str) -> np.ndarray:
    """Return many signs that differ in one number alone."""
    many = np.arange(MANY)
    if axis == "index":
        return signs(1, 2, 3, many)
    if axis == "replica":
        return signs(1, 2, many, 3)
    if axis == "step":
        return np.array([signs(1, t, 2, 3) for t in range(MANY // 16)])
    return np.array([signs(s, 1, 2, 3) for s in range(MANY // 16)])


@pytest.mark.parametrize("axis", ["index", "replica", "step", "seed"])
def test_signs_are_fair_and_neighbours_independent(axis: str) -> None:
    """Means of n fair signs, or of products of two, have a standard error of 1 / sqrt(n)."""
    found = along(axis)
    assert set(np.unique(found)) == {-1.0, 1.0}
    bound = 4 / np.sqrt(len(found))
    assert abs(found.mean()) < bound
    for distance in (1, 2, 3, 8, 64):
        assert abs((found[distance:] * found[:-distance]).mean()) < bound


def test_numbers_cannot_stand_in_for_each_other() -> None:
    """Streams of another seed, step or replica, and with two numbers swapped, do not correlate."""
    index = np.arange(MANY)
    streams = [
        signs(seed, step, replica, index)
        for seed, step, replica in (
            (0, 0, 0),
            (1, 0, 0),
            (0, 1, 0),
            (0, 0, 1),
            (1, 2, 3),
            (1, 3, 2),
        )
    ]
    correlation = np.array(streams) @ np.array(streams).T / MANY
    np.fill_diagonal(correlation, 0.0)
    assert np.abs(correlation).max() < 4 / np.sqrt(MANY)
