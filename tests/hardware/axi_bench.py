"""What runs inside the simulator, with bus models around ``network_axi``.

Each function is a test of its own, of a chip that was just reset; `test_axi.py` starts them.
"""

import importlib.util
import itertools

import cocotb
import pytest
from cocotb.clock import Clock
from cocotb.task import bridge, resume
from cocotb.triggers import ClockCycles
from cocotbext.axi import AxiResp

from tests.hardware.axi_models import (
    ANSWER,
    BASE,
    BUSY,
    CASE,
    ENABLE,
    LEARN,
    LONG,
    LONGEST,
    OFFSETS,
    RESET,
    SAMPLE,
    SATURATED,
    SHORT,
    START,
    WAITING,
    Bench,
    pins,
)

LIMIT_MS = 50  # of simulated time, in which a test that hangs is given up


@cocotb.test(timeout_time=LIMIT_MS, timeout_unit="ms")
async def learns_as_the_model(dut):
    """Every output, the count and time of steps, and in the end all words."""
    bench = Bench(dut)
    await bench.reset()
    await bench.fresh()
    bench.stall(registers=False)
    await bench.put("control", ENABLE | LEARN)
    await bench.run(len(CASE["samples"]))
    await bench.idle()
    assert await bench.get("steps") == len(CASE["samples"])
    assert await bench.get("cycles") == CASE["cycles"][0]
    await bench.compare_memories(CASE["final"])
    assert await bench.get("events") == 0


@cocotb.test(timeout_time=LIMIT_MS, timeout_unit="ms")
async def settings_change_between_steps(dut):
    """What is written while a step runs counts from the next step on."""
    bench = Bench(dut, stalls=True)
    await bench.reset()
    await bench.fresh()
    changing = CASE["changing"]
    await bench.send(changing[0]["sample"])
    await bench.put("control", LEARN * changing[0]["learn"])
    await bench.put("rate", changing[0]["rate"])
    for n, step in enumerate(changing):
        later = changing[min(n + 1, len(changing) - 1)]
        await bench.put("command", START)
        while await bench.get("status") & (BUSY | WAITING) != BUSY:
            assert not bench.sink.count()
        await bench.put("rate", later["rate"])
        await bench.put("control", LEARN * later["learn"])
        await bench.send(later["sample"])
        assert await bench.answer() == step["output"], f"step {n}"
        await bench.idle()
        assert await bench.get("cycles") == CASE["cycles"][not step["learn"]]
        assert await bench.get("steps") == n + 1
    await bench.compare_memories(CASE["changed"])


@cocotb.test(timeout_time=LIMIT_MS, timeout_unit="ms")
async def registers_are_those_of_the_table(dut):
    bench = Bench(dut, stalls=True)
    await bench.reset()
    for register in CASE["registers"]:
        at, name = register["offset"], register["name"]
        assert await bench.read(at) == register["value"], name
        written = await bench.lite.write(at, (0xFFFFFFFF).to_bytes(4, "little"))
        wanted = AxiResp.OKAY if register["written"] else AxiResp.SLVERR
        assert written.resp == wanted, name
        if name == "command":
            await bench.idle()
        elif register["written"]:
            assert await bench.read(at) == register["held"], name
            await bench.write(at, 0)
            assert await bench.read(at) == 0, name
            part = await bench.lite.write(at, b"\xff")
            assert part.resp == AxiResp.SLVERR
            assert await bench.read(at) == 0, name


@cocotb.test(timeout_time=LIMIT_MS, timeout_unit="ms")
async def wrong_addresses_are_refused(dut):
    bench = Bench(dut)
    await bench.reset()
    known = set(OFFSETS.values())
    for address in (a for a in range(0, min(BASE, 0x400), 4) if a not in known):
        assert await bench.refused(address), hex(address)
    for address in CASE["nowhere"]:
        assert await bench.refused(address), hex(address)
    for address in CASE["edges"]:
        assert not await bench.refused(address), hex(address)
    part = await bench.lite.write(CASE["edges"][0], b"\x01\x02")
    assert part.resp == AxiResp.SLVERR
    await bench.fresh()
    await bench.compare_memories(CASE["weights"])
    await bench.put("control", ENABLE)
    await bench.send(CASE["samples"][0])
    while not await bench.get("status") & BUSY:
        pass
    assert await bench.refused(CASE["edges"][0])
    await bench.answer()
    await bench.idle()
    assert await bench.load(CASE["edges"][0]) == dict(map(tuple, CASE["weights"]))[CASE["edges"][0]]


