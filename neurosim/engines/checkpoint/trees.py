"""State taken apart into named arrays and JSON, and put together again.

A state is a tree of named tuples, records (dataclasses), tuples, lists and mappings; its leaves are
arrays, numbers, texts, None and NumPy's generators. No class is ever named in a file: whoever puts
a tree together shows a template, the state of an engine built anew, whose classes and field names
it takes. A sequence may have grown meanwhile; what came in is like what the template has there.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from neurosim.model.arithmetic import Array

Node = dict[str, Any]
_PLAIN = (type(None), bool, int, float, str)
_WORDS = {np.dtype(name) for name in ("bool", "float16", "float32", "float64")} | {
    np.dtype(f"{sign}int{bits}") for sign in ("", "u") for bits in (8, 16, 32, 64)
}


class Unkeepable(Exception):
    """State of a kind that no file can hold; the message names where it lies."""


class Misfit(Exception):
    """A tree that is not one of the engine it is put into; the message says where it differs."""


def taken_apart(tree: object) -> tuple[Node, dict[str, Array]]:
    """Return a tree as JSON can hold it, and its arrays by name.

    Raises
    ------
    Unkeepable
        When something in it is of no kind that is known here.
    """
    apart = _Apart()
    return apart.node(tree, "state"), apart.arrays


class _Apart:
    """Arrays found so far; one that lies at two places is kept once, and shared again later."""

    def __init__(self) -> None:
        self.arrays: dict[str, Array] = {}
        self._seen: dict[int, str] = {}

    def node(self, value: Any, path: str) -> Node:
        if type(value) in _PLAIN:
            return {"plain": value}
        if isinstance(value, np.ndarray):
            return self._array(value, path)
        if isinstance(value, np.generic):
            return {"scalar": self._array(np.asarray(value), path)["array"]}
        if isinstance(value, np.random.Generator):
            return {"generator": self.node(value.bit_generator.state, path)}
        if names := _names(value):
            return {"record": {n: self.node(getattr(value, n), f"{path}/{n}") for n in names}}
        if type(value) in (tuple, list):
            items = [self.node(item, f"{path}/{n}") for n, item in enumerate(value)]
            return {type(value).__name__: items}
        if type(value) is dict and all(type(key) in (str, int) for key in value):
            pairs = [[key, self.node(item, f"{path}/{key}")] for key, item in value.items()]
            return {"mapping": pairs}
        raise Unkeepable(f"{path} is a {type(value).__name__}")

    def _array(self, value: Array, path: str) -> Node:
        if id(value) in self._seen:
            return {"array": self._seen[id(value)]}
        if value.dtype not in _WORDS or type(value) is not np.ndarray:
            raise Unkeepable(f"{path} is an array of {value.dtype}")
        self._seen[id(value)] = path
        self.arrays[path] = np.asarray(value, order="C")
        # sums may round otherwise where words lie in another order
        if value.flags.c_contiguous or min(value.strides) < 0:
            return {"array": path}
        return {"array": path, "strides": list(value.strides)}


def put_together(
    node: Node, arrays: Mapping[str, Array], template: object, copied: bool = True
) -> Any:
    """Return the tree that was taken apart, with the classes of a template.

    Its arrays can be written to, unless they are not ``copied``.

    Raises
    ------
    Misfit
        When its structure is not that of the template.
    """
    return _Together(arrays, copied).value(node, template, "state")


class _Together:
    def __init__(self, arrays: Mapping[str, Array], copied: bool) -> None:
        self._arrays, self._copied = arrays, copied
        self._made: dict[str, Array] = {}

    def value(self, node: Node, like: Any, path: str) -> Any:
        try:
            kind = next(iter(node))
            kept = node[kind]
        except (StopIteration, TypeError):
            raise Misfit(f"{path} is no state") from None
        match kind:
            case "plain":
                return kept
            case "array":
                return self._array(node, path)
            case "scalar":
                return self._array({"array": kept}, path)[()]
            case "record":
                return self._record(kept, like, path)
            case "tuple" | "list":
                inner = like if isinstance(like, (tuple, list)) else ()
                items = [self.value(n, _at(inner, i), f"{path}/{i}") for i, n in enumerate(kept)]
                return tuple(items) if kind == "tuple" else items
            case "mapping":
                of = like if isinstance(like, dict) else {}
                return {key: self.value(n, of.get(key), f"{path}/{key}") for key, n in kept}
            case "generator":
                return self._generator(kept, like, path)
        raise Misfit(f"{path} is a {kind}, which is not known here")

    def _array(self, node: Node, path: str) -> Array:
        name = node["array"]
        if name not in self._arrays:
            raise Misfit(f"{path} is missing")
        if not self._copied:
            return self._arrays[name]
        if name not in self._made:
            self._made[name] = _laid_out(self._arrays[name], node.get("strides"))
        return self._made[name]

    def _record(self, kept: Mapping[str, Node], like: Any, path: str) -> Any:
        names = _names(like)
        if set(names) != set(kept):
            raise Misfit(f"{path} has the fields {', '.join(kept)}, and needs {', '.join(names)}")
        values = {n: self.value(kept[n], getattr(like, n), f"{path}/{n}") for n in names}
        if isinstance(like, tuple):
            return like._make(values[n] for n in names)  # type: ignore[attr-defined]
        made = copy.copy(like)
        for name, value in values.items():
            object.__setattr__(made, name, value)  # it may be frozen
        return made

    def _generator(self, kept: Node, like: Any, path: str) -> np.random.Generator:
        if not isinstance(like, np.random.Generator):
            raise Misfit(f"{path} is a generator where there is none")
        bits = type(like.bit_generator)()
        bits.state = self.value(kept, None, path)
        return np.random.Generator(bits)


def fill(into: object, tree: object, path: str = "state") -> None:
    """Copy the arrays of a tree into those of another, which others hold on to.

    Raises
    ------
    Misfit
        When the two differ in structure, shapes or types of words.
    """
    for to, words in list(_pairs(into, tree, path)):  # all of them fit, or none is touched
        to[...] = words


def _pairs(into: Any, tree: Any, path: str) -> Iterator[tuple[Array, Array]]:
    """Yield the arrays that lie at the same places of two trees."""
    if isinstance(into, np.ndarray):
        if not isinstance(tree, np.ndarray) or (into.shape, into.dtype) != (tree.shape, tree.dtype):
            raise Misfit(f"{path} is not {into.dtype} of shape {into.shape}")
        yield into, tree
    elif isinstance(into, dict):
        if not isinstance(tree, dict) or set(into) != set(tree):
            raise Misfit(f"{path} has other entries")
        for key, value in into.items():
            yield from _pairs(value, tree[key], f"{path}/{key}")
    elif isinstance(into, (tuple, list)):
        if not isinstance(tree, type(into)) or len(into) != len(tree):
            raise Misfit(f"{path} is of another length")
        for n, value in enumerate(into):
            yield from _pairs(value, tree[n], f"{path}/{n}")


def grows(tree: object) -> bool:
    """Say whether there is a sequence in a tree that is still empty."""
    if isinstance(tree, (tuple, list)):
        return not tree or any(grows(each) for each in tree)
    if isinstance(tree, dict):
        return any(grows(each) for each in tree.values())
    return any(grows(getattr(tree, name)) for name in _names(tree))


def _names(value: Any) -> list[str]:
    """Return the fields of a named tuple or a record; none where it is neither."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return list(value._fields)
    if is_dataclass(value) and not isinstance(value, type):
        return [field.name for field in fields(value)]
    return []


def _at(items: Sequence[Any], n: int) -> Any:
    """Return what an item of a sequence is like: the one there, or the last where it has grown."""
    return items[min(n, len(items) - 1)] if items else None


def _laid_out(values: Array, strides: Sequence[int] | None) -> Array:
    """Return a copy that can be written to, its words as far apart as they were."""
    if not strides or not values.size:
        return values.copy()
    extent = sum((n - 1) * s for n, s in zip(values.shape, strides, strict=True))
    room = np.empty(extent + values.itemsize, dtype=np.uint8)
    made: Array = np.ndarray(values.shape, values.dtype, room, strides=strides)
    made[...] = values
    return made
