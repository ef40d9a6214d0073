"""Technologies: what an operation, an access or a hop takes, in pJ, each with its source.

The figures stand in ``tables/technologies.toml`` with their citations. Between two published widths
an energy is interpolated in logarithms of energy and bits (a multiplier's goes about with the
square of its bits), beyond them extrapolated likewise; the source of an energy says so.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, log
from pathlib import Path
from typing import Any, Literal, NamedTuple

from neurosim.errors import UserError, nearest
from neurosim.machine import sram
from neurosim.model.arithmetic import Number
from neurosim.model.fixed import Fixed

TABLE = Path(__file__).with_name("tables") / "technologies.toml"
Operation = Literal["add", "multiply"]

# What `activate` consists of, as `model/fixed.py` looks up a value and makes the slope from it.
TABLE_READS, ACTIVATION_PRODUCTS, ACTIVATION_SUMS = 2, 2, 3
FLOAT_TABLE_BITS = 9


class Energy(NamedTuple):
    """An energy, and where it is from: the citation, and what was done to the figure."""

    pj: float
    source: str


class Figure(NamedTuple):
    """A published energy.

    ``bits`` are those of an operand, flit or access; ``bytes`` the size of an SRAM, ``depth`` that
    of a buffer, in flits.
    """

    what: str
    source: str
    status: str
    pj: float = 0.0
    bits: int = 1
    bytes: int = 0
    depth: int = 0
    share: float = 0.0
    mm: float = 0.0


@dataclass(frozen=True)
class EnergyTable:
    """The published energies of a technology.

    Attributes
    ----------
    name, title
        What it is called, and where its figures are from, in a line.
    memory
        ``cacti7``, or ``figures``: published sizes, with CACTI's shape between and below them.
    figures
        All figures.
    sources
        For each source in the figures, its name in reports and its citation.
    """

    name: str
    title: str
    memory: str
    figures: tuple[Figure, ...]
    sources: Mapping[str, Mapping[str, str]]

    # --- arithmetic -----------------------------------------------------------------------------

    def operation(self, operation: Operation, kind: Literal["int", "float"], bits: int) -> Energy:
        """Return the energy of an integer or floating-point operation on words of some bits."""
        return self._by(self._all(f"{kind}_{operation}"), "bits", bits)

    def multiply(self, number: Number) -> Energy:
        """Return the energy of the product of two words."""
        return self.operation("multiply", _kind(number), number.word_bits)

    def add(self, number: Number) -> Energy:
        """Return the energy of a sum, which in fixed point is as wide as the accumulator."""
        bits = number.accumulator_bits if isinstance(number, Fixed) else number.word_bits
        return self.operation("add", _kind(number), bits)

    def activate(self, number: Number) -> Energy:
        """Return the energy of an activation with its slope.

        Two entries of the table, two products and three sums, as ``Fixed.activate`` does it. That a
        float does the same, with a table of 512 entries, is an assumption.
        """
        word = number.word_bits
        entries = 1 << (word - number.interpolation_bits if isinstance(number, Fixed)
                        else FLOAT_TABLE_BITS)  # fmt: skip
        read, product = self.sram_read(entries * word, word), self.multiply(number)
        total = self.add(number)
        pj = TABLE_READS * read.pj + ACTIVATION_PRODUCTS * product.pj + ACTIVATION_SUMS * total.pj
        return Energy(
            pj,
            f"{TABLE_READS} reads of a table of {entries:,} words ({read.source}),"
            f" {ACTIVATION_PRODUCTS} products and {ACTIVATION_SUMS} sums ({product.source})"
            + ("" if isinstance(number, Fixed) else "; assumed for floats"),
        )

    def divide(self, number: Number) -> Energy:
        """Return the energy of a division or square root: an integer sum for every bit.

        That is what a radix-2 divider does (Oberman and Flynn 1997, doi 10.1109/12.609274); that
        nothing else of it takes energy is an assumption.
        """
        bits = number.word_bits
        each = self.operation("add", "int", bits)
        return Energy(bits * each.pj, f"{bits} sums of a radix-2 divider ({each.source}; assumed)")

    # --- memories -------------------------------------------------------------------------------

    def sram_read(self, size_bits: float, width_bits: float) -> Energy:
        """Return the energy of reading a word of an SRAM of ``size_bits`` in all."""
        return self._access("read", size_bits, width_bits)

    def sram_write(self, size_bits: float, width_bits: float) -> Energy:
        """Return the energy of writing a word of an SRAM of ``size_bits`` in all."""
        return self._access("write", size_bits, width_bits)

    def dram(self, bits: float) -> Energy:
        """Return the energy of moving some bits from or to memory off the chip."""
        return self._for_bits("dram", bits)

    # --- words on the move ----------------------------------------------------------------------

    def flit_hop(self, flit_bits: int, buffer_depth: int = 8) -> Energy:
        """Return the energy of a flit through a router and over the link behind it."""
        router, wire = self._router(flit_bits, buffer_depth), self._wire(flit_bits, "link")
        source = f"router {router.source}; link of {_mm('link'):g} mm {wire.source}"
        return Energy(router.pj + wire.pj, source)

    def bus_word(self, bits: int, nodes: int = 1) -> Energy:
        """Return the energy of a word on a bus that runs past all of its nodes."""
        wire = self._wire(bits, "bus_stop", nodes)
        return Energy(wire.pj, f"{_mm('bus_stop') * nodes:g} mm of wire {wire.source}")

    def _router(self, flit_bits: int, depth: int) -> Energy:
        scaled = next(iter(self._all("router_of_nm45")), None)
        if scaled is not None:
            of = load("nm45")._router(flit_bits, depth)
            return Energy(scaled.share * of.pj, f"{of.source}, times {scaled.share:g} (assumed)")
        moved = [self._by(self._all(f"buffer_{each}"), "depth", depth) for each in ("push", "pop")]
        moved.append(self._known(self._all("crossbar")[0]))
        decided = [self._known(self._all(each)[0]) for each in ("routing", "selection")]
        per_bit = sum(each.pj for each in moved) / self._all("crossbar")[0].bits
        return Energy(per_bit * flit_bits + sum(each.pj for each in decided), moved[0].source)

    def _wire(self, bits: float, piece: str, pieces: int = 1) -> Energy:
        bit = self._for_bits("wire_mm", bits)
        return bit._replace(pj=bit.pj * _mm(piece) * pieces)

    # --- figures --------------------------------------------------------------------------------

    def _all(self, what: str) -> list[Figure]:
        return [figure for figure in self.figures if figure.what == what]

    def _known(self, figure: Figure, found: str = "") -> Energy:
        return Energy(figure.pj, _said(self.sources, figure, found))

    def _for_bits(self, what: str, bits: float) -> Energy:
        """Return the energy of so many bits where that of some is published."""
        known = self._known(figure := self._all(what)[0])
        return known._replace(pj=figure.pj / figure.bits * bits)

    def _by(self, figures: Sequence[Figure], axis: str, value: float) -> Energy:
        """Return the energy at a value of ``bits``, ``bytes`` or ``depth``, in logarithms."""
        ordered = sorted(figures, key=lambda figure: float(getattr(figure, axis)))
        places = [float(getattr(figure, axis)) for figure in ordered]
        if value in places:
            return self._known(ordered[places.index(value)])
        above = min(max(1, sum(place < value for place in places)), len(places) - 1)
        low, high = ordered[above - 1], ordered[above]
        slope = log(high.pj / low.pj) / log(places[above] / places[above - 1])
        inside = places[0] < value < places[-1]
        found = "interpolated" if inside else "extrapolated"
        pj = exp(log(low.pj) + slope * log(value / places[above - 1]))
        worse = max(low, high, key=lambda figure: figure.status != "checked")
        return Energy(pj, _said(self.sources, worse, found))

    def _access(self, kind: sram.Kind, size_bits: float, width_bits: float) -> Energy:
        if self.memory == "cacti7":
            access = sram.cacti(kind).access(size_bits, width_bits)
            source = self.sources["cacti7"]["short"]
            return Energy(access.pj, f"{source}, {access.found}" if access.found else source)
        return self._like_cacti(size_bits, width_bits)

    def _like_cacti(self, size_bits: float, width_bits: float) -> Energy:
        """Return a published access; of another width, or smaller, as CACTI's reads differ."""
        figures = self._all("sram")
        smallest, width = min(f.bytes for f in figures), figures[0].bits
        size = max(size_bits, width_bits) / 8
        known = self._by(figures, "bytes", max(size, smallest))
        if width_bits == width and size >= smallest:
            return known
        shape = sram.cacti("read").access
        share = shape(8 * size, width_bits).pj / shape(8 * max(size, smallest), width).pj
        found = "interpolated" if size >= smallest else "extrapolated"
        source = known.source.partition(", interpolated")[0].partition(", extrapolated")[0]
        return Energy(known.pj * share, f"{source}, {found} with the shape of CACTI 7")


