"""The parts of a scenario: which network, which series, which rule, in which numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from neurosim.errors import UserError
from neurosim.study.checks import number, whole

STANDARD_TOPOLOGY = "fully_recurrent"


@dataclass(frozen=True)
class NetworkSpec:
    """Which network: a topology by name, or a graph file.

    Attributes
    ----------
    topology
        Name of a topology on the shelf (fully_recurrent), or a file that builds one.
    file
        A graph of your own (node-link JSON or GraphML), in place of a topology.
    units
        How many units the topology gets.
    density
        Fraction of the possible edges that are drawn (sparse_random).
    neighbours
        Neighbours of each unit (small_world, scale_free).
    rewiring
        Probability that an edge is rewired (small_world).
    layers
        Units of each layer, such as 8,8 (layered).
    self_loops
        Whether units see themselves (ring, sparse_random, tournament).
    options
        What a topology of your own takes besides: --network.options.NAME VALUE.
    inputs
        Names of the nodes that carry the inputs.
    outputs
        Names of the units that are trained, or how many a topology gets.
    activation
        tanh or logistic.
    seed
        Draws the edges of a random topology.
    """

    topology: str | None = None
    file: str | None = None
    units: int | None = None
    density: float | None = None
    neighbours: int | None = None
    rewiring: float | None = None
    layers: tuple[int, ...] | None = None
    self_loops: bool | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[str, ...] | None = None
    outputs: tuple[str, ...] | None = None
    activation: str = "tanh"
    seed: int = 0

    def __post_init__(self) -> None:
        # what a topology makes of its options is the topology's to judge
        if self.file is not None and self.topology is not None:
            raise UserError(f"file: the topology {self.topology} is named too. Give one of them.")
        if self.file is None and self.topology is None:
            object.__setattr__(self, "topology", STANDARD_TOPOLOGY)
        if self.units is not None:
            whole("units", self.units)
        whole("seed", self.seed, least=0)


@dataclass(frozen=True)
class TaskSpec:
    """Which series is learned.

    Attributes
    ----------
    name
        Name of a task, such as mackey_glass; csv for a file of your own.
    steps
        Steps of training.
    tau
        Delay of the equation (mackey_glass).
    period
        Steps in a period of the input (frequency_doubler).
    horizon
        How many steps ahead the target lies (mackey_glass, csv).
    delay
        Steps that an input has to be kept (delayed_copy).
    data
        A CSV file of your own; it makes the task csv.
    input
        Columns of the file that the network sees.
    target
        Columns of the file that the network predicts.
    passes
        How often the file is gone through, in place of steps.
    seed
        Draws what is random in a series.
    """

    name: str = "mackey_glass"
    steps: int | None = None
    tau: float | None = None
    period: float | None = None
    horizon: int | None = None
    delay: int | None = None
    data: str | None = None
    input: str | None = None
    target: str | None = None
    passes: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        # the other fields are judged by the task that takes them
        if self.steps is not None:
            whole("steps", self.steps)
        whole("seed", self.seed, least=0)
        if self.data is not None and self.name != "csv":
            raise UserError(f"data: the task {self.name} reads no file. Use the task csv.")


@dataclass(frozen=True)
class RuleSpec:
    """Which learning rule, and how fast it learns.

    Attributes
    ----------
    name
        Name of a rule: rtrl, trtrl, bptt.
    learning_rate
        Size of a weight's step along the gradient.
    literal
        TRTRL as the slides state it, with sensitivities for every output.
    ingress_only
        TRTRL without the sensitivities of outgoing links.
    self_terms
        TRTRL with the terms of a unit's own loop.
    placement
        Who keeps TRTRL's egress sensitivities: the unit itself, or the owner of the weight.
    window
        Steps that truncated BPTT looks back.
    """

    name: str = "trtrl"
    learning_rate: float = 0.01
    literal: bool = False
    ingress_only: bool = False
    self_terms: bool = True
    placement: Literal["unit", "owner"] = "unit"
    window: int | None = None

    def __post_init__(self) -> None:
        number("learning_rate", self.learning_rate, 0, 1e6)
        if self.window is not None:
            whole("window", self.window)


@dataclass(frozen=True)
class NumberSpec:
    """Which numbers the network computes with.

    Attributes
    ----------
    kind
        float or fixed; naming any width means fixed.
    word_bits
        Bits of an operand (16).
    fraction_bits
        Bits of them after the point (four less than word_bits).
    weight_bits
        Bits of a weight (32).
    weight_fraction_bits
        Bits of them after the point (eight less than weight_bits).
    table_bits
        The activation table has two to the power of this many intervals (9).
    """

    kind: Literal["float", "fixed"] | None = None
    word_bits: int | None = None
    fraction_bits: int | None = None
    weight_bits: int | None = None
    weight_fraction_bits: int | None = None
    table_bits: int | None = None

    def __post_init__(self) -> None:
        widths = {name: getattr(self, name) for name in WIDTHS}
        given = [name for name, bits in widths.items() if bits is not None]
        if self.kind == "float" and given:
            raise UserError(f"{given[0]}: a float has no such width. Drop it, or use kind fixed.")
        object.__setattr__(self, "kind", self.kind or ("fixed" if given else "float"))
        if self.kind == "fixed":
            self._fill(widths)

    def _fill(self, widths: dict[str, int | None]) -> None:
        word = widths["word_bits"] or 16
        weight = widths["weight_bits"] or 32
        standard = (word, max(1, word - 4), weight, max(1, weight - 8), 9)
        for name, bits in zip(WIDTHS, standard, strict=True):
            object.__setattr__(self, name, bits if widths[name] is None else widths[name])


WIDTHS = ("word_bits", "fraction_bits", "weight_bits", "weight_fraction_bits", "table_bits")
