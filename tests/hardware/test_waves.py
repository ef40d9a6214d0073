"""The waves of a chip's first step: read from a waveform, and drawn."""

from itertools import pairwise
from pathlib import Path

import pytest

import neurosim as ns
from neurosim.report.figures import style, waves
from neurosim.study.hardware import waveform
from tests.hardware import small_chip
from tests.hardware.toy_waveform import BUSY, ports, vcd


def excerpt(tmp_path: Path, text: str) -> waveform.Excerpt:
    (tmp_path / "waveform.vcd").write_text(text)
    found = waveform.first_step(tmp_path / "waveform.vcd")
    assert found is not None
    return found


def test_a_waveform_shows_each_cycle_as_its_rising_edge_sees_it(tmp_path):
    found = excerpt(tmp_path, vcd())
    assert found.first == -2
    assert found.cycles == BUSY + 4  # from the start to the cycle after the end
    for n in range(found.cycles):
        for name, value in ports(n - 2).items():
            signal = {"write": "bus_write", "data": "bus"}.get(name, name)
            assert found.signals[signal][n] == value, (name, n - 2)
    assert [n for n, on in enumerate(found.signals["done"]) if on] == [BUSY + 2]


def test_a_waveform_is_there_or_not_or_spoilt(tmp_path):
    assert waveform.first_step(tmp_path / "waveform.vcd") is None
    for text in ("", "nothing", "$enddefinitions $end\n", vcd().replace(" in_ready ", " other "),
                 vcd().replace("b1", "b 1 "), vcd().replace("#", "\x00\n")):  # fmt: skip
        with pytest.raises(ns.UserError, match=r"waveform\.vcd.*--waveforms"):
            excerpt(tmp_path, text)
    with pytest.raises(ns.UserError, match="no step in it ends"):
        excerpt(tmp_path, vcd(ends=False))
    (tmp_path / "waveform.vcd").write_bytes(b"\xff\xfe")
    with pytest.raises(ns.UserError, match="is no waveform"):
        waveform.first_step(tmp_path / "waveform.vcd")


def test_waves_are_cut_to_where_something_happens(tmp_path):
    found = excerpt(tmp_path, vcd())
    panels = waves.windows(found)
    assert [panel.title for panel in panels] == [
        "The step begins",
        "Outputs leave",
        "The step ends",
    ]
    assert all(a.end <= b.begin for a, b in pairwise(panels))
    assert panels[-1].end == found.cycles
    shown = [waves.rows(found, panel) for panel in panels]
    assert "in_data" in shown[0]
    assert "out_data" not in shown[0]
    assert "out_data" in shown[1]
    assert "in_data" not in shown[1]
    assert "done" in shown[2]
    with style.house():
        picture = waves.waves(found, small_chip.small(2)[1])
        texts = small_chip.drawn(picture)
    assert "-2.000" in texts  # 0xE000 of 16 bits, 12 behind the point
    assert "0.750" in texts
    assert "forward" in texts
    assert "40" in texts
