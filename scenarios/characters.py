"""Letters of a book, foretold by four ways to approximate RTRL, or to cut the past off.

The test of the slides on the optimal Kronecker sum (Benzing and others 2019, doi
10.48550/arXiv.1902.03993), small enough for a few minutes: "Alice's adventures in wonderland" in
place of the Penn Treebank, 16 hidden units, 10,000 characters, and Adam after every one of them.
Learning rates are the best of 0.001, 0.003 and 0.01 for each rule, in 6,000 steps of one seed.

Expect 4.39 bits per character from UORO, 3.93 from KF-RTRL, and 3.70 from r-OK with rank 4 and from
BPTT with a window of 10, medians of five seeds in the last fifth: the order of the slides. Counting
single letters as they come gives 4.06 there, so in so short a time UORO's noise costs it more than
it learns.
"""

from neurosim.cli import run
from neurosim.study.scenario import NetworkSpec, OptimizerSpec, RuleSpec, Scenario, TaskSpec

scenario = Scenario(
    name="characters",
    summary="unbiased approximations of RTRL on the letters of a book",
    network=NetworkSpec(topology="elman", units=43),
    task=TaskSpec(name="text", data="alice", alphabet="letters", steps=10_000),
    rule=RuleSpec(name="ok:rank=4", learning_rate=0.003),
    optimizer=OptimizerSpec(name="adam"),
    compare=("uoro", "kf_rtrl", "ok:rank=4", "bptt:window=10"),
    rates={"uoro": 0.001},
    machine="bus",
    seeds=(0, 1, 2, 3, 4),
)

if __name__ == "__main__":
    run(scenario)