def names() -> tuple[str, ...]:
    """Return the names of the technologies."""
    return tuple(_tables()["technologies"])


@lru_cache(maxsize=8)
def load(name: str) -> EnergyTable:
    """Return the technology of that name.

    Raises
    ------
    UserError
        When there is none.
    """
    if name not in names():
        raise UserError(
            f"technology {name!r}: unknown.{nearest(name, names())} Known: {', '.join(names())}."
        )
    tables = _tables()
    table = tables["technologies"][name]
    figures = tuple(Figure(**figure) for figure in table["figures"])
    return EnergyTable(name, table["title"], table["memory"], figures, tables["sources"])


def _kind(number: Number) -> Literal["int", "float"]:
    return "int" if isinstance(number, Fixed) else "float"


def _said(sources: Mapping[str, Mapping[str, str]], figure: Figure, found: str) -> str:
    """Return the source of a figure in words, with all that makes it less than a published one."""
    marks = [found, "" if figure.status == "checked" else figure.status]
    return ", ".join([sources[figure.source]["short"], *filter(None, marks)])


def _mm(what: str) -> float:
    figures = _tables()["floorplan"]["figures"]
    return float(next(figure["mm"] for figure in figures if figure["what"] == what))


@lru_cache(maxsize=1)
def _tables() -> dict[str, Any]:
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))
