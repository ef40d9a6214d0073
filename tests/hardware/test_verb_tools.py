"""`neurosim hardware` with the tools of an FPGA: what it writes, keeps and says."""

import json
from pathlib import Path

import pytest

from neurosim.cli import main
from tests.hardware import needs

pytestmark = needs.myhdl
SMALL = ("hardware", "fully_recurrent", "--network.units", "2", "--lanes", "1")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def kept(capsys, *words: str) -> dict[str, object]:
    """Return the record that a command leaves, which is the one that it prints."""
    assert main([*words, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    (file,) = Path().glob("runs/*/hardware.json")
    assert printed == {**json.loads(file.read_text()), "folder": str(file.with_name("rtl"))}
    return printed


@needs.synthesis
def test_what_tools_found_is_kept_as_long_as_the_verilog_is_the_same(capsys):
    found = kept(capsys, *SMALL, "--synth", "ice40")
    blocks = found["synthesis"]["blocks"].values()
    assert sum(each["luts"] for each in blocks) == found["synthesis"]["whole"]["luts"]
    assert found["prediction"]["whole"]["block_rams"] == found["synthesis"]["whole"]["block_rams"]
    assert found["prediction"]["whole"]["multipliers"] == 2
    assert (Path(found["folder"]).parent / "silicon/ice40/netlist.json").is_file()
    again = kept(capsys, *SMALL)
    assert again["synthesis"] == found["synthesis"]
    other = kept(capsys, *SMALL[:-1], "2")
    assert "synthesis" not in other
    assert other["verilog"] != found["verilog"]


def test_what_fits_is_shown_and_drawn_without_a_chip(capsys):
    assert main([*SMALL[:-2], "--fit", "--part", "ecp5-25f"]) == 0
    printed = capsys.readouterr().out
    assert "Lattice ECP5 LFE5U-25F" in printed
    assert "--place" in printed
    (folder,) = Path("runs").iterdir()
    assert not (folder / "rtl").exists()
    found = json.loads((folder / "choices.json").read_text())
    assert [each["fit"]["lanes"] for each in found["choices"]] == [1, 2]
    assert (folder / "figures" / "choice.svg").read_text().startswith("<?xml")


def test_a_board_gets_its_files_and_names_the_next_command(capsys):
    assert main([*SMALL, "--board", "icebreaker"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "boards/icebreaker/build.py makes the bitstream" in printed
    (rtl,) = Path().glob("runs/*/rtl")
    made = {path.name for path in (rtl / "boards" / "icebreaker").iterdir()}
    assert {"top.v", "top.pcf", "build.py", "example.py", "serial_link.py"} <= made
    contents = json.loads((rtl / "contents.json").read_text())
    assert "boards/icebreaker/top.v" in contents
    assert "network.core" in contents


def test_a_board_that_is_too_small_is_refused_before_anything_is_written(capsys):
    large = ("hardware", "fully_recurrent", "--network.units", "30")
    assert main([*large, "--board", "icebreaker"]) == 2
    assert "--board icebreaker: the chip needs" in capsys.readouterr().err
    assert not Path("runs").exists()
