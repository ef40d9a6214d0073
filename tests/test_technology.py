"""Published energies: exact where published, honest where not."""

import csv
import itertools
import tomllib
from pathlib import Path

import numpy as np
import pytest

import neurosim as ns
from neurosim.machine import sram, technology

TABLES = Path(technology.__file__).parent / "tables"

# As published, typed in from the sources and not from the package's tables:
# technology, operation, kind, bits, pJ.
PUBLISHED = [
    ("nm45", "add", "int", 8, 0.03),
    ("nm45", "add", "int", 32, 0.1),
    ("nm45", "multiply", "int", 8, 0.2),
    ("nm45", "multiply", "int", 32, 3.1),
    ("nm45", "add", "float", 16, 0.4),
    ("nm45", "add", "float", 32, 0.9),
    ("nm45", "multiply", "float", 16, 1.1),
    ("nm45", "multiply", "float", 32, 3.7),
    ("nm7", "add", "int", 8, 0.007),
    ("nm7", "add", "int", 32, 0.03),
    ("nm7", "multiply", "int", 8, 0.07),
    ("nm7", "multiply", "int", 32, 1.48),
    ("nm7", "add", "float", 16, 0.16),
    ("nm7", "add", "float", 32, 0.38),
    ("nm7", "multiply", "float", 16, 0.34),
    ("nm7", "multiply", "float", 32, 1.31),
]
OTHER_TABLES = [(45, "itrs-lop"), (22, "itrs-hp"), (22, "itrs-lop")]


def points():
    """The rows of the CACTI table that energies are made of, read without the package."""
    with open(TABLES / "sram.csv", encoding="utf-8") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return [row for row in rows if (row["node_nm"], row["cell"]) == ("45", "itrs-hp")]


@pytest.mark.parametrize(("name", "operation", "kind", "bits", "pj"), PUBLISHED)
def test_published_operations_come_out_exactly(name, operation, kind, bits, pj):
    energy = technology.load(name).operation(operation, kind, bits)
    assert energy.pj == pj
    assert "polated" not in energy.source


def test_a_word_is_multiplied_by_its_width_and_added_by_its_accumulators():
    table = technology.load("nm45")
    assert table.multiply(ns.Fixed(8, 6)).pj == 0.2
    assert table.add(ns.Fixed(8, 6)).pj == 0.1  # its accumulator has 32 bits
    wide = table.add(ns.Fixed(16, 12))
    assert wide.pj > 0.1
    assert wide.source == "Horowitz 2014, 45 nm, extrapolated"


def test_between_widths_a_multiplier_goes_about_with_the_square_of_its_bits():
    table = technology.load("nm45")
    energies = [table.multiply(ns.Fixed(bits, 6)) for bits in (12, 16, 24)]
    pj = [0.2, *(e.pj for e in energies), 3.1]
    slopes = np.diff(np.log(pj)) / np.diff(np.log([8, 12, 16, 24, 32]))
    assert slopes == pytest.approx([np.log(3.1 / 0.2) / np.log(4)] * 4)
    assert slopes[0] == pytest.approx(2, abs=0.05)
    assert {e.source for e in energies} == {"Horowitz 2014, 45 nm, interpolated"}


def test_double_precision_is_beyond_what_is_published():
    table = technology.load("nm45")
    assert table.multiply(ns.Float()).pj == pytest.approx(3.7**2 / 1.1)
    assert table.add(ns.Float()).pj == pytest.approx(0.9**2 / 0.4)
    assert table.multiply(ns.Float()).source.endswith("extrapolated")


def test_what_was_not_checked_says_so_even_where_it_is_one_of_two_neighbours():
    table = technology.load("nm7")
    assert table.operation("multiply", "int", 32).source == "Jouppi 2021, 7 nm, recalled"
    assert table.multiply(ns.Fixed()).source == "Jouppi 2021, 7 nm, interpolated, recalled"
    assert table.operation("multiply", "float", 32).source == "Jouppi 2021, 7 nm"


@pytest.mark.parametrize("name", technology.names())
def test_an_activation_is_made_of_two_reads_two_products_and_three_sums(name):
    table, number = technology.load(name), ns.Fixed(16, 12, table_bits=9)
    read = table.sram_read(512 * 16, 16)
    expected = 2 * read.pj + 2 * table.multiply(number).pj + 3 * table.add(number).pj
    assert table.activate(number).pj == pytest.approx(expected, rel=1e-14)
    assert "assumed" in table.activate(ns.Float()).source


def test_every_point_of_cacti_comes_out_exactly():
    table = technology.load("nm45")
    assert len(points()) == 33
    for row in points():
        bits, width = 8 * int(row["size_bytes"]), int(row["word_bits"])
        read, write = table.sram_read(bits, width), table.sram_write(bits, width)
        assert (read.pj, write.pj) == (float(row["read_pj"]), float(row["write_pj"]))
        assert read.source == write.source == "CACTI 7, 45 nm itrs-hp"


def test_an_sram_between_points_lies_near_them_and_says_so():
    table = technology.load("nm45")
    for size in (2**10, 2**14, 2**17):
        low, high = table.sram_read(8 * size, 16).pj, table.sram_read(16 * size, 16).pj
        middle = table.sram_read(8 * size * 2**0.5, 16)
        assert low < middle.pj < high
        assert middle.source.endswith(", interpolated")
    assert table.sram_read(8192 * 8, 16).pj < table.sram_read(8192 * 8, 20).pj < 3.649


