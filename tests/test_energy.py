"""The energy of a step: counts times published figures, nothing else."""

import csv
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import neurosim as ns
from neurosim import machine as machines
from neurosim.engines.energy import MemoryAccess, same_ranking, step_energy
from neurosim.learning import Counts
from neurosim.machine import MemoryBank, Noc, technology

TABLES = Path(technology.__file__).parent / "tables"
STATE = MemoryBank("state", ("stored",))
COUNTS = Counts(multiplications=1_000, additions=900, activations=10)
EIGHT = ns.Fixed(8, 6)
BUS = machines.load("bus")


def published(name: str, what: str, **at) -> float:
    """A figure of the tables, read without the package."""
    tables = tomllib.loads((TABLES / "technologies.toml").read_text("utf-8"))
    (found,) = (
        figure["pj"]
        for figure in tables["technologies"][name]["figures"]
        if figure["what"] == what and all(figure[key] == value for key, value in at.items())
    )
    return found


def cacti(kind: str, size_bytes: int, bits: int) -> float:
    """A point of the CACTI table, read without the package."""
    with open(TABLES / "sram.csv", encoding="utf-8") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        wanted = ("45", "itrs-hp", str(bits), str(size_bytes))
        (found,) = (
            float(row[f"{kind}_pj"])
            for row in rows
            if (row["node_nm"], row["cell"], row["word_bits"], row["size_bytes"]) == wanted
        )
    return found


counted = st.integers(0, 10**12)


@given(products=counted, sums=counted, reads=counted, writes=counted, bits=counted)
def test_energy_is_counts_times_table(products, sums, reads, writes, bits):
    counts = Counts(multiplications=products, additions=sums)
    accesses = [
        MemoryAccess(STATE, "reads", 32, reads, 8 * 2048),
        MemoryAccess(STATE, "writes", 16, writes, 8 * 2048),
    ]
    split = step_energy(BUS, "nm45", EIGHT, counts, accesses, dram_bits=bits)
    expected = (
        products * published("nm45", "int_multiply", bits=8)
        + sums * published("nm45", "int_add", bits=32)  # 8-bit words add up in 32 bits
        + reads * cacti("read", 2048, 32)
        + writes * cacti("write", 2048, 16)
        + bits * published("nm45", "dram") / 64
    )
    assert split.total_pj == pytest.approx(expected, rel=1e-12)
    assert sum(split.by_part.values()) == pytest.approx(split.total_pj, rel=1e-12)


def test_every_part_has_a_source_and_what_did_not_happen_has_no_part():
    access = MemoryAccess(STATE, "reads", 16, 100, 8 * 2048)
    split = step_energy(BUS, "nm7", EIGHT, COUNTS, [access], bus_words=7, nodes=4)
    assert set(split.by_part) == {"multiply", "add", "activate", "state read", "bus"}
    assert split.sources["multiply"] == "Jouppi 2021, 7 nm"
    assert "1 mm of wire" in split.sources["bus"]
    assert all(split.sources.values())


def test_accesses_of_several_widths_are_one_part():
    accesses = [
        MemoryAccess(STATE, "reads", 16, 100, 8 * 2048),
        MemoryAccess(STATE, "reads", 32, 10, 8 * 2048),
    ]
    split = step_energy(BUS, "nm45", EIGHT, Counts(), accesses)
    expected = 100 * cacti("read", 2048, 16) + 10 * cacti("read", 2048, 32)
    assert split.by_part == {"state read": pytest.approx(expected, rel=1e-12)}


def test_a_machines_own_energies_come_first_with_their_source():
    def split(bank):
        accesses = [MemoryAccess(bank, k, 16, 10, 4096 * 8) for k in ("reads", "writes")]
        return step_energy(BUS, "nm45", EIGHT, Counts(), accesses)

    bank = replace(STATE, read_energy_pj=2.5, energy_source="my data sheet")
    assert split(bank).by_part["state read"] == 25.0
    assert split(bank).sources["state read"] == "my data sheet"
    assert split(bank).sources["state write"].startswith("CACTI 7")
    assert split(replace(bank, energy_source=None)).sources["state read"] == "machine file"
    assert split(replace(bank, write_energy_pj=0.5)).total_pj == 30.0


def test_flits_are_those_of_the_machines_network():
    narrow = replace(BUS, interconnect=Noc(flit_bits=16, vc_buf_size=4))
    split = step_energy(narrow, "nm45", EIGHT, Counts(), [], flit_hops=100)
    assert split.total_pj == pytest.approx(100 * technology.load("nm45").flit_hop(16, 4).pj)


def test_a_private_link_is_no_longer_with_more_neurons():
    def energy(machine, nodes):
        split = step_energy(machine, "nm45", EIGHT, Counts(), [], bus_words=10, nodes=nodes)
        return split.total_pj

    assert energy(BUS, 8) == pytest.approx(8 * energy(BUS, 1))
    ideal = machines.load("ideal")
    assert energy(ideal, 8) == energy(ideal, 1) == energy(BUS, 1)


def test_the_ranking_is_compared_between_technologies():
    alike = {"nm45": {"rtrl": 9.0, "trtrl": 1.0}, "nm7": {"rtrl": 3.0, "trtrl": 2.0}}
    assert same_ranking(alike) == ("By energy the rules rank alike on nm45 and nm7: trtrl < rtrl.")
    differing = {**alike, "nm7": {"rtrl": 1.0, "trtrl": 2.0}}
    assert same_ranking(differing) == (
        "By energy the rules do not rank alike: trtrl < rtrl on nm45; rtrl < trtrl on nm7."
    )
