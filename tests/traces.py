"""A trace that was read again, and held against the trace-event format."""

import gzip
import json
from collections import defaultdict
from pathlib import Path

KEYS = {
    "M": {"ph", "name", "pid", "args"},
    "X": {"ph", "name", "cat", "pid", "tid", "ts", "dur", "args"},
    "B": {"ph", "name", "cat", "pid", "tid", "ts", "args"},
    "E": {"ph", "pid", "tid", "ts", "args"},
    "s": {"ph", "name", "cat", "pid", "tid", "ts", "id", "args"},
    "f": {"ph", "name", "cat", "pid", "tid", "ts", "id", "bp", "args"},
    "C": {"ph", "name", "pid", "ts", "args"},
}
META = {"process_name", "process_sort_index", "thread_name", "thread_sort_index"}


class Trace:
    """A trace that was read again, and checked against the format."""

    def __init__(self, path: Path) -> None:
        self.file = json.loads(gzip.decompress(path.read_bytes()))
        assert set(self.file) == {"traceEvents", "displayTimeUnit", "otherData"}
        self.events = self.file["traceEvents"]
        self.groups, self.tracks = {}, {}
        for event in self.events:
            check_schema(event)
            if event["name" if "name" in event else "ph"] == "process_name":
                self.groups[event["pid"]] = event["args"]["name"]
            elif event.get("name") == "thread_name":
                assert event["tid"] not in self.tracks
                self.tracks[event["tid"]] = event["args"]["name"]
        timed = [event for event in self.events if event["ph"] != "M"]
        assert all(e["tid"] in self.tracks for e in timed if "tid" in e)
        assert all(e["pid"] in self.groups for e in timed)
        assert [e["ts"] for e in timed] == sorted(e["ts"] for e in timed)
        self.slices = list(nested(timed))

    def of(self, group: str) -> dict[str, list[dict]]:
        """Return the slices of a group of tracks, by track."""
        found = defaultdict(list)
        for one in self.slices:
            if self.groups[one["pid"]] == group:
                found[self.tracks[one["tid"]]].append(one)
        return found


def check_schema(event: dict) -> None:
    ph = event["ph"]
    assert set(event) - ({"tid"} if ph == "M" else set()) == KEYS[ph]
    assert isinstance(event["args"], dict)
    for key in ("pid", "tid", "id"):
        assert type(event.get(key, 0)) is int
    for key in ("name", "cat"):
        assert isinstance(event.get(key, ""), str)
    for key in ("ts", "dur"):
        assert isinstance(event.get(key, 0), int | float)
        assert event.get(key, 0) >= 0
    if ph == "M":
        assert event["name"] in META
    if ph == "f":
        assert event["bp"] == "e"


def ns_of(time: float) -> int:
    """Return nanoseconds as the reader that cuts off finds them, having checked the other."""
    assert int(time * 1000) == round(time * 1000)
    return int(time * 1000)


def nested(timed: list[dict]):
    """Yield slices with exact ends; refuse what overlaps on a track without being inside."""
    stacks = defaultdict(list)  # track -> [end or None, begin event]
    for event in timed:
        if event["ph"] not in "XBE":
            continue
        start, stack = ns_of(event["ts"]), stacks[event["tid"]]
        while stack and stack[-1][0] is not None and stack[-1][0] <= start:
            stack.pop()
        if event["ph"] == "E":
            end, begun = stack.pop()
            assert end is None
            cycles = event["args"]["cycle"] - begun["args"]["cycle"]
            yield {**begun, "cycles": cycles}
            continue
        end = start + ns_of(event["dur"]) if event["ph"] == "X" else None
        assert not stack or stack[-1][0] is None or (end is not None and end <= stack[-1][0])
        stack.append((end, event))
        if end is not None:
            yield {**event, "cycles": event["args"]["cycles"]}
    assert all(end is not None for stack in stacks.values() for end, _ in stack)
