"""MyHDL to Verilog beside this process: what fails is told, and each block is as if alone."""

import json
import os

import pytest

from myhdl_core import verilog
from myhdl_core.boards.line import Line
from neurosim.errors import RunFailed
from tests.hardware import needs

pytestmark = needs.myhdl
CONVERTER = "myhdl_core.boards.convert"
LINE = json.dumps(Line(12, 2, 2))
BLOCKS = dict.fromkeys(("uart_receiver", "uart_sender", "uart_answers"), LINE)


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    monkeypatch.setattr(verilog, "_kept", {})


def test_a_block_is_the_same_alone_and_beside_others(monkeypatch):
    together = verilog.all_converted(CONVERTER, BLOCKS)
    assert list(together) == list(BLOCKS)
    verilog._kept.clear()
    monkeypatch.delattr(os, "fork", raising=False)
    assert verilog.all_converted(CONVERTER, BLOCKS) == together
    for name, text in together.items():
        assert f"module {name} (" in text


def test_what_is_known_is_not_converted_again(monkeypatch):
    first = verilog.all_converted(CONVERTER, BLOCKS)
    monkeypatch.setattr(verilog.subprocess, "run", lambda *_, **__: pytest.fail("was converted"))
    assert verilog.all_converted(CONVERTER, BLOCKS) == first


def test_a_block_that_fails_is_named_with_the_reason():
    given = {**BLOCKS, "uart_sender": "[1, 2]"}
    with pytest.raises(RunFailed, match=r"(?s)module uart_sender: not converted.*missing 1 req"):
        verilog.all_converted(CONVERTER, given)


def test_a_converter_that_cannot_start_is_told():
    with pytest.raises(RunFailed, match=r"(?s)module a: not converted.*No module named"):
        verilog.all_converted("myhdl_core.nothing", {"a": "{}"})
