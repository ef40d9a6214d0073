"""Which FPGA for which rule: what 25 units take of eight parts, and how many would fit.

Every rule of the chip in 16-bit words, on parts from an iCE40 to an Artix-7: block RAMs,
multipliers, whether it fits, and the largest fully recurrent network that would. Block RAMs
decide: RTRL keeps N^3 words, TRTRL about 2 N^2, and plain inference its N^2 weights.

Expect 92 units to learn by TRTRL on the largest ECP5, where RTRL stops at 35; neither fits the
iCE40 parts with 25. The largest of all, an Artix-7 100T, takes 106 and 38.
"""

from neurosim.cli import run
from neurosim.study.scenario import NetworkSpec, NumberSpec, Scenario

scenario = Scenario(
    name="which_chip",
    summary="block RAMs, multipliers and the largest network, by rule and FPGA",
    network=NetworkSpec(topology="fully_recurrent", units=25),
    number=NumberSpec(kind="fixed", word_bits=16),
    compare=("rtrl", "trtrl", "inference"),
    machine="none",
    parts=(
        "ecp5-25f", "ecp5-45f", "ecp5-85f", "ice40-up5k", "ice40-hx8k",
        "artix7-35t", "artix7-100t", "gw2a-18",
    ),
)  # fmt: skip

if __name__ == "__main__":
    run(scenario, verb="cost")
