"""Memory and run time of RTRL, r-OK and truncated BPTT against the number of units.

The table of the slides on the optimal Kronecker sum (Benzing and others 2019, doi
10.48550/arXiv.1902.03993): RTRL keeps n^3 words and multiplies n^4 times a step, r-OK keeps r n^2
and multiplies r n^3 times, BPTT that looks T steps back keeps T n and multiplies T n^2 times.

Expect multiplications to grow with the power 3.95 of the units for RTRL, 2.93 for r-OK of rank 4
and 1.99 for BPTT with a window of 10, and words with 2.97, 2.00 and 1.99: in messages every unit
keeps copies of what it heard, T n^2 words; as arrays, in one place, they are the T n of the slides.
Measured times grow more slowly, since most of a small step is not arithmetic. docs/reproduction.md
has the powers of r and T too.
"""

from neurosim.cli import run
from neurosim.study.scenario import NetworkSpec, RuleSpec, Scenario, TaskSpec

scenario = Scenario(
    name="kronecker",
    summary="cost and training time of RTRL, r-OK and truncated BPTT",
    network=NetworkSpec(topology="fully_recurrent"),
    task=TaskSpec(name="mackey_glass", steps=50),
    rule=RuleSpec(name="rtrl", learning_rate=0.001),
    compare=("rtrl", "ok:rank=4", "bptt:window=10"),
    machine="none",
    sizes=(16, 32, 64, 128, 256, 512),
    largest={"rtrl": 128},
)

if __name__ == "__main__":
    run(scenario)
