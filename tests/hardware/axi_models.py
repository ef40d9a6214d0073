"""Bus masters, sources and sinks around ``network_axi``, and the rules that it is held to."""

import itertools
import json
import os
import random
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, ReadOnly, RisingEdge
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiResp,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)

CASE = json.loads(Path(os.environ["NEUROSIM_AXI_CASE"]).read_text())
BYTES = (CASE["word_bits"] + 7) // 8
OFFSETS, BASE = CASE["offsets"], CASE["base"]
ENABLE, LEARN = 1, 2
START, CLEAR, RESET = 1, 2, 4
BUSY, WAITING, SAMPLE, ANSWER = 1, 2, 4, 8
SATURATED, SHORT, LONG = 1, 2, 4
LONGEST = 2 * CASE["cycles"][0] + 200


class Bench:
    """The chip with everything that drives it."""

    def __init__(self, dut, stalls=False):
        self.dut = dut
        cocotb.start_soon(Clock(dut.aclk, 10, unit="ns").start())
        at = {"reset": dut.aresetn, "reset_active_level": False}
        self.lite = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), dut.aclk, **at)
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), dut.aclk, **at)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), dut.aclk, **at)
        for channel in CHANNELS:
            cocotb.start_soon(watch(dut, channel))
        if stalls:
            self.stall()

    def stall(self, registers=True):
        """Let the streams wait now and then, at random, and the channels of the registers too."""
        rng = random.Random(7)
        pauses = (rng.random() < share for share in itertools.cycle((0.2, 0.7, 0.5)))
        write, read = self.lite.write_if, self.lite.read_if
        channels = [write.aw_channel, write.w_channel, write.b_channel]
        channels += [read.ar_channel, read.r_channel]
        for channel in (*channels * registers, self.source, self.sink):
            channel.set_pause_generator(pauses)

    async def reset(self, cycles=2):
        self.dut.aresetn.value = 0
        await ClockCycles(self.dut.aclk, cycles)
        self.dut.aresetn.value = 1

    async def read(self, address):
        got = await self.lite.read(address, 4)
        assert got.resp == AxiResp.OKAY, hex(address)
        return int.from_bytes(got.data, "little")

    async def write(self, address, value):
        done = await self.lite.write(address, (value & 0xFFFFFFFF).to_bytes(4, "little"))
        assert done.resp == AxiResp.OKAY, hex(address)

    async def get(self, name):
        return await self.read(OFFSETS[name])

    async def put(self, name, value):
        await self.write(OFFSETS[name], value)

    async def refused(self, address):
        """Whether a read and a write are both answered with an error."""
        got = await self.lite.read(address, 4)
        done = await self.lite.write(address, bytes(4))
        return got.resp == done.resp == AxiResp.SLVERR

    async def idle(self):
        while await self.get("status") & BUSY:
            pass

    async def fresh(self):
        """Clear the chip and load its weights."""
        await self.put("command", CLEAR)
        await self.idle()
        for place, raw in CASE["weights"]:
            await self.store(place, raw)

    async def store(self, place, raw):
        await self.write(place, raw)
        if CASE["wide"]:
            await self.write(place + 4, raw >> 32)

    async def load(self, place):
        raw, bits = await self.read(place), 32
        if CASE["wide"]:
            raw, bits = raw | await self.read(place + 4) << 32, 64
        return raw - (1 << bits) if raw >> bits - 1 else raw

    async def send(self, words):
        await self.source.send(AxiStreamFrame(tdata=packed(words)))

    async def answer(self):
        frame = await self.sink.recv()
        return unpacked(bytes(frame.tdata))

    async def compare_memories(self, expected):
        for place, raw in expected:
            assert await self.load(place) == raw, hex(place)

    async def run(self, steps, first=0):
        """Do steps of the case as samples come, and compare their outputs."""
        for n in range(first, first + steps):
            await self.send(CASE["samples"][n])
        for n in range(first, first + steps):
            assert await self.answer() == CASE["outputs"][n], f"step {n}"


def packed(words):
    mask = (1 << 8 * BYTES) - 1
    return b"".join((word & mask).to_bytes(BYTES, "little") for word in words)


def unpacked(data):
    parts = (data[n : n + BYTES] for n in range(0, len(data), BYTES))
    return [int.from_bytes(part, "little", signed=True) for part in parts]


CHANNELS = {
    "m_axis_t": ("data", "last"),
    "s_axil_b": ("resp",),
    "s_axil_r": ("data", "resp"),
}


async def watch(dut, channel):
    """Hold the chip to the rules of AXI: what is valid stays, unchanged, until it is taken."""
    valid, ready = getattr(dut, f"{channel}valid"), getattr(dut, f"{channel}ready")
    payload = [getattr(dut, f"{channel}{part}") for part in CHANNELS[channel]]
    while True:
        await RisingEdge(valid)
        waiting = None
        while True:
            await RisingEdge(dut.aclk)
            if not dut.aresetn.value:
                break
            if not valid.value:
                assert waiting is None, f"{channel}: was withdrawn"
                break
            now = [str(wire.value) for wire in payload]
            assert waiting in (None, now), f"{channel}: changed while it waited"
            waiting = None if ready.value else now


async def pins(dut, channels, address, answer):
    """Drive an access by its pins; return how it is answered."""
    getattr(dut, f"s_axil_{channels[0]}addr").value = address
    for channel in channels:
        getattr(dut, f"s_axil_{channel}valid").value = 1
    await seen(dut, getattr(dut, f"s_axil_{channels[0]}ready"))
    await RisingEdge(dut.aclk)
    for channel in channels:
        getattr(dut, f"s_axil_{channel}valid").value = 0
    await seen(dut, getattr(dut, f"s_axil_{answer}valid"))
    found = AxiResp(int(getattr(dut, f"s_axil_{answer}resp").value))
    await RisingEdge(dut.aclk)
    return found


async def seen(dut, wire):
    """Wait for a cycle in which a wire is high."""
    await ReadOnly()
    while wire.value != 1:
        await RisingEdge(dut.aclk)
        await ReadOnly()
