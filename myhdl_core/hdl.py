"""MyHDL with types, the signals that the blocks are made of, and instances of Verilog modules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import myhdl

_F = TypeVar("_F", bound=Callable[..., Any])

#: A MyHDL signal; MyHDL ships no types.
Wire: TypeAlias = Any
#: What a block returns.
Instances: TypeAlias = Any

block: Callable[[_F], _F] = myhdl.block
always: Callable[..., Callable[[_F], Any]] = myhdl.always
always_comb: Callable[[_F], Any] = myhdl.always_comb


class Bundle:
    """Signals that go together; a port that is a bundle becomes a port for each of them."""

    def __init__(self, **wires: Wire) -> None:
        self.__dict__.update(wires)

    def __getattr__(self, name: str) -> Wire:
        raise AttributeError(name)  # for the type checker: attributes are given by name


def bit() -> Wire:
    """Return a signal of one bit."""
    return myhdl.Signal(bool(0))


def bits(width: int) -> Wire:
    """Return an unsigned signal; of one bit where ``width`` is below 2."""
    return myhdl.Signal(myhdl.intbv(0)[width:]) if width > 1 else bit()


def word(width: int) -> Wire:
    """Return a signed signal."""
    half = 1 << width - 1
    return myhdl.Signal(myhdl.intbv(0, min=-half, max=half))


def constant(value: int, width: int) -> Wire:
    """Return a signal that nothing drives, which is a constant in Verilog."""
    if width < 2:
        return myhdl.Signal(bool(value))
    return myhdl.Signal(myhdl.intbv(value)[width:])


def field(whole: Wire, low: int, width: int) -> Wire:
    """Return ``width`` bits of a signal from bit ``low`` up, as a signal."""
    if len(whole) == width:
        return whole
    return whole(low + width, low) if width > 1 else whole(low)


def optional(bundle: Bundle, name: str) -> Wire:
    """Return a signal of one bit of a bundle, or zero where it has none of that name."""
    return vars(bundle)[name] if name in vars(bundle) else constant(0, 1)


def named(first: Instances, **wires: Wire) -> Instances:
    """Give names to the signals of a block that has ``first`` as its first instance."""
    known = first.callinfo.symdict
    others = {name: value for name, value in known.items() if name not in wires}
    known.clear()
    known.update(wires | others)  # the first name of a signal counts
    return first


def ports(name: str, wires: Bundle) -> dict[str, Wire]:
    """Return the ports that a port ``name`` becomes when a bundle is connected to it."""
    return {f"{name}_{key}": wire for key, wire in vars(wires).items()}


@block
def module(
    kind: str, name: str, into: Mapping[str, Wire], out: Mapping[str, Wire], **parameters: int
) -> Instances:
    """Place module ``kind`` as ``name``; a part of a signal is ``(signal, low, width)``.

    Bits of ``into`` are read and of ``out`` are driven by the module, which is written elsewhere.
    """
    sources: dict[str, Wire] = {}
    texts = []
    for port, wire in {**into, **out}.items():
        whole, part = wire, ""
        if isinstance(wire, tuple):
            whole, low, width = wire
            part = f"[{low + width - 1}:{low}]" if width > 1 else f"[{low}]"
            part = part if len(whole) > 1 else ""
        sources[port] = whole
        texts.append(f"    .{port}(${port}){part}".replace(f"){part}", f"{part})"))
        if port in into:
            whole.read = True
        else:
            whole.driven = "wire"
    values = ", ".join(f".{key}({value})" for key, value in parameters.items())
    heading = f"{kind} #({values}) {name}" if values else f"{kind} {name}"
    module.verilog_code = heading + " (\n" + ",\n".join(texts) + "\n);"  # type: ignore[attr-defined]

    @always(myhdl.delay(1))
    def elsewhere() -> None:
        pass

    elsewhere.sigdict.update(sources)
    return elsewhere


@block
def masked(source: Wire, flag: Wire, to: Wire) -> Instances:
    """A source, or zero."""

    @always_comb
    def mask() -> None:
        to.next = 0
        if flag:
            to.next = source

    return mask


@block
def either(a: Wire, b: Wire, to: Wire) -> Instances:
    """All bits of two."""

    @always_comb
    def both() -> None:
        to.next = a | b

    return both


@block
def tap(source: Wire, to: Wire) -> Instances:
    """A part of a signal, or a narrower one, under its own name."""

    @always_comb
    def name() -> None:
        to.next = source

    return name


@block
def register(clk: Wire, source: Wire, to: Wire) -> Instances:
    """A register."""

    @always(clk.posedge)
    def keep() -> None:
        to.next = source

    return keep


@block
def gated(flags: Sequence[Wire], sources: Sequence[Wire], to: Wire) -> Instances:
    """The sources whose flags are set, OR-ed; zero where none is.

    An OR of masked sources takes fewer LUTs than multiplexers with a code.
    """
    parts = [_like(to) for _ in sources]
    made = [masked(*each) for each in zip(sources, flags, parts, strict=True)]
    return made, united(parts, to)


@block
def united(sources: Sequence[Wire], to: Wire) -> Instances:
    """All bits of all sources; those that are narrower keep their sign."""
    made, parts = [], []
    for source in sources:
        parts.append(source if len(source) == len(to) else _like(to))
        made += [] if parts[-1] is source else [tap(source, parts[-1])]
    while len(parts) > 2:
        parts.append(_like(to))
        made.append(either(parts.pop(0), parts.pop(0), parts[-1]))
    last = tap(parts[0], to) if len(parts) == 1 else either(parts[0], parts[1], to)
    return made, last


def _like(wire: Wire) -> Wire:
    return word(len(wire)) if wire.min is not None and wire.min < 0 else bits(len(wire))
