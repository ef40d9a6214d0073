"""Energy of a read or a write of an SRAM, between the sizes and widths that CACTI was run for.

In logarithms of energy, size and width: a plane by least squares, and Gaussian functions for what
the points differ from it, so that every point comes out exactly. Outside the points the plane goes
on from the nearest edge. A memory of more than 64 bits is several side by side.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

POINTS = Path(__file__).with_name("tables") / "sram.csv"
NODE_NM, CELL = 45, "itrs-hp"
# Octaves over which a point acts, in size and in width. They give the least leave-one-out error on
# the three tables of sram.csv that are not used for energies.
SIZE_OCTAVES, WIDTH_OCTAVES = 1.0, 1 / 0.85
WIDEST = 64

Kind = Literal["read", "write"]
Matrix = NDArray[np.float64]


class Access(NamedTuple):
    """The energy of an access in pJ, and how it was found: "", "interpolated", "extrapolated"."""

    pj: float
    found: str


@dataclass(frozen=True)
class Surface:
    """Energies over size and width.

    Attributes
    ----------
    places
        Logarithms to the base 2 of bytes and of bits of a word, shape (points, 2).
    pj
        Energies there, shape (points,).
    plane
        Constant and two slopes of the plane through their natural logarithms, shape (3,).
    rest
        What is left beside the plane, as a function of places.
    """

    places: Matrix
    pj: Matrix
    plane: Matrix
    rest: Any

    def access(self, size_bits: float, width_bits: float) -> Access:
        """Return the energy of one access of a memory with that many bits in all and in a word."""
        beside = ceil(width_bits / WIDEST)
        size = max(size_bits, width_bits) / beside / 8
        place = np.log2([[size, width_bits / beside]])
        known = np.flatnonzero(np.all(np.isclose(self.places, place, rtol=0, atol=1e-12), axis=1))
        if len(known):
            return Access(beside * float(self.pj[known[0]]), "interpolated" if beside > 1 else "")
        edge = np.clip(place, self.places.min(axis=0), self.places.max(axis=0))
        found = "interpolated" if np.array_equal(edge, place) else "extrapolated"
        return Access(beside * float(self._smooth(place, edge)), found)

    def _smooth(self, place: Matrix, edge: Matrix) -> float:
        pj: float = np.exp(_plane(place) @ self.plane + self.rest(_scaled(edge)))[0]
        return pj


def surface(places: Matrix, pj: Matrix) -> Surface:
    """Return the surface through points, shape (points, 2), with these energies."""
    from scipy.interpolate import RBFInterpolator

    logs = np.log(pj)
    fitted = np.linalg.lstsq(_plane(places), logs, rcond=None)[0]
    plane = np.asarray(fitted, dtype=np.float64)
    rest = RBFInterpolator(
        _scaled(places), logs - _plane(places) @ plane, kernel="gaussian", epsilon=1.0, degree=-1
    )
    return Surface(places, pj, plane, rest)


@lru_cache(maxsize=2)
def cacti(kind: Kind) -> Surface:
    """Return the energies of reads or writes at 45 nm, cells itrs-hp."""
    return surface(*points(kind, NODE_NM, CELL))


def points(kind: Kind, node_nm: int, cell: str) -> tuple[Matrix, Matrix]:
    """Return places and energies of one of the tables in sram.csv, as ``Surface`` has them."""
    lines = POINTS.read_text(encoding="utf-8").splitlines()
    rows = [
        (float(row["size_bytes"]), float(row["word_bits"]), float(row[f"{kind}_pj"]))
        for row in csv.DictReader(line for line in lines if not line.startswith("#"))
        if (int(row["node_nm"]), row["cell"]) == (node_nm, cell)
    ]
    found = np.array(rows)
    return np.log2(found[:, :2]), found[:, 2]


def leave_one_out(kind: Kind, node_nm: int = NODE_NM, cell: str = CELL) -> Matrix:
    """Return the relative error at every point when the surface goes through the others alone.

    Shape (points,), signed, in the order of ``points``.
    """
    places, pj = points(kind, node_nm, cell)
    errors = np.empty(len(pj))
    for n, place in enumerate(places):
        others = np.arange(len(pj)) != n
        found = surface(places[others], pj[others])._smooth(place[None], place[None])
        errors[n] = found / pj[n] - 1
    return errors


def _plane(places: Matrix) -> Matrix:
    return np.column_stack([np.ones(len(places)), places])


def _scaled(places: Matrix) -> Matrix:
    return places / (SIZE_OCTAVES, WIDTH_OCTAVES)
