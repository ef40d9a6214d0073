"""How cost and training time grow with the network: the last figure of the TRTRL slides.

Fully recurrent networks of 8 to 128 units take 200 steps with each rule. Multiplications, words
kept, cycles and measured time of a step are printed for each size, with the exponents with which
they grow, fitted over the three largest sizes.

Expect RTRL's multiplications to grow with the fourth power of the units and its words with the
third, TRTRL's both with the second, and cycles on a bus with the third and second. TRTRL's step is
the longer one in the smallest networks, where the interpreter takes most of the time, and the
shorter one from about 32 units on: by fifty times and more at 128.
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
    sizes=(8, 16, 32, 64, 128),
)

if __name__ == "__main__":
    run(scenario)
