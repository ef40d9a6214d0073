"""A waveform of one step as Verilator writes it."""

from neurosim.study.hardware import waveform

WIRES = {name: chr(ord("!") + n) for n, name in enumerate(waveform.PORTS)}
WIDE = {"in_data": 16, "out_data": 16, "cycles": 32, "phase": 3}
# Cycles of a step: start, idle, busy for 60, done; a word is taken in cycle 1, one leaves in 41.
BUSY = 60


def vcd(ends: bool = True) -> str:
    """Return a waveform in which one step is done."""
    wires = [f"$var wire {WIDE.get(n, 1)} {c} {n} [15:0] $end" for n, c in WIRES.items()]
    unit = ["$scope module u_lane_0 $end", "$scope module u_units $end",
            "$var wire 1 w( write $end", "$var wire 16 d( data [15:0] $end",
            "$upscope $end", "$upscope $end"]  # fmt: skip
    lines = ["$timescale 1ns $end", "$scope module TOP $end", *wires, "$scope module network $end",
             *wires, *unit, "$upscope $end", "$upscope $end", "$enddefinitions $end"]  # fmt: skip
    for n in range(BUSY + 5):
        lines.append(f"#{2 * n}")
        for name, value in {**ports(n - 3), "done": ends and n - 3 == BUSY}.items():
            code = WIRES.get(name, {"write": "w(", "data": "d("}.get(name))
            lines.append(f"b{value:b} {code}" if name in WIDE or name == "data" else
                         f"{int(value)}{code}")  # fmt: skip
        lines += [f"0{WIRES['clk']}", f"#{2 * n + 1}", f"1{WIRES['clk']}"]
    return "\n".join([*lines, f"#{2 * BUSY + 10}"]) + "\n"


def ports(cycle: int) -> dict[str, int]:
    """Return what the ports show in a cycle; 0 is the first that is busy."""
    return {
        "start": cycle == -2, "busy": 0 <= cycle < BUSY, "in_valid": -1 <= cycle < 2,
        "in_ready": cycle == 1, "in_data": 0xE000, "out_valid": cycle == 41,
        "out_data": 0x0C00, "phase": 1 + (cycle > 20), "cycles": max(0, cycle),
        "write": cycle == 2, "data": 0xE000,
    }  # fmt: skip
