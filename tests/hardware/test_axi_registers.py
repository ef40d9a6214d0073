"""One description of the registers: what the table, the C header and the driver make of it."""

import importlib.util
import itertools
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from myhdl_core.axi.device import BusError, Device, Layout, WrongChip
from myhdl_core.axi.driver import Word, driver
from myhdl_core.axi.header import header
from myhdl_core.axi.interface import Interface
from myhdl_core.axi.registers import Access, Register, _check, registers
from myhdl_core.axi.table import table

CHIP = Interface(
    units=3, inputs=2, outputs=1, edges=9, lanes=3, word_bits=12, fraction_bits=8, weight_bits=40,
    weight_fraction_bits=30, w_depth=10, x_depth=20, y_depth=20, u_depth=30, address_bits=5,
    phase_bits=3, learning_cycles=100, inference_cycles=30, rate=77, layout=0x89ABCDEF,
)  # fmt: skip
PAGE = Path(__file__).resolve().parents[2] / "docs" / "integration.md"
NASTY = ("a'b", '"""', "x\n= 1", "{name}", "\\", "ü \u202e", "*/ #include", "|")
FIELDS = [(r, f) for r in registers(CHIP) for f in r.fields]


def words():
    """Edges from one nasty name to the next, with a weight and a sensitivity each."""
    for n, (source, neuron) in enumerate(itertools.pairwise(NASTY)):
        yield Word(neuron, "w", source, n % 3, 0, n)
        yield Word(neuron, "a", source, n % 3, 1, n)
        yield Word(neuron, "y.old", "", n % 3, 3, n)
        yield Word(neuron, "y.new", "", n % 3, 3, n + 8)


