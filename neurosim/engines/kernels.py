"""Binding a burst to the memories it works on: from an operation to a function without arguments.

All decisions are taken once, when a program is bound; running a burst is one or two NumPy calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from neurosim.errors import UserError
from neurosim.model.arithmetic import Array, Float, Format, Number, Operand
from neurosim.model.chance import signs
from neurosim.model.neuron import Memory
from neurosim.model.operations import (
    Activate,
    Clip,
    Compute,
    Divide,
    Dot,
    Draw,
    Fma,
    Root,
    Send,
    Solve,
    Words,
    operands,
)

LONG = 256  # words from which on a call of BLAS pays

Kernel = Callable[[], None]
Reader = Callable[[], Array]


def bind(
    operation: Compute,
    memory: Mapping[str, Array],
    described: Mapping[str, Memory],
    number: Number,
    activation: str,
    scratch: Array,
) -> Kernel:
    """Return a function that does one computing operation on a neuron's memories.

    ``scratch`` is room for products that all kernels share, at least as long as any burst.
    """
    if isinstance(operation, Activate):
        return _activate(operation, memory, number, operation.function or activation)
    if isinstance(operation, Clip):
        return _clip(operation, memory)
    if isinstance(operation, (Divide, Root, Draw, Solve)):
        return _in_float(operation, memory, number)
    to = memory[operation.to.memory][operation.to.slice]
    form = described[operation.to.memory].form
    readers: list[tuple[Reader | None, Format]] = [
        (None, Format.WORD)
        if w is None
        else (_reader(w, memory, described), described[w.memory].form)
        for w in (operation.a, operation.b, operation.plus)
    ]
    summed = isinstance(operation, Dot)
    if isinstance(number, Float):
        a, b, plus = (reader for reader, _ in readers)
        assert a is not None
        if summed:
            return _float_dot(to, a, b, plus)
        if b is not None and len(to) >= LONG and _accumulates(operation):
            return _float_accumulate(to, a, b)
        return _float_fma(to, a, b, plus, scratch[: len(to)])
    return _exact(number, to, form, readers, summed)


def bind_payload(
    operation: Send,
    memory: Mapping[str, Array],
    described: Mapping[str, Memory],
    number: Number,
) -> Reader:
    """Return a function that takes a snapshot of the words to send, as operands."""
    words = memory[operation.words.memory][operation.words.slice]
    if described[operation.words.memory].form is Format.WEIGHT:
        return lambda: number.operand(words).copy()
    return words.copy


def _reader(words: Words, memory: Mapping[str, Array], described: Mapping[str, Memory]) -> Reader:
    name, part = words.memory, words.slice
    if described[name].by_reference:
        if part == described[name].all().slice:
            return lambda: memory[name]  # looked up anew: a message replaces the buffer
        return lambda: memory[name][part]
    view = memory[name][part]
    return lambda: view


def _activate(
    operation: Activate, memory: Mapping[str, Array], number: Number, activation: str
) -> Kernel:
    s, to, slope = (
        memory[words.memory][words.slice] for words in (operation.s, operation.to, operation.slope)
    )

    def run() -> None:
        to[:], slope[:] = number.activate(activation, s)

    return run


def _clip(operation: Clip, memory: Mapping[str, Array]) -> Kernel:
    to, a, bound = (
        memory[words.memory][words.slice] for words in (operation.to, operation.a, operation.bound)
    )

    def run() -> None:
        np.clip(a, -bound, bound, out=to)

    return run


def _in_float(
    operation: Divide | Root | Draw | Solve, memory: Mapping[str, Array], number: Number
) -> Kernel:
    """Bind what only floating point can do; its operands are never by reference."""
    if not isinstance(number, Float):
        raise UserError(
            f"{type(operation).__name__} into {operation.to.memory}: {number.name} has no divisions"
            " and draws no signs. Learn in Float()."
        )
    to = memory[operation.to.memory][operation.to.slice]
    a, *others = (memory[words.memory][words.slice] for words in operands(operation))

    match operation:
        case Divide():
            return partial(np.divide, a, others[0], to)
        case Root():
            return partial(np.sqrt, a, to)
        case Draw():
            return _draw(operation, to, a)
        case Solve():
            return partial(_solve, operation.method.function, a, to)


def _draw(operation: Draw, to: Array, counter: Array) -> Kernel:
    index = operation.first + np.arange(len(to))

    def run() -> None:
        to[:] = signs(operation.seed, int(counter[0]), 0, index)
        counter[0] += 1

    return run


def _solve(function: Callable[[Array], Array], of: Array, to: Array) -> None:
    to[:] = function(of)


def _float_fma(
    to: Array, a: Reader, b: Reader | None, plus: Reader | None, scratch: Array
) -> Kernel:
    if b is None:
        return _float_sum(to, a, plus)

    def multiply() -> None:
        np.multiply(a(), b(), to)

    def multiply_add() -> None:
        np.multiply(a(), b(), scratch)
        np.add(scratch, plus(), to)  # type: ignore[misc]

    return multiply if plus is None else multiply_add


def _accumulates(operation: Compute) -> bool:
    """Whether an operation adds a multiple of one burst to words where they are."""
    assert isinstance(operation, Fma)
    in_place = operation.plus == operation.to and operation.to.stride == 1
    return in_place and operation.a.stride == 0


def _float_accumulate(to: Array, a: Reader, b: Reader) -> Kernel:
    from scipy.linalg.blas import daxpy  # one pass over memory, where NumPy takes two

    def run() -> None:
        daxpy(b(), to, a=a()[0])

    return run


def _float_sum(to: Array, a: Reader, plus: Reader | None) -> Kernel:
    def copy() -> None:
        to[:] = a()

    def add() -> None:
        assert plus is not None
        np.add(a(), plus(), to)

    return copy if plus is None else add


def _float_dot(to: Array, a: Reader, b: Reader | None, plus: Reader | None) -> Kernel:
    def run() -> None:
        total: Any = a().sum() if b is None else a().dot(b())
        to[0] = total if plus is None else total + plus()[0]

    return run


def _exact(
    number: Number,
    to: Array,
    form: Format,
    readers: list[tuple[Reader | None, Format]],
    summed: bool,
) -> Kernel:
    def run() -> None:
        a, b, plus = (reader and Operand(reader(), kind) for reader, kind in readers)
        assert a is not None
        to[:] = number.combine(form, a, b, plus, summed)

    return run
