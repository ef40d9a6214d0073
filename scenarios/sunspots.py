"""Yearly sunspot numbers, one year ahead: a real series, from a CSV file.

309 years from 1700 to 2008, gone through a hundred times. Sunspots rise fast and fall slowly in
cycles of about eleven years whose height is hard to foresee, so the error stays well above that of
a computed series.

Use it as the pattern for data of your own, or say the same with flags:
`neurosim compare --data FILE.csv --target COLUMN --horizon 1`.
"""

from neurosim.cli import run
from neurosim.study.scenario import NetworkSpec, RuleSpec, Scenario, TaskSpec

scenario = Scenario(
    name="sunspots",
    summary="RTRL against TRTRL on yearly sunspot numbers, a year ahead",
    network=NetworkSpec(topology="fully_recurrent", units=12),
    task=TaskSpec(name="csv", data="sunspots", target="sunspots", horizon=1, passes=100),
    rule=RuleSpec(name="trtrl", learning_rate=0.01),
    compare=("rtrl", "trtrl"),
    machine="bus",
    seeds=(0, 1, 2),
)

if __name__ == "__main__":
    run(scenario)