def loaded(text, folder):
    """Return the driver as a module, imported from a file."""
    path = folder / "network_driver.py"
    path.write_text(text, "utf-8")
    spec = importlib.util.spec_from_file_location("network_driver", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Registers:
    """A transport to registers that keep what is written, and a window that is a dictionary."""

    def __init__(self, chip=CHIP):
        self.base = 1 << chip.base_bits
        self.held = {r.offset: r.value for r in registers(chip)}
        self.sent = []

    def read32(self, address):
        if address not in self.held:
            raise BusError(f"{address:#x}")
        return self.held[address]

    def write32(self, address, value):
        assert 0 <= value < 1 << 32
        if address < self.base:
            self.read32(address)
        self.held[address] = value

    def send(self, words):
        self.sent.append(list(words))

    def receive(self, count):
        return [-256] * count


def test_the_table_of_the_documentation_has_the_registers():
    listed = registers(CHIP)
    sizes = [r for r in listed if r.constant][3:]
    names = [f"0x{r.offset:02X} | {r.name.upper()}" for r in listed if r not in sizes]
    names.insert(3, f"0x{sizes[0].offset:02X} to 0x{sizes[-1].offset:02X} | sizes")
    rows = re.findall(r"^\| (0x.*) \| (.*) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert [name for name, _ in rows] == names
    live = [r for r in listed if not r.constant]
    for register, (_, said) in zip(live, rows[-len(live) :], strict=True):
        fields = [f"`{field.name}`" for field in register.fields if field.name != "value"]
        assert all(field in said for field in fields), register.name


def test_addresses_and_fields_do_not_meet():
    listed = registers(CHIP)
    assert len({r.offset for r in listed}) == len(listed)
    _check(listed)
    twice = replace(listed[1], offset=listed[0].offset)
    overlapping = replace(listed[1], fields=(listed[1].fields[0], listed[1].fields[0]))
    too_large = Register("x", 0, "", (replace(listed[1].fields[0], value=1 << 16),))
    misplaced = replace(listed[0], offset=0x80)
    for wrong in ((*listed, twice), (overlapping,), (too_large,), (misplaced,)):
        with pytest.raises(ValueError, match="register"):
            _check(wrong)


def test_the_table_has_a_line_for_every_field():
    text = table(CHIP)
    rows = [[c.strip(" `") for c in line.split("|")[1:-1]] for line in text.splitlines()
            if line.startswith("|")]  # fmt: skip
    for register in registers(CHIP):
        at = next(n for n, row in enumerate(rows) if row[1] == register.name)
        assert int(rows[at][0], 16) == register.offset
        for field, row in zip(register.fields, rows[at + 1 :], strict=False):
            assert row[3] in (field.name, "")
            high, _, low = row[2].partition(":")
            assert int(low or high) == field.low
            assert int(high) == field.low + field.bits - 1
            if field.access in (Access.CONSTANT, Access.WRITE):
                assert int(row[5], 0) == field.value
    assert "the upper half" in text


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler is here")
def test_the_header_compiles_and_says_the_same(tmp_path):
    text = header(CHIP)
    (tmp_path / "network.h").write_text(text)
    names = re.findall(r"#define (NETWORK_\w+) ", text)
    lines = "".join(f'printf("{n} %lu\\n", (unsigned long){n});' for n in names)
    where = 'printf("word %lu\\n", (unsigned long)network_word(2, 1, 7));'
    includes = '#include "network.h"\n' * 2 + "#include <stdio.h>\n"
    program = f"{includes}int main(void) {{ {lines}{where} return 0; }}\n"
    (tmp_path / "main.c").write_text(program)
    strict = ["cc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "main.c", "-o", "main"]
    subprocess.run(strict, cwd=tmp_path, check=True)
    said = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True).stdout
    found = {name: int(value) for name, value in (line.split() for line in said.splitlines())}
    for register, field in FIELDS:
        name = f"NETWORK_{register.name.upper()}"
        assert found[name] == register.offset
        if field.bits < 32:
            assert found[f"{name}_{field.name.upper()}_MASK"] == field.mask
            assert found[f"{name}_{field.name.upper()}_SHIFT"] == field.low
    assert found["NETWORK_MAP_VALUE"] == CHIP.layout
    assert found["word"] == (1 << CHIP.base_bits) + (((2 << 2 | 1) << 5) + 7) * 8


def test_the_driver_needs_nothing_and_quotes_names(tmp_path):
    module = loaded(driver(CHIP, words()), tmp_path)
    assert list(module.LAYOUT.weights) == list(itertools.pairwise(NASTY))
    assert list(module.LAYOUT.activations) == list(NASTY[1:])
    assert not {"neurosim", "myhdl_core", "numpy"} & set(vars(module))
    alone = [sys.executable, "-I", "-S", str(tmp_path / "network_driver.py")]
    assert subprocess.run(alone, capture_output=True, text=True).stderr == ""


def test_the_driver_reads_and_writes_the_fields(tmp_path):
    bus = Registers()
    chip = loaded(driver(CHIP, words()), tmp_path).Chip(bus)
    assert (chip.inputs, chip.outputs, chip.learn, chip.enable) == (2, 1, True, False)
    chip.enable = True
    chip.learning_rate = 0.25
    assert (bus.held[0x40], bus.held[0x50]) == (0b11, 512)
    chip.learn = False
    assert (bus.held[0x40], chip.learning_rate) == (0b01, 0.25)
    bus.held[0x4C] = 0b101
    assert chip.events() == {"saturated", "long"}
    chip.forget("long")
    assert bus.held[0x4C] == 0b100
    for rate in (-0.1, 1.0):
        with pytest.raises(ValueError, match="learning_rate"):
            chip.learning_rate = rate
    assert chip.step([0.5, 100], [-100]) == [-1.0]
    assert bus.sent == [[128, 2047, -2048]]
    with pytest.raises(ValueError, match="2 inputs and 1 target"):
        chip.step([1], [1])
    with pytest.raises(ValueError, match="NaN"):
        chip.step([1, float("nan")], [1])


def test_wide_weights_take_two_words(tmp_path):
    bus = Registers()
    chip = loaded(driver(CHIP, words()), tmp_path).Chip(bus)
    edge = NASTY[0], NASTY[1]
    for value, raw in ((-1.5, -3 << 29), (0.75, 3 << 28), (100.0, (1 << 33) - 1)):
        chip.weights = {edge: value}
        low, high = (bus.held[bus.base + at] for at in (0, 4))
        assert (high << 32 | low) == raw & (1 << 64) - 1
        assert chip.read(0, chip.WEIGHTS, 0) == raw


def test_a_foreign_chip_is_refused():
    fields = {f"{r.name}.{f.name}": (r.offset, f.low, f.bits) for r, f in FIELDS}
    layout = Layout(CHIP.layout, fields, {}, {}, {})
    Device(Registers(), layout)
    for offset, value in ((0x00, 1), (0x04, 2 << 16), (0x08, 5)):
        bus = Registers()
        bus.held[offset] = value
        with pytest.raises(WrongChip):
            Device(bus, layout)