def test_beyond_the_points_energies_go_on_without_a_step():
    table = technology.load("nm45")
    for edge, beyond in (((512, 16), (511.999, 16)), ((2**20, 32), (2**20 + 1, 32)),
                         ((8192, 16), (8192, 15.9999))):  # fmt: skip
        known, found = (table.sram_read(8 * size, width) for size, width in (edge, beyond))
        assert found.pj == pytest.approx(known.pj, rel=1e-3)
        assert found.source.endswith(", extrapolated")
    small = [table.sram_read(8 * size, 16).pj for size in (32, 64, 128, 256, 512)]
    assert small == sorted(small)
    assert table.sram_read(8 * 8192, 128).pj == pytest.approx(2 * table.sram_read(8 * 4096, 64).pj)


def test_leaving_one_point_out_the_others_find_it_within_a_tenth_on_average():
    errors = {kind: np.abs(sram.leave_one_out(kind)) for kind in ("read", "write")}
    assert errors["read"].mean() <= 0.10
    assert errors["write"].mean() <= 0.10
    # single points of writes lie farther off, where CACTI changes the organisation
    assert 0.10 < errors["read"].max() < 0.20
    assert 0.30 < errors["write"].max() < 0.40


def test_leaving_one_out_is_what_it_says():
    """The same by hand: a plane and Gaussians, solved for directly."""
    rows = points()
    places = np.log2([[float(r["size_bytes"]), float(r["word_bits"])] for r in rows])
    logs = np.log([float(r["read_pj"]) for r in rows])
    expected = []
    for n in range(len(rows)):
        others = np.delete(np.arange(len(rows)), n)
        ones = np.column_stack([np.ones(len(rows)), places])
        plane = np.linalg.lstsq(ones[others], logs[others], rcond=None)[0]
        scaled = places * (1, 0.85)
        apart = ((scaled[:, None] - scaled[None]) ** 2).sum(-1)
        weights = np.linalg.solve(
            np.exp(-apart[np.ix_(others, others)]), (logs - ones @ plane)[others]
        )
        found = ones[n] @ plane + np.exp(-apart[n, others]) @ weights
        expected.append(np.exp(found - logs[n]) - 1)
    assert sram.leave_one_out("read") == pytest.approx(expected, abs=1e-6)


def test_the_shape_was_chosen_on_the_tables_that_are_not_used(monkeypatch):
    def mean():
        found = [sram.leave_one_out(k, *t) for k in ("read", "write") for t in OTHER_TABLES]
        return np.mean([np.abs(errors).mean() for errors in found])

    chosen = mean()
    for size, width in itertools.product((0.7, 1.0, 1.4), (0.8, 1 / 0.85, 1.6)):
        monkeypatch.setattr(sram, "SIZE_OCTAVES", size)
        monkeypatch.setattr(sram, "WIDTH_OCTAVES", width)
        assert mean() >= chosen - 1e-9


def test_the_documentation_has_the_errors_as_measured():
    page = (Path(__file__).parents[1] / "docs" / "energy.md").read_text("utf-8")
    for kind in ("read", "write"):
        errors = 100 * np.abs(sram.leave_one_out(kind))
        figures = errors.mean(), np.median(errors), errors.max()
        line = f"| 45 nm itrs-hp, {kind}s | " + " | ".join(f"{f:.1f} %" for f in figures)
        assert line in page


def test_seven_nanometres_has_the_published_sizes_and_the_shape_of_cacti_elsewhere():
    table, forty_five = technology.load("nm7"), technology.load("nm45")
    for size, pj in ((2**13, 7.5), (2**15, 8.5), (2**20, 14.0)):
        assert table.sram_read(8 * size, 64) == (pj, "Jouppi 2021, 7 nm")
        assert table.sram_write(8 * size, 64).pj == pj
    narrow, small = table.sram_read(2**16, 16), table.sram_read(2**13, 64)
    ratio = forty_five.sram_read(2**16, 16).pj / forty_five.sram_read(2**16, 64).pj
    assert narrow.pj == pytest.approx(7.5 * ratio)
    assert narrow.source == "Jouppi 2021, 7 nm, interpolated with the shape of CACTI 7"
    assert small.pj == pytest.approx(7.5 * 1.675 / 4.46)
    assert "extrapolated" in small.source


def test_a_flit_takes_what_noxims_parts_take_together():
    table = technology.load("nm45")
    parts = 0.762 + 0.534 + 0.221 + 0.060 + 0.050 + 32 * 0.0488
    assert table.flit_hop(32, 4).pj == pytest.approx(parts)
    assert table.flit_hop(32, 8).pj == pytest.approx(parts + 1.03 - 0.762 + 0.826 - 0.534)
    assert "node not stated" in table.flit_hop(32).source
    halved = (0.762 + 0.534 + 0.221) / 2 + 0.060 + 0.050 + 16 * 0.0488
    assert table.flit_hop(16, 4).pj == pytest.approx(halved)
    assert "assumed" in technology.load("nm7").flit_hop(32).source


def test_a_bus_is_as_long_as_it_has_nodes():
    table = technology.load("nm45")
    assert table.bus_word(16, 8).pj == pytest.approx(16 * 0.0488 * 0.25 * 8)
    assert table.dram(64).pj == 1300.0
    assert table.dram(1).pj == pytest.approx(1300 / 64)


def test_every_figure_has_a_source_and_a_status():
    tables = tomllib.loads((TABLES / "technologies.toml").read_text("utf-8"))
    figures = [*tables["floorplan"]["figures"]]
    for name in technology.names():
        figures += tables["technologies"][name]["figures"]
    assert len(figures) > 30
    for figure in figures:
        assert figure["source"] in tables["sources"]
        assert figure["status"] in ("checked", "recalled", "assumed")
    for source in tables["sources"].values():
        assert source["cite"]
        assert source["short"]


def test_an_unknown_technology_is_told_with_the_nearest():
    with pytest.raises(ns.UserError, match="Did you mean nm45"):
        technology.load("nm46")