@cocotb.test(timeout_time=LIMIT_MS, timeout_unit="ms")
async def addresses_between_registers_are_refused(dut):
    """No well-behaved master gives such addresses, so the pins are driven by hand."""
    cocotb.start_soon(Clock(dut.aclk, 10, unit="ns").start())
    lite = {name: getattr(dut, f"s_axil_{name}") for name in
            ("araddr", "arvalid", "awaddr", "awvalid", "wdata", "wstrb", "wvalid")}  # fmt: skip
    for wire in (*lite.values(), dut.s_axis_tvalid, dut.m_axis_tready):
        wire.value = 0
    dut.s_axil_rready.value = dut.s_axil_bready.value = 1
    dut.aresetn.value = 0
    await ClockCycles(dut.aclk, 2)
    dut.aresetn.value = 1
    lite["wdata"].value, lite["wstrb"].value = 77, 0b1111
    for offset, name in itertools.product((0, 1, 2, 3), ("id", "rate")):
        wanted = AxiResp.SLVERR if offset else AxiResp.OKAY
        assert await pins(dut, ("ar",), OFFSETS[name] + offset, "r") == wanted
        wanted = AxiResp.OKAY if offset == 0 and name == "rate" else AxiResp.SLVERR
        assert await pins(dut, ("aw", "w"), OFFSETS[name] + offset, "b") == wanted


@cocotb.test(timeout_time=LIMIT_MS, timeout_unit="ms")
async def address_and_data_come_in_any_order(dut):
    """One channel waits for the other; reads go on meanwhile."""
    bench = Bench(dut)
    await bench.reset()
    for first, second in (("aw_channel", "w_channel"), ("w_channel", "aw_channel")):
        late = getattr(bench.lite.write_if, second)
        assert getattr(bench.lite.write_if, first) is not late
        late.pause = True
        writing = cocotb.start_soon(bench.put("rate", 321))
        await ClockCycles(dut.aclk, 40)
        assert not writing.done()
        assert await bench.get("id") == CASE["registers"][0]["value"]
        late.pause = False
        await writing
        assert await bench.get("rate") == 321
        await bench.put("rate", 0)


@cocotb.test(timeout_time=LIMIT_MS, timeout_unit="ms")
async def wrong_samples_are_dropped_whole(dut):
    bench = Bench(dut)
    await bench.reset()
    await bench.fresh()
    words = len(CASE["samples"][0])
    await bench.put("control", ENABLE | LEARN)
    await bench.send([1] * (words - 1))
    await bench.run(1)
    assert await bench.get("events") == SHORT
    await bench.send([1] * (2 * words + 1))
    await bench.run(1, first=1)
    assert await bench.get("events") == SHORT | LONG
    await bench.put("events", SHORT)
    assert await bench.get("events") == LONG
    await bench.put("events", LONG)
    assert await bench.get("events") == 0
    await bench.run(3, first=2)
    await bench.idle()
    assert await bench.get("steps") == 5
    assert await bench.get("events") == 0


@cocotb.test(timeout_time=LIMIT_MS, timeout_unit="ms")
async def both_streams_wait_where_nothing_is_taken(dut):
    """Two answers are kept, a step for a third does not begin, and no sample is lost."""
    bench = Bench(dut)
    await bench.reset()
    await bench.fresh()
    await bench.put("control", ENABLE | LEARN)
    bench.sink.pause = True
    for n in range(9):
        await bench.send(CASE["samples"][n])
    await ClockCycles(dut.aclk, 6 * LONGEST)
    status = await bench.get("status")
    assert status & (BUSY | SAMPLE | ANSWER) == SAMPLE | ANSWER
    steps = await bench.get("steps")
    assert steps in (2, 3)
    assert not dut.s_axis_tready.value
    bench.sink.pause = False
    for n in range(9):
        assert await bench.answer() == CASE["outputs"][n], f"step {n}"
    await bench.idle()
    assert await bench.get("steps") == 9


@cocotb.test(timeout_time=LIMIT_MS, timeout_unit="ms")
async def start_does_one_step(dut):
    bench = Bench(dut)
    await bench.reset()
    await bench.fresh()
    for n in range(3):
        await bench.send(CASE["samples"][n])
    await ClockCycles(dut.aclk, LONGEST)
    assert await bench.get("steps") == 0
    for n in range(2):
        await bench.put("command", START)
        await ClockCycles(dut.aclk, LONGEST)
        assert await bench.get("steps") == n + 1
        assert await bench.answer() == CASE["outputs"][n]
    await bench.put("command", START)
    await bench.answer()
    await bench.put("command", START)
    await ClockCycles(dut.aclk, LONGEST)
    assert await bench.get("status") & 0xFF == WAITING
    await bench.run(1, first=3)
    await bench.idle()
    assert await bench.get("steps") == 4


