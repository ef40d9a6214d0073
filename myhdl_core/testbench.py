"""A test bench for any simulator: plain Verilog-2001 that reads what it needs from hex files.

It drives the chip as a user would, by its ports alone: clear, weights through the host port, some
steps, and the memories read back. What to expect stands in the files; nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files as files_of
from pathlib import Path

from myhdl_core.microcode import Shape
from myhdl_core.verilog import widths_of

NAME = "network_tb"
FOLDER = "vectors"


@dataclass(frozen=True)
class Words:
    """Words of a memory that the test bench loads or expects: the same addresses in every lane.

    Attributes
    ----------
    name
        Of the files, ``NAME_LANE.hex``.
    bank, first
        Number of the memory at the host port, and the address of the first word.
    lanes
        The raw words of every lane.
    """

    name: str
    bank: int
    first: int
    lanes: tuple[tuple[int, ...], ...]

    @property
    def count(self) -> int:
        """Words of a lane."""
        return len(self.lanes[0])


@dataclass(frozen=True)
class Vectors:
    """All that a test bench is given: raw words, as Python's integers.

    Attributes
    ----------
    rate
        The learning rate's word.
    learn, cycles
        Of every step: whether it learns, and how many cycles it takes.
    stream, outputs
        Words that go in and that come out, step after step.
    weights, final
        What is loaded before the first step, and what stands in the memories after the last.
    """

    rate: int
    learn: tuple[bool, ...]
    cycles: tuple[int, ...]
    stream: tuple[int, ...]
    outputs: tuple[int, ...]
    weights: Words
    final: tuple[Words, ...]


def write(folder: Path, shape: Shape, vectors: Vectors) -> list[Path]:
    """Write the test bench and its files beside the chip's Verilog."""
    texts = {f"{NAME}.v": text(shape, vectors, widths_of(folder / "network.v"))}
    texts |= {f"{FOLDER}/{name}.hex": content for name, content in files(shape, vectors).items()}
    (folder / FOLDER).mkdir(exist_ok=True)
    for name, content in texts.items():
        (folder / name).write_text(content, "utf-8")
    return [folder / name for name in texts]


def files(shape: Shape, vectors: Vectors) -> dict[str, str]:
    """Return the contents of the hex files, by name."""
    word, weight = shape.word_bits, shape.weight_bits
    found = {
        "rate": _hex([vectors.rate], word),
        "learn": _hex(map(int, vectors.learn), 1),
        "cycles": _hex(vectors.cycles, 32),
        "stream": _hex(vectors.stream, word),
        "outputs": _hex(vectors.outputs, word),
    }
    for words in (vectors.weights, *vectors.final):
        for lane, content in enumerate(words.lanes):
            found[f"{words.name}_{lane}"] = _hex(content, weight)
    return found


def _hex(words: Iterable[int], bits: int) -> str:
    digits, mask = (bits + 3) // 4, (1 << bits) - 1
    return "".join(f"{int(word) & mask:0{digits}x}\n" for word in words)


def text(shape: Shape, vectors: Vectors, widths: Mapping[str, int]) -> str:
    """Return the Verilog of the test bench; ``widths`` are the bits of the chip's ports."""
    final = vectors.final
    kept, starts = sum(w.count * shape.lanes for w in final), [0]
    for words in final:
        starts.append(starts[-1] + words.count * shape.lanes)
    # A simulation that takes ten times as long as it should has lost its way.
    limit = 10 * max(vectors.cycles) + 1000
    bench = (files_of("myhdl_core") / f"{NAME}.v.in").read_text("utf-8")
    return bench.format(
        lanes=shape.lanes,
        word_bits=shape.word_bits,
        weight_bits=shape.weight_bits,
        lane_bits=widths["host_lane"],
        address_bits=widths["host_address"],
        phase_bits=widths["phase"],
        steps=len(vectors.learn),
        stream_words=len(vectors.stream),
        step_outputs=len(vectors.outputs) // len(vectors.learn),
        output_words=len(vectors.outputs),
        loaded=vectors.weights.count,
        kept=kept,
        limit=limit,
        load=_lines(_readmem("weights", vectors.weights, 0, shape.lanes)),
        expect=_lines(
            line
            for words, start in zip(final, starts, strict=False)
            for line in _readmem("kept", words, start, shape.lanes)
        ),
        compare=_lines(_comparisons(final, starts)),
    )


def _readmem(array: str, words: Words, start: int, lanes: int) -> list[str]:
    lines = []
    for lane in range(lanes):
        first = start + lane * words.count
        file, last = f"{FOLDER}/{words.name}_{lane}.hex", first + words.count - 1
        lines.append(f'$readmemh("{file}", {array}, {first}, {last});')
    return lines


def _comparisons(final: Sequence[Words], starts: Sequence[int]) -> list[str]:
    return [
        line
        for words, start in zip(final, starts, strict=False)
        for line in (
            f"// {words.name}",
            "for (lane = 0; lane < LANES; lane = lane + 1)",
            f"    compare_words(lane, {words.bank}, {words.first}, {words.count},"
            f" {start} + lane * {words.count});",
        )
    ]


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(f"    {line}" for line in lines)
