"""What is kept of a chip on an FPGA: each finding at once, and nothing of an earlier chip."""

from pathlib import Path

import pytest

from myhdl_core.silicon.families import FAMILIES, Resources
from myhdl_core.silicon.synthesis import Synthesis
from neurosim.errors import RunFailed
from neurosim.machine.parts import part_named
from neurosim.study.hardware import silicon


@pytest.fixture
def tools_that_do_nothing(monkeypatch):
    """In place of Yosys and nextpnr: files of theirs, and no chip."""

    def synthesised(rtl, family, path, **_):
        path.write_text("{}")
        return Synthesis(FAMILIES[family], "network", "", "", 1.0, {}, Resources(), {}, (), path)

    def placed(chip, part, folder, seeds, **_):
        for seed in seeds:
            (folder / f"report-{seed}.json").write_text("{}")
        return len(seeds)

    monkeypatch.setattr(silicon, "synthesised", synthesised)
    monkeypatch.setattr(silicon, "placed", placed)


def made(folder: Path, seeds: int, kept: list[silicon.Silicon]) -> set[str]:
    """Make a chip, and return the names of the files that are kept of it."""
    asked = silicon.Wanted("ecp5", part_named("ecp5-25f"), seeds)
    silicon.made(folder / "rtl", asked, folder, kept.append, lambda said: None)
    return {path.name for path in (folder / silicon.FOLDER / "ecp5").iterdir()}


@pytest.mark.usefixtures("tools_that_do_nothing")
def test_a_synthesis_is_kept_when_the_placement_fails(tmp_path, monkeypatch):
    def placed(*_, **__):
        raise RunFailed("the chip does not fit")

    monkeypatch.setattr(silicon, "placed", placed)
    kept: list[silicon.Silicon] = []
    with pytest.raises(RunFailed, match="does not fit"):
        made(tmp_path, 3, kept)
    (found,) = kept
    assert found.placement is None
    assert found.synthesis.path == tmp_path / silicon.FOLDER / "ecp5" / silicon.NETLIST
    assert found.synthesis.path.is_file()


@pytest.mark.usefixtures("tools_that_do_nothing")
def test_what_is_kept_is_of_the_last_chip_alone_and_of_the_user(tmp_path):
    kept: list[silicon.Silicon] = []
    four = made(tmp_path, 4, kept)
    assert four == {silicon.NETLIST, *(f"report-{seed}.json" for seed in (1, 2, 3, 4))}
    (tmp_path / silicon.FOLDER / "ecp5" / "notes.txt").touch()
    assert made(tmp_path, 2, kept) == four - {"report-3.json", "report-4.json"} | {"notes.txt"}
    assert [each.placement for each in kept] == [None, 4, None, 2]
