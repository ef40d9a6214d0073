"""`neurosim hardware` with the tools of an FPGA: what it writes, keeps and says."""

import json
import shlex
from pathlib import Path

import pytest

import neurosim as ns
from myhdl_core.boards.board import BOARDS
from myhdl_core.silicon.families import FAMILIES, Resources
from myhdl_core.silicon.synthesis import Synthesis
from neurosim.cli import main
from neurosim.machine.parts import PARTS
from neurosim.study import sources
from neurosim.study.hardware import silicon
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
    (folder,) = Path("runs").iterdir()
    assert not (folder / "rtl").exists()
    found = json.loads((folder / "choices.json").read_text())
    assert [each["fit"]["lanes"] for each in found["choices"]] == [1, 2]
    assert (folder / "figures" / "choice.svg").read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("part", "lanes", "tool"),
    [("ecp5-25f", (), "--place"), ("ecp5-25f", ("--lanes", "2"), "--place"),
     ("artix7-35t", (), "--synth xc7")],
)  # fmt: skip
def test_the_command_that_a_fit_names_can_be_typed(part, lanes, tool, capsys, monkeypatch):
    monkeypatch.setattr(silicon, "_require", lambda part: None)
    monkeypatch.setattr(silicon, "synthesised", stopped)
    assert main([*SMALL[:-2], *lanes, "--fit", "--part", part]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    command = printed[printed.index("next neurosim") :].partition(" makes it")[0]
    assert command.endswith(f"--part {part} {tool}")
    assert sources.load(shlex.split(command)[3]).network.units == 2
    assert main(shlex.split(command)[2:]) == 1
    assert "the synthesis was asked for" in capsys.readouterr().err


def stopped(*_, **__):
    raise ns.RunFailed("the synthesis was asked for")


def test_a_synthesis_is_in_the_record_when_the_placement_fails(capsys, monkeypatch):
    def synthesised(rtl, family, path, **_):
        path.write_text("{}")
        whole = Resources(7)
        return Synthesis(FAMILIES[family], "network", "", "", 1.0, {}, whole, {}, (), path)

    monkeypatch.setattr(silicon, "_require", lambda part: None)
    monkeypatch.setattr(silicon, "synthesised", synthesised)
    monkeypatch.setattr(silicon, "placed", stopped)
    assert main([*SMALL, "--place", "--part", "ecp5-25f"]) == 1
    assert "Traceback" not in capsys.readouterr().err
    (file,) = Path().glob("runs/*/hardware.json")
    found = json.loads(file.read_text())
    assert found["synthesis"]["whole"] == Resources(7).as_dict()
    assert "placement" not in found


def test_what_fits_is_shown_beside_a_placement_that_cannot_be_read(capsys):
    assert main([*SMALL, "--json"]) == 0
    (file,) = Path().glob("runs/*/hardware.json")
    file.write_text(json.dumps({**json.loads(file.read_text()), "placement": 5}))
    capsys.readouterr()
    assert main([*SMALL, "--fit", "--part", "ecp5-25f"]) == 0
    assert "placed at" not in capsys.readouterr().out


def test_a_board_gets_its_files_and_names_the_next_command(capsys):
    assert main([*SMALL, "--board", "icebreaker"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "boards/icebreaker/build.py makes the bitstream" in printed
    assert "LUTs, predicted" in printed
    (record,) = Path().glob("runs/*/hardware.json")
    fit = json.loads(record.read_text())["fit"]
    assert fit["part"] == PARTS[BOARDS["icebreaker"].part].title
    assert 0 < fit["luts"] <= fit["luts_there"]
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
