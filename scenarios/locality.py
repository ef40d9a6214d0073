"""What locality is worth: RTRL against TRTRL on a bus and on a mesh of tiles, N = 8 to 100.

RTRL's units send all that they keep to everyone, about N^4 words a step; TRTRL's send a few words
along each edge, about 4 N^2. On a bus both have to take turns, a word a cycle. On a mesh, TRTRL's
words spread over all links, and RTRL's still pass every tile, where a word is two flits.

Expect 100 units to take RTRL 35 times TRTRL's cycles on the bus and 815 times on the mesh: the mesh
makes TRTRL 2.3 times faster and RTRL ten times slower. TRTRL's cycles grow with the power 1.94 of
the units on the bus and 1.62 on the mesh, its hop-words with 2.5 there, since the way across gets
longer. Energy grows faster than multiplications, RTRL's with 4.8, for larger memories take more of
it a read; where the words travel hardly shows in it.
"""

from neurosim.cli import run
from neurosim.study.scenario import NetworkSpec, RuleSpec, Scenario, TaskSpec

scenario = Scenario(
    name="locality",
    summary="what RTRL and TRTRL move on a bus and on a mesh, against the number of units",
    network=NetworkSpec(topology="fully_recurrent"),
    task=TaskSpec(name="mackey_glass", steps=20),
    rule=RuleSpec(name="trtrl", learning_rate=0.01),
    compare=("rtrl", "trtrl"),
    sizes=(8, 16, 25, 50, 100),
    machines=("bus", "mesh"),
)

if __name__ == "__main__":
    run(scenario)
