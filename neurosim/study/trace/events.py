"""Trace events, written as they come: gzipped JSON that Perfetto and Chrome open.

Events may be told a little ahead of time, but a track's never out of order; they are written in the
order of time. Every event carries its exact cycle; the format's own times are microseconds, from
whole nanoseconds. Equal events make equal files.

References
----------
.. [1] N. Duca, D. Sinclair, *Trace Event Format*, The Chromium Project.
"""

from __future__ import annotations

import gzip
import json
import math
from collections import Counter
from heapq import heappop, heappush
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

MOST_EVENTS = 2_000_000
"""Where a trace ends: about what Perfetto opens within seconds."""
_LINES = 1_000  # are compressed at once
_JSON = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
_FIRST_TRACK = 10  # above all groups, since a thread with its process's number is its main one

Event = dict[str, Any]


class Track(NamedTuple):
    """A line of the picture: numbers of its group (a process, in the format) and its own."""

    group: int
    number: int


class EventFile:
    """A trace that is being written; to be used in a ``with`` statement.

    Parameters
    ----------
    path
        The file.
    clock_mhz
        Cycles of a microsecond.
    about
        What the file says about itself.
    most
        Events that it may hold. Then those of later cycles are left out, and the file says so.

    Attributes
    ----------
    written
        Events so far.
    full
        The first cycle that is left out; None where none is.
    """

    def __init__(
        self, path: Path, clock_mhz: float, about: dict[str, Any], most: int = MOST_EVENTS
    ) -> None:
        self.path, self.clock_mhz, self.about, self.most = path, clock_mhz, about, most
        self.written = 0
        self.full: int | None = None
        self._tracks = _FIRST_TRACK
        self._ahead: list[list[Any]] = []  # cycle, order of telling, event or None
        self._told = 0
        self._begun: dict[Track, list[list[Any]]] = {}
        self._points: dict[tuple[int, str], list[Any]] = {}
        self._open: Counter[Track] = Counter()
        self._lines: list[str] = []

    def __enter__(self) -> EventFile:
        self._plain = self.path.open("wb")
        # neither time nor name, or the same trace would be another file
        self._file = gzip.GzipFile("", "wb", fileobj=self._plain, mtime=0)
        self._file.write(b'{"traceEvents":[\n')
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._plain, self._file:
            if kind is None:
                self._end()

    def group(self, number: int, name: str) -> None:
        """Name a group of tracks; groups are shown in the order of their numbers."""
        for key, about in (("name", {"name": name}), ("sort_index", {"sort_index": number})):
            self._write({"ph": "M", "name": f"process_{key}", "pid": number, "args": about})

    def track(self, group: int, name: str, place: int = 0) -> Track:
        """Add a track to a group, where those of lower places are shown above it."""
        track = Track(group, self._tracks)
        self._tracks += 1
        where = {"ph": "M", "pid": group, "tid": track.number}
        self._write({**where, "name": "thread_name", "args": {"name": name}})
        self._write({**where, "name": "thread_sort_index", "args": {"sort_index": place}})
        return track

    def slice(
        self, track: Track, start: int, cycles: int, name: str, kind: str, **about: Any
    ) -> None:
        """Add what lasts for some cycles (0: a moment)."""
        event = self._event("X", track, start, name, kind, {"cycles": cycles, **about})
        event["dur"] = self._between(start, start + cycles)
        self._tell(start, event)

    def begin(self, track: Track, cycle: int, name: str, kind: str, **about: Any) -> None:
        """Begin what lasts for nobody knows yet how long."""
        told = self._tell(cycle, self._event("B", track, cycle, name, kind, about))
        self._begun.setdefault(track, []).append(told)

    def end(self, track: Track, cycle: int, **about: Any) -> None:
        """End what began last on a track; what took no time at all is left out."""
        told = self._begun[track].pop()
        if told[0] == cycle:
            told[2] = None
            return
        self._tell(cycle, self._event("E", track, cycle, "", "", about))

    def flow(self, track: Track, cycle: int, number: int, name: str, ends: bool = False) -> None:
        """Add one end of an arrow, at the slice that was told last."""
        event = self._event("f" if ends else "s", track, cycle, name, "message", {})
        event["id"] = number
        if ends:
            event["bp"] = "e"
        self._tell(cycle, event)

    def count(self, group: int, cycle: int, name: str, value: int) -> None:
        """Add a point to a curve; of those of one cycle the last holds."""
        told = self._points.get((group, name))
        if told is None or told[0] != cycle:
            event = self._event("C", Track(group, 0), cycle, name, "", {})
            del event["tid"]  # a curve belongs to a group
            told = self._points[group, name] = self._tell(cycle, event)
        told[2]["args"] = {name: value}

    def flush(self, before: int) -> None:
        """Write what was told of the cycles before one; nothing earlier will be told any more."""
        ahead = self._ahead
        while ahead and ahead[0][0] < before:
            cycle, _, event = heappop(ahead)
            if event is not None and self.full is None:
                self._write(event, cycle)

    def _event(
        self, ph: str, track: Track, cycle: int, name: str, kind: str, about: dict[str, Any]
    ) -> Event:
        """Return an event, as far as all have the same."""
        event: Event = {"ph": ph, "pid": track.group, "tid": track.number}
        event["ts"] = self._between(0, cycle)
        if name:
            event["name"] = name
        if kind:
            event["cat"] = kind
        event["args"] = {"cycle": cycle, **about}
        return event

    def _tell(self, cycle: int, event: Event) -> list[Any]:
        self._told += 1
        told = [cycle, self._told, event]
        if self.full is None:
            heappush(self._ahead, told)
        return told

    def _between(self, first: int, last: int) -> float:
        """Return the microseconds between two cycles, in whole nanoseconds."""
        nanoseconds = self._nanoseconds(last) - self._nanoseconds(first)
        if nanoseconds % 1000 == 0:
            return nanoseconds // 1000
        time = nanoseconds / 1000
        # some readers multiply by 1000 and cut off what is behind the point
        return time if int(time * 1000) == nanoseconds else math.nextafter(time, math.inf)

    def _nanoseconds(self, cycle: int) -> int:
        return round(cycle * 1000 / self.clock_mhz)

    def _write(self, event: Event, cycle: int = 0) -> None:
        if self.written >= self.most:
            self.full = cycle if self.full is None else self.full
            return
        self._put(event)
        if event["ph"] in "BE":
            self._open[Track(event["pid"], event["tid"])] += 1 if event["ph"] == "B" else -1

    def _put(self, event: Event) -> None:
        line = _JSON.encode(event)
        self._lines.append(line if not self.written else ",\n" + line)
        self.written += 1
        if len(self._lines) == _LINES:
            self._file.write("".join(self._lines).encode())
            self._lines.clear()

    def _end(self) -> None:
        """Write what is left, and what the file says about itself."""
        self.flush(math.inf)  # type: ignore[arg-type]
        for track, depth in self._open.items():  # of a trace that was cut off
            for _ in range(depth):
                self._put(self._event("E", track, self.full or 0, "", "", {}))
        if self.full is not None:
            self.about["cut_off"] = (
                f"after {self.most:,} events: nothing from cycle {self.full:,} on is complete"
            )
        self.about["events"] = self.written
        about = json.dumps(self.about, allow_nan=False)
        tail = f'\n],"displayTimeUnit":"ns","otherData":{about}}}\n'
        self._file.write(("".join(self._lines) + tail).encode())
