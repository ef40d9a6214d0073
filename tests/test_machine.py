"""Machines: the shelf, and every way in which a file can be no machine."""

from dataclasses import replace
from pathlib import Path

import pytest

from neurosim import machine
from neurosim.errors import UserError
from neurosim.learning import RTRL, TRTRL
from neurosim.machine import Bus, Links

GOOD = (machine.reading.SHELF / "bus.toml").read_text()


@pytest.mark.parametrize("name", machine.names())
def test_the_shelf_can_be_read(name: str) -> None:
    found = machine.load(name)
    assert found.name == name
    assert found.summary
    assert found.clock_mhz > 0


def test_the_shelf_has_what_the_readme_names() -> None:
    assert set(machine.names()) >= {"bus", "lanes", "ideal"}
    assert isinstance(machine.load("bus").interconnect, Bus)
    assert isinstance(machine.load("ideal").interconnect, Links)
    assert machine.load("lanes").lanes(100) == 4
    assert machine.load("bus").lanes(100) == 100


def test_a_machine_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD.replace("macs_per_lane = 1", "macs_per_lane = 2"))
    assert machine.load(str(path)).compute.macs_per_lane == 2


MISTAKES = {
    "unknown key": (
        'lanes = "per_neuron"',
        "lanse = 4",
        "[compute] lanse: unknown key. Did you mean lanes?",
    ),
    "unknown section": ("[sync]", "[snyc]", "snyc: unknown key. Did you mean sync?"),
    "zero lanes": (
        'lanes = "per_neuron"',
        "lanes = 0",
        "[compute] lanes: must be a whole number from 1",
    ),
    "lanes as text": (
        'lanes = "per_neuron"',
        'lanes = "many"',
        "[compute] lanes: must be a whole number",
    ),
    "negative latency": (
        "mac_latency_cycles = 3",
        "mac_latency_cycles = -3",
        "mac_latency_cycles: must be a whole number from 0",
    ),
    "fractional": ("mac_latency_cycles = 3", "mac_latency_cycles = 2.5", "(got 2.5)"),
    "a billion lanes": ('lanes = "per_neuron"', "lanes = 1000000000", "to 1,000,000"),
    "zero width": (
        "words_per_cycle = 1",
        "words_per_cycle = 0",
        "[bus] words_per_cycle: must be a whole number from 1",
    ),
    "true for a number": (
        "macs_per_lane = 1",
        "macs_per_lane = true",
        "macs_per_lane: must be a whole number",
    ),
    "clock": (
        "clock_mhz = 100.0",
        "clock_mhz = nan",
        "[machine] clock_mhz: must be a number above 0",
    ),
    "clock missing its unit": (
        "clock_mhz = 100.0",
        "clock = 100.0",
        "[machine] clock: unknown key. Did you mean clock_mhz?",
    ),
    "arbitration": ('"round_robin"', '"robin"', "must be one of round_robin, fixed_priority"),
    "broadcast as text": (
        "broadcast = true",
        'broadcast = "yes"',
        "[bus] broadcast: must be true or false",
    ),
    "role held twice": (
        'holds = ["buffer"]',
        'holds = ["buffer", "inbox"]',
        "'inbox' must be held by one memory",
    ),
    "role held by none": ('holds = ["inbox"]', 'holds = ["buffer"]', "must be held by one memory"),
    "role unknown": ('holds = ["inbox"]', 'holds = ["inbx"]', "Did you mean inbox?"),
    "holds no list": ('holds = ["inbox"]', 'holds = "inbox"', "holds: must be a list"),
    "one name twice": ('name = "scratch"', 'name = "weights"', "two memories are named weights"),
    "both carriers": (
        "[sync]",
        "[links]\nlatency_cycles = 1\n[sync]",
        "needs one section of [bus], [links], [noc] and [fabric]",
    ),
    "schema": ("schema = 1", "schema = 2", "schema must be 1 (got 2)"),
    "no TOML": ("[machine]", "[machine", "is no TOML"),
    "section as number": ("[sync]\nlatency_cycles = 2", "sync = 2", "[sync] must be a section"),
}


def test_files_that_are_none(tmp_path: Path) -> None:
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00\x01")
    empty = tmp_path / "empty.toml"
    empty.write_text("")
    for path, message in (
        (tmp_path / "missing.toml", "cannot be read (No such file"),
        (tmp_path, "unknown"),
        (binary, "is no UTF-8 text"),
        (empty, "schema must be 1"),
    ):
        with pytest.raises(UserError) as caught:
            machine.load(path)
        assert message in str(caught.value)


def test_a_typo_in_a_name() -> None:
    with pytest.raises(UserError, match=r"machine 'buss': unknown. Did you mean bus\?"):
        machine.load("buss")


