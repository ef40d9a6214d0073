"""Units in layers: how wide each is, and which units are in it."""

from __future__ import annotations

from collections.abc import Sequence

from neurosim.errors import UserError
from neurosim.study.checks import whole
from neurosim.study.wiring import check


def widths(
    topology: str, units: int, outputs: int, layers: Sequence[int] | None, standard: list[int]
) -> list[int]:
    """Return how many units each layer has.

    Parameters
    ----------
    topology
        Its name; it opens every message.
    units, outputs
        How many units there are, and how many of the last layer are outputs.
    layers
        What the user says of it; ``standard`` where that is None.

    Raises
    ------
    UserError
        When these do not go together.
    """
    check(topology, units, outputs, least=2)
    if layers is None and standard[0] == 0:
        raise UserError(
            f"{topology}: {units:,} units leave no hidden one beside {outputs:,} outputs."
            " Ask for more units or fewer outputs."
        )
    found = standard if layers is None else _checked(topology, layers, units)
    if outputs > found[-1]:
        raise UserError(
            f"{topology}: {outputs:,} outputs do not fit into a last layer of {found[-1]:,} units."
            " Make the last layer wider, or ask for fewer outputs."
        )
    return found


def ranges(sizes: Sequence[int]) -> list[range]:
    """Return the numbers of the units of each layer."""
    ends = [sum(sizes[: layer + 1]) for layer in range(len(sizes))]
    return [range(end - size, end) for end, size in zip(ends, sizes, strict=True)]


def _checked(topology: str, layers: Sequence[int], units: int) -> list[int]:
    given = layers if isinstance(layers, (list, tuple)) else [layers]
    found = [whole(f"{topology}: layers", size) for size in given]
    if len(found) < 2:
        raise UserError(
            f"{topology}: layers: needs at least two layers (got {len(found)})."
            " Give the units of each, such as 8,8."
        )
    if sum(found) != units:
        text = " + ".join(str(size) for size in found)
        raise UserError(
            f"{topology}: layers: {text} makes {sum(found):,} units, not {units:,}."
            f" Set units to {sum(found):,}, or change the layers."
        )
    return found
