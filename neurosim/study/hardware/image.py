"""All words of a simulated chip, read and written through its memory window.

With the step's parity, which says in which half of the unit bank the newest activations lie, they
are all that a chip knows from one step to the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import UserError
from neurosim.schedule import Source
from neurosim.study.hardware.places import BANKS

if TYPE_CHECKING:
    from myhdl_core.core import Chip
    from myhdl_core.microcode import Shape

Words = NDArray[np.int64]
UNITS = BANKS[Source.UNIT]  # which all lanes hold alike


class Image(NamedTuple):
    """The raw words of a chip's memories.

    Attributes
    ----------
    weights, x, y
        Of the banks of that name, shape (lanes, words).
    units
        Of the bank of the units, shape (words,).
    """

    weights: Words
    x: Words
    y: Words
    units: Words


def taken(chip: Chip, shape: Shape) -> Image:
    """Read all memories of a chip that is idle."""
    weights, x, y = (
        np.array([chip.read(lane, bank, 0, depth) for lane in range(chip.lanes)])
        for bank, depth in enumerate(_depths(shape))
    )
    return Image(weights, x, y, chip.read(0, UNITS, 0, shape.u_depth))


def put(chip: Chip, shape: Shape, image: Image) -> None:
    """Write all memories of a chip that is idle.

    Raises
    ------
    UserError
        When the image is of another chip; nothing was written then.
    """
    expected = *((chip.lanes, depth) for depth in _depths(shape)), (shape.u_depth,)
    found = tuple(np.shape(words) for words in image)
    if found != expected:
        raise UserError(f"image: is of a chip of memories {found}, and this one has {expected}.")
    for bank, rows in enumerate(image[:UNITS]):
        for lane, words in enumerate(rows):
            chip.write(lane, bank, 0, words)
    chip.write(0, UNITS, 0, image.units)


def _depths(shape: Shape) -> tuple[int, ...]:
    """Return the words of the banks that every lane has of its own."""
    return shape.w_depth, shape.x_depth, shape.y_depth
