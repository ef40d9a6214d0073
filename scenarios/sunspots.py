"""Yearly sunspot numbers, one year ahead: a real series, from a CSV file.

309 years from 1700 to 2008, gone through a hundred times; the error is that of the last ten times,
while it still learns, so it is no forecast of years unseen. Expect 0.12 of the variance from RTRL
and 0.14 from TRTRL. On the same years, saying "as last year" leaves 0.35, a linear regression on
the last two years 0.17, and on the last nine 0.14.

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
    rule=RuleSpec(name="trtrl", learning_rate=0.05),
    compare=("rtrl", "trtrl"),
    machine="bus",
    seeds=(0, 1, 2, 3, 4),
)

if __name__ == "__main__":
    run(scenario)