TILES = machine.source("tiles")
TILE_MISTAKES = {
    "too many tiles": (
        "rows = 8\ncols = 8",
        "rows = 1000\ncols = 1000",
        "1,000,000 tiles are more",
    ),
    "a thousand million rows": ("rows = 8", "rows = 1000000000", "from 1 to 1,024"),
    "zero rows": ("rows = 8", "rows = 0", "[tile] rows: must be a whole number from 1"),
    "rows alone": ("cols = 8", "", "[tile]: needs both rows and cols, or neither"),
    "no tiles": ("[tile]\nrows = 8\ncols = 8", "", "needs a section [tile]"),
    "negative delay": ("num_vcs = 4", "link_latency = -1", "[noc] link_latency: must be a whole"),
    "zero ports": ("n_rd_ports = 3", "n_rd_ports = 0", "n_rd_ports: must be a whole number from 1"),
    "zero channels": ("num_vcs = 4", "num_vcs = 0", "[noc] num_vcs: must be a whole number from 1"),
    "another unit": ("tCK_ns = 1.25", "tCK_ps = 1250", "[dram] tCK_ps: unknown key. Did you mean"),
    "a clock that stands": ("tCK_ns = 1.25", "tCK_ns = 0", "[dram] tCK_ns: must be a number above"),
    "topology": ('topology = "mesh"', 'topology = "mash"', "Did you mean mesh?"),
    "multicast": ('multicast = "tree"', "multicast = true", "must be one of none, path, tree"),
    "no room in a packet": ("max_packet_flits = 32", "max_packet_flits = 1", "no word fits"),
    "a ring with one channel": (
        'topology = "mesh"\nnum_vcs = 4',
        'topology = "ring"\nnum_vcs = 1',
        "a ring needs 2 or more",
    ),
    "a file without its policy": (
        'policy = "row_major"',
        'file = "a.json"',
        "Give both or neither",
    ),
    "a policy without its file": ('"row_major"', '"file"', "Give both or neither"),
    "a neuron's own banks": ('scope = "tile"', 'scope = "neuron"', "has one bank, and ports"),
    "depth as text": ("depth = 2048", 'depth = "2k"', "depth: must be a whole number"),
    "negative energy": ("depth = 2048", "read_energy_pj = -1.0", "must be a number from 0 up"),
    "sensitivities": (
        'policy = "row_major"',
        'sensitivities = "units"',
        "must be one of rule, unit, owner (got 'units'). Did you mean unit?",
    ),
}


@pytest.mark.parametrize("mistake", [*MISTAKES, *TILE_MISTAKES])
def test_mistakes_in_the_file(tmp_path: Path, mistake: str) -> None:
    right, wrong, message = (MISTAKES | TILE_MISTAKES)[mistake]
    good = GOOD if mistake in MISTAKES else TILES
    assert right in good
    text = good.replace(right, wrong, 1)
    if mistake == "section as number":
        text = "sync = 2\n" + GOOD.replace(right, "")
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        machine.load(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ('[mapping]\npolicy = "random"', "there is no [tile] to place neurons on"),
        ("[tile]\nrows = 2\ncols = 2", "needs a section [noc] between the tiles"),
    ],
)
def test_tiles_need_a_network(tmp_path: Path, wrong: str, message: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f"{GOOD}\n{wrong}")
    with pytest.raises(UserError) as caught:
        machine.load(path)
    assert message in str(caught.value)


def test_lanes_of_tiles_need_tiles(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD.replace("per_neuron", "per_tile"))
    with pytest.raises(UserError, match="lanes: is per_tile, and there is no"):
        machine.load(path)


def test_a_grid_is_as_large_as_the_network_needs() -> None:
    mesh, tiles = machine.load("mesh"), machine.load("tiles")
    grids = {units: mesh.on(units).tiles for units in (1, 2, 8, 25, 26, 100)}
    assert {units: (grid.rows, grid.cols) for units, grid in grids.items()} == {
        1: (1, 1), 2: (1, 2), 8: (3, 3), 25: (5, 5), 26: (5, 6), 100: (10, 10)
    }  # fmt: skip
    assert tiles.on(1000).tiles == tiles.tiles
    assert tiles.lanes(1000) == 64


def test_a_machine_says_who_keeps_sensitivities() -> None:
    mesh = machine.load("mesh")
    owner = replace(mesh, mapping=machine.Mapping(sensitivities="owner"))
    assert mesh.as_run(TRTRL()).placement == "unit"
    assert owner.as_run(TRTRL()).placement == "owner"
    assert machine.load("chip").as_run(TRTRL()).placement == "owner"
    assert owner.as_run(RTRL()) == RTRL()