@cocotb.test(timeout_time=LIMIT_MS, timeout_unit="ms")
async def resets_in_the_middle_of_a_step_recover(dut):
    """Both resets, at several places of a step; then the chip learns as if it was new."""
    bench = Bench(dut)
    for hard, share in itertools.product((True, False), (0.1, 0.6, 0.95)):
        if not hard:
            bench.source.clear()
        await bench.reset(1)
        await bench.fresh()
        await bench.put("control", ENABLE | LEARN)
        await bench.send(CASE["samples"][5])
        await bench.send(CASE["samples"][6])
        while not await bench.get("status") & BUSY:
            pass
        await ClockCycles(dut.aclk, max(1, int(share * CASE["cycles"][0]) - 20))
        if hard:
            await bench.reset(1)
        else:
            await bench.put("command", RESET)
        await bench.idle()
        for register in CASE["registers"]:
            if register["name"] != "status":
                assert await bench.read(register["offset"]) == register["value"], register["name"]
        await ClockCycles(dut.aclk, LONGEST)
        while not bench.sink.empty():  # whole answers of before
            await bench.answer()
        assert await bench.get("status") & 0xFF == 0
        await bench.fresh()
        await bench.put("control", ENABLE | LEARN)
        await bench.run(4)


@cocotb.test(timeout_time=LIMIT_MS, timeout_unit="ms")
async def saturation_is_remembered_until_it_is_forgotten(dut):
    bench = Bench(dut)
    await bench.reset()
    await bench.fresh()
    await bench.put("control", ENABLE | LEARN)
    await bench.put("rate", (1 << CASE["word_bits"] - 1) - 1)
    for place, _ in CASE["weights"]:
        await bench.store(place, CASE["heaviest"])
    high = (1 << CASE["word_bits"] - 1) - 1
    for _ in range(4):
        await bench.send([high] * len(CASE["samples"][0]))
        await bench.answer()
    await bench.idle()
    assert await bench.get("events") == SATURATED
    await bench.put("events", SHORT | LONG)
    assert await bench.get("events") == SATURATED
    await bench.put("events", SATURATED)
    assert await bench.get("events") == 0
    await bench.fresh()
    await bench.put("rate", CASE["rate"])
    await bench.run(2)
    assert await bench.get("events") == 0


@cocotb.test(timeout_time=LIMIT_MS, timeout_unit="ms")
async def the_python_driver_drives_it(dut):
    """The driver that is written beside the Verilog, on this bus."""
    bench = Bench(dut)
    await bench.reset()
    spec = importlib.util.spec_from_file_location("network_driver", CASE["driver"])
    driver = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(driver)

    class Simulated:
        """A transport into the simulation."""

        read32 = staticmethod(resume(bench.read))
        write32 = staticmethod(resume(bench.write))
        send = staticmethod(resume(bench.send))

        receive = staticmethod(resume(lambda count: bench.answer()))

    @bridge
    def outside():
        drive(driver, Simulated())

    await outside()


def drive(driver, transport):
    """Use the driver as a program would; called in a thread."""
    chip = driver.Chip(transport)
    scale = 1 << CASE["fraction_bits"]
    chip.clear()
    named = {tuple(edge): value for edge, value in CASE["named"]["weights"]}
    chip.weights = named
    assert chip.weights == named
    chip.learning_rate = CASE["learning_rate"]
    assert not chip.enable
    assert chip.learn
    inputs = chip.inputs
    samples = [[word / scale for word in sample] for sample in CASE["samples"][:12]]
    outputs = [chip.step(words[:inputs], words[inputs:]) for words in samples[:5]]
    chip.wait()
    assert (chip.steps, chip.cycles) == (5, CASE["cycles"][0])
    outputs += list(chip.stream((words[:inputs], words[inputs:]) for words in samples[5:]))
    expected = [[word / scale for word in row] for row in CASE["outputs"][:12]]
    assert outputs == expected
    assert chip.weights == {tuple(edge): v for edge, v in CASE["named"]["after"]}
    assert chip.activations == CASE["named"]["activations"]
    for name, values in CASE["named"]["states"].items():
        assert chip.state(name) == {tuple(edge): v for edge, v in values}
    assert chip.events() == set()
    chip.reset()
    assert (chip.steps, chip.enable) == (0, False)
    strange = driver.LAYOUT._replace(map=1)
    with pytest.raises(driver.WrongChip, match="Take the driver"):
        driver.Device(transport, strange)
