"""A serial line to a board's top module that is simulated: bytes in, bytes out, bit by bit."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path

from myhdl_core.verilator import compile_library

# The line has a clock of its own, off from the chip's by some per mille.
HARNESS = """\
#include <cstdint>
#include <deque>
#include "Vchip.h"
#include "verilated.h"
double sc_time_stamp() { return 0; }
struct Line {
    VerilatedContext context;
    Vchip* top;
    double bit;           // cycles of a bit, by the host's clock
    double out_due, in_due;
    int out_left, in_left;
    uint32_t out_word, in_word;
    bool before;
    std::deque<uint8_t> to_chip, from_chip;
    void cycle() {
        if (!out_left && !to_chip.empty()) {
            out_word = 0x600 | to_chip.front() << 1;  // start, eight bits, stop, a bit of rest
            to_chip.pop_front();
            out_left = 11;
            out_due = bit;
        }
        top->rxd = out_left ? out_word & 1 : 1;
        if (out_left && --out_due <= 0) {
            out_due += bit;
            out_word >>= 1;
            --out_left;
        }
        top->clk_in = 0;
        top->eval();
        top->clk_in = 1;
        top->eval();
        bool level = top->txd;
        if (!in_left && before && !level) {
            in_left = 10;
            in_due = bit / 2;
            in_word = 0;
        } else if (in_left && --in_due <= 0) {
            in_due += bit;
            in_word |= uint32_t(level) << (10 - in_left);
            if (!--in_left && level) from_chip.push_back(in_word >> 1 & 255);
        }
        before = level;
    }
};
#define API extern "C" __attribute__((visibility("default")))
API void* line_make(double bit, int pressed) {
    Line* line = new Line();
    line->top = new Vchip(&line->context);
    line->bit = bit;
    line->before = true;
    line->top->button = pressed;
    return line;
}
API void line_button(void* handle, int level) { static_cast<Line*>(handle)->top->button = level; }
API void line_free(void* handle) {
    Line* line = static_cast<Line*>(handle);
    delete line->top;
    delete line;
}
API void line_put(void* handle, const uint8_t* bytes, int count) {
    Line* line = static_cast<Line*>(handle);
    line->to_chip.insert(line->to_chip.end(), bytes, bytes + count);
}
API int line_get(void* handle, uint8_t* bytes, int most, int64_t cycles) {
    Line* line = static_cast<Line*>(handle);
    for (int64_t left = cycles; line->from_chip.empty() && left; line->cycle())
        left = line->to_chip.empty() ? left - 1 : cycles;
    int count = 0;
    for (; count < most && !line->from_chip.empty(); line->from_chip.pop_front())
        bytes[count++] = line->from_chip.front();
    return count;
}
"""
WAIT = 4000  # cycles without a byte before a read returns empty-handed


class SimulatedLine:
    """What a serial port is to a ``SerialTransport``.

    Parameters
    ----------
    folder
        Holds the Verilog of `top` and all below it, with a clock that needs no PLL.
    divider
        Cycles of a bit.
    off
        By how much the host's bits are longer than the chip's, as a share.
    harm
        Is given every byte that goes to the chip and what comes back, and returns what arrives.
    released
        Level of the button that is not pressed.
    """

    def __init__(
        self,
        folder: Path,
        divider: int,
        off: float = 0.0,
        harm: Callable[[bytes, bool], bytes] = lambda data, up: data,
        released: int = 0,
    ) -> None:
        library = ctypes.CDLL(str(compile_library(folder, "top", HARNESS)))
        library.line_make.restype = ctypes.c_void_p
        library.line_make.argtypes = [ctypes.c_double, ctypes.c_int]
        library.line_put.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
        library.line_get.argtypes = [
            ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_int64
        ]  # fmt: skip
        library.line_free.argtypes = [ctypes.c_void_p]
        library.line_button.argtypes = [ctypes.c_void_p, ctypes.c_int]
        self.library, self.harm, self.wait, self.released = library, harm, WAIT, released
        self.handle = library.line_make(divider * (1 + off), released)
        self.write(b"")
        self.read(1)

    def write(self, data: bytes) -> None:
        data = self.harm(bytes(data), True)
        self.library.line_put(self.handle, data, len(data))

    def read(self, most: int) -> bytes:
        room = ctypes.create_string_buffer(most)
        count = self.library.line_get(self.handle, room, most, self.wait)
        return self.harm(room.raw[:count], False)

    def press(self) -> None:
        """Press the button for a while."""
        for level in (1 - self.released, self.released):
            self.library.line_button(self.handle, level)
            self.read(1)

    def close(self) -> None:
        if self.handle:
            self.library.line_free(self.handle)
            self.handle = None
