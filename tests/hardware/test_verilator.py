"""Verilog becomes a library that is kept, and a chip in it that Python drives word by word."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from myhdl_core import cache, tools, verilator
from myhdl_core.core import Bank, Chip, Section
from neurosim.errors import RunFailed, UserError
from tests.hardware import toy_chip

ROOT = Path(__file__).resolve().parents[2]
WORK = 20  # cycles between taking and giving
MISSING = [t for t in (tools.TOOLS["verilator"](), tools.TOOLS[tools.COMPILER]()) if not t.found]
builds = pytest.mark.skipif(
    bool(MISSING), reason=f"missing: {', '.join(tool.name for tool in MISSING)}"
)


@pytest.fixture(scope="module", params=[40, 24], ids=["wide weights", "traced, narrow weights"])
def library(request, tmp_path_factory):
    """The toy built twice: with what a port of 64 bits takes, and with waveforms."""
    folder = toy_chip.write(tmp_path_factory.mktemp("toy"), weight_bits=request.param, cycles=WORK)
    return verilator.compile_library(folder, trace=request.param == 24), request.param


@pytest.fixture
def chip(library):
    path, bits = library
    with Chip(path, lanes=2, word_bits=16, weight_bits=bits) as chip:
        yield chip


def stream(steps: int, words: int = 5) -> np.ndarray:
    return np.random.default_rng(1).integers(-9000, 9000, steps * words)


# --- memories ---------------------------------------------------------------------------------


@builds
def test_words_of_every_width_come_back_with_their_sign(chip):
    for bank, bits in zip(Bank, (chip.weight_bits, 16, 16, 16), strict=True):
        words = np.array([-1 << (bits - 1), -1, 0, 1, (1 << (bits - 1)) - 1])
        chip.write(1, bank, 3, words)
        assert chip.read(1, bank, 3, 5).tolist() == words.tolist()
        assert chip.peek(1, bank, 3, 5).tolist() == words.tolist()
        other = chip.peek(0, bank)
        assert len(other) == chip.depth(0, bank) == 24
        assert other.any() == (bank == Bank.UNITS)  # which lanes have in common


@builds
def test_peeking_takes_no_time_and_reading_does(chip):
    before = chip.clock
    chip.peek(0, Bank.X)
    assert chip.clock == before
    chip.read(0, Bank.X, 0, 1)
    assert chip.clock > before


@builds
def test_clear_and_saturated(chip):
    chip.write(0, Bank.WEIGHTS, 0, [5])
    assert not chip.saturated
    chip.steps([0, 1, 0x7FFF, 3, 4], 1, 3)
    assert chip.saturated
    chip.clear()
    assert not chip.saturated
    assert not chip.peek(0, Bank.WEIGHTS).any()


# --- steps ------------------------------------------------------------------------------------


@builds
def test_steps_put_out_count_and_copy(chip):
    words, count = stream(50), 50
    chip.set_rate(3)
    sections = [Section(1, Bank.WEIGHTS, 0, 2), Section(0, Bank.UNITS, 0, 5)]
    ran = chip.steps(words, count, 3, sections=sections)
    expected = words.reshape(count, 5)
    assert (ran.outputs == expected[:, :3] + np.arange(count)[:, None]).all()
    assert (ran.cycles == 5 + WORK + 3).all()
    assert (ran.busy_cycles == ran.cycles).all()
    assert (ran.taken == 5).all()
    assert ran.copies.shape == (count, 7)
    assert (ran.copies[:, 2:] == expected).all()
    assert ran.copies[:, 0].tolist() == [3 * (step + 1) for step in range(count)]


@builds
def test_some_steps_only_infer(chip):
    ran = chip.steps(stream(1, 5 + 3 + 5), 3, 3, learn=[True, False, True])
    assert ran.taken.tolist() == [5, 3, 5]
    assert ran.cycles.tolist() == [28, 26, 28]


@builds
def test_changes_of_the_phase_are_recorded_as_far_as_there_is_room(chip):
    ran = chip.steps(stream(2), 2, 3, changes=5)
    assert ran.phases.tolist() == [[0, 0, 1], [0, 5, 2], [0, 25, 5], [1, 0, 1], [1, 5, 2]]
    assert ran.changes == 6


@builds
def test_a_stream_with_gaps_takes_longer_and_says_the_same(chip):
    words = stream(20)
    smooth = chip.steps(words, 20, 3)
    chip.reset()
    halting = chip.steps(words, 20, 3, offer=[False, True, False])
    assert (halting.outputs == smooth.outputs).all()
    assert (halting.cycles > smooth.cycles).all()


@builds
def test_a_call_that_returns_on_the_way_goes_on_where_it_was(chip, monkeypatch):
    whole = chip.steps(stream(30), 30, 3, changes=90)
    chip.reset()
    monkeypatch.setattr("myhdl_core.core.CYCLES_PER_CALL", 100)
    parts = chip.steps(stream(30), 30, 3, changes=90)
    assert all((one == other).all() for one, other in zip(whole[:6], parts[:6], strict=True))


@builds
@pytest.mark.parametrize(
    ("given", "outputs", "expected"),
    [
        (14, 3, "step 2: the chip does not come to an end"),
        (15, 2, "step 0: more words came out"),
        (15, 4, "step 0: fewer words came out"),
    ],
)
def test_what_ends_steps_early(given, outputs, expected, chip):
    began = time.monotonic()
    with pytest.raises(RunFailed, match=expected) as raised:
        chip.steps(stream(1, given), 3, outputs, limit=1000)
    done = raised.value.run
    assert len(done.outputs) == len(done.cycles) == int(expected[5])
    assert time.monotonic() - began < 10
    chip.reset()
    chip.steps(stream(1), 1, 3)


@builds
@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (lambda chip: chip.write(0, Bank.X, 0, [1 << 15]), "does not fit in 16 bits"),
        (lambda chip: chip.write(0, Bank.X, 0, [0.5]), "raw words"),
        (lambda chip: chip.write(2, Bank.X, 0, [1]), "lane 2"),
        (lambda chip: chip.read(0, 4, 0, 1), "bank 4"),
        (lambda chip: chip.peek(0, Bank.Y, 23, 2), "no words 23 to 24"),
        (lambda chip: chip.steps(stream(2), 1, 3), "5 words of the stream were not taken"),
        (lambda chip: chip.steps(stream(1), 1, 3, sections=[Section(0, 1, 24, 1)]), "no words"),
        (lambda chip: chip.set_rate(-1), "not negative"),
        (lambda chip: (chip.close(), chip.clear()), "closed"),
    ],
)
def test_mistakes_are_named(wrong, expected, chip):
    with pytest.raises(UserError, match=expected):
        wrong(chip)


@builds
def test_two_chips_of_one_library_are_apart(library):
    path, bits = library
    with Chip(path, 2, 16, bits) as one, Chip(path, 2, 16, bits) as other:
        one.write(0, Bank.X, 0, [7])
        assert (one.peek(0, Bank.X, 0, 1)[0], other.peek(0, Bank.X, 0, 1)[0]) == (7, 0)


@builds
def test_a_waveform_shows_the_hierarchy(library, tmp_path):
    path, bits = library
    file = tmp_path / "wave form.vcd"
    with Chip(path, 2, 16, bits) as chip:
        if bits == 40:
            with pytest.raises(RunFailed, match="trace=True"), chip.trace(file):
                pass
            return
        with chip.trace(file):
            chip.steps(stream(2), 2, 3)
        size = file.stat().st_size
        chip.steps(stream(2), 2, 3)
    assert file.stat().st_size == size
    text = file.read_text()
    for word in ("u_lane_1", "u_weights", "words[0]", "in_data", "1ns"):
        assert word in text


# --- building ---------------------------------------------------------------------------------


@builds
def test_what_is_built_is_kept_and_mended(tmp_path, monkeypatch):
    path = verilator.compile_library(toy_chip.write(tmp_path / "toy", weight_bits=40))
    folder = toy_chip.write(tmp_path / "again", weight_bits=40)
    with monkeypatch.context() as patch:
        patch.setattr(verilator, "_verilate", None)  # nothing is built
        assert verilator.compile_library(folder) == path
    whole = path.read_bytes()
    path.unlink()  # a process that has it loaded keeps what it has
    path.write_bytes(whole[:1000])
    assert verilator.compile_library(folder) == path
    with Chip(path, 2, 16, 40) as chip:
        assert chip.depth(0, 0) == 24


@builds
def test_other_verilog_harness_or_flags_are_another_chip(tmp_path, monkeypatch):
    folder = toy_chip.write(tmp_path)
    monkeypatch.setattr(cache, "kept", lambda key, make: Path(key))
    keys = {verilator.compile_library(folder), verilator.compile_library(folder, trace=True)}
    keys.add(verilator.compile_library(folder, harness="int x;"))
    monkeypatch.setattr(verilator, "FAST", "-O0")
    keys.add(verilator.compile_library(folder))
    (folder / "lane.v").write_text("// another")
    keys.add(verilator.compile_library(folder))
    assert len(keys) == 5


@builds
def test_verilog_that_is_wrong_is_shown_with_its_line(tmp_path):
    folder = toy_chip.write(tmp_path)
    (folder / "memory.v").write_text("module memory(; endmodule")
    with pytest.raises(RunFailed, match=r"(?s)Verilator failed.*memory\.v:1"):
        verilator.compile_library(folder)
    with pytest.raises(UserError, match=r"holds no nothing\.v"):
        verilator.compile_library(folder, "nothing")


@builds
def test_a_harness_that_is_wrong_is_shown_with_its_line(tmp_path):
    folder = toy_chip.write(tmp_path)
    with pytest.raises(RunFailed, match=r"(?s)compiler failed.*harness\.cpp"):
        verilator.compile_library(folder, harness="int x = y;")


@builds
def test_lint_names_the_file_and_the_line(tmp_path):
    folder = toy_chip.write(tmp_path)
    assert "lane.v" in verilator.lint(folder)
    (folder / "memory.v").write_text(
        "module memory (input clk, output q);\nassign q = clk;\nendmodule\n"
    )
    assert verilator.lint(folder, "memory") == ""


# --- the cache --------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_folder_is_made_once_and_again_when_damaged(place):
    made = []

    def make(folder):
        made.append(folder)
        (folder / "x").write_text("good")

    found = cache.kept("key", make)
    assert found == cache.kept("key", make) == place / "key"
    assert len(made) == 1
    (found / "x").write_text("bad")
    assert (cache.kept("key", make) / "x").read_text() == "good"
    (found / cache.SUMS).unlink()
    cache.kept("key", make)
    assert len(made) == 3
    assert not [entry for entry in place.iterdir() if entry.name.startswith(".")]


def test_what_fails_leaves_nothing(place):
    with pytest.raises(RunFailed):
        cache.kept("key", lambda folder: verilator._run(["no-such-program"], folder, "it"))
    assert [entry.name for entry in place.iterdir()] == ["key.lock"]


def test_where_nothing_can_be_written_a_temporary_folder_serves(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "file" / "cache"))
    made = []
    first = cache.kept("key", made.append)
    assert not first.is_relative_to(tmp_path / "file")
    assert cache.kept("key", made.append) == first
    assert len(made) == 1


def test_what_was_not_used_for_long_goes(place):
    import os

    cache.kept("old", lambda folder: None)
    (place / ".making-x").mkdir()
    for name in ("old", "old.lock", ".making-x"):
        os.utime(place / name, (1, 1))
    cache.kept("new", lambda folder: None)
    assert sorted(entry.name for entry in place.iterdir()) == ["new", "new.lock"]


@pytest.mark.skipif(sys.platform == "win32", reason="no locks of this kind")
def test_processes_that_want_the_same_wait_for_the_first(place):
    program = (
        "import time; from myhdl_core import cache\n"
        "def make(folder):\n"
        "    print('made', flush=True); time.sleep(0.5); (folder / 'x').write_text('x')\n"
        "print((cache.kept('key', make) / 'x').read_text())"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    said = [process.communicate()[0].split() for process in started]
    assert sorted(said) == [["made", "x"], ["x"], ["x"]]


def test_the_cache_lies_where_the_system_keeps_such_things(tmp_path, monkeypatch):
    monkeypatch.delenv(cache.VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    assert cache.wished() == tmp_path / "neurosim"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # which the standard says to ignore
    assert cache.wished() == Path.home() / ".cache" / "neurosim"
