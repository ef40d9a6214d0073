"""How cost and training time grow with the network: the last figure of the TRTRL slides.

Fully recurrent networks of 8 to 128 units take 200 steps with each rule, and TRTRL goes on to 1,000
units. Multiplications, words kept, cycles and measured time of a step are printed for each size,
with the exponents with which they grow, fitted over the three largest sizes.

Expect RTRL's multiplications to grow with the power 3.95 of the units and its words with 2.97,
TRTRL's both with 2.00; on a bus, cycles with 2.90 and 1.99. A thousand units cost TRTRL 10 million
multiplications a step, about what RTRL pays for 55. TRTRL's step is the longer one in the smallest
networks, where the interpreter takes most of the time, and the shorter one from about 32 units on:
by some fifty times at 128.
"""

from neurosim.cli import run
from neurosim.study.scenario import NetworkSpec, RuleSpec, Scenario, TaskSpec

scenario = Scenario(
    name="scaling",
    summary="cost and training time of RTRL and TRTRL against the number of units",
    network=NetworkSpec(topology="fully_recurrent"),
    task=TaskSpec(name="mackey_glass", steps=200),
    rule=RuleSpec(name="trtrl", learning_rate=0.01),
    compare=("rtrl", "trtrl"),
    machine="bus",
    sizes=(8, 16, 32, 64, 128, 256, 512, 1000),
    largest={"rtrl": 128},
)

if __name__ == "__main__":
    run(scenario)
