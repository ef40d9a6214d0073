"""Networks on disk: back bit by bit, whole or not at all, and clear about any other file."""

from __future__ import annotations

import json
import os
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from safetensors.numpy import save as pack

import neurosim as ns
from tests.networks import dense_network, random_network, stream

# What a float can be, last bit and sign of zero included.
BITS = [-0.0, 5e-324, -2.2250738585072014e-308, 1 / 3, np.nextafter(1, 2), -1.7976931348623157e308]


def everything(network):
    return (
        network.name,
        network.seed,
        network.units,
        network.inputs,
        network.outputs,
        network.activation,
        network.edges,
        list(network.graph),
        network.weight_vector.tobytes(),
    )


def strange():
    pairs = [(0, "Ü"), ("Ü", 0), ("two words", 0), ("bias", "Ü"), ("數", "Ü"), ('"', 0)]
    network = ns.Network(
        nx.DiGraph(pairs), ["數", '"', "two words"], ["Ü", "0"], "logistic", 7, "my\nnet"
    )
    return network.with_weights(np.array(BITS))


NETWORKS = {
    "strange": strange(),
    "dense": dense_network(5, 2, 3),
    "sparse": random_network(9, 0.2, 1, 2, seed=3),
    "one unit": ns.Network(nx.DiGraph([("a", "a")]), (), ["a"]),
    "drawn": ns.Network(nx.DiGraph([("x", "b"), ("b", "a"), ("a", "b")]), outputs=["a"], seed=5),
}


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("kind", [str, Path])
def test_a_network_comes_back_bit_by_bit(tmp_path, network, kind):
    path = kind(tmp_path / "net.safetensors")
    network.save(path)
    back = ns.load(path)
    assert everything(back) == everything(network)
    back.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == Path(path).read_bytes()


def test_a_trained_network_learns_on_as_if_never_saved(tmp_path):
    network = random_network(6, 0.5, 1, 2)
    x, target = stream(network, 50)
    trained = ns.train(network, ns.TRTRL(0.1), x, target).network
    trained.save(tmp_path / "net")
    back = ns.load(tmp_path / "net")
    assert back.weights == trained.weights != network.weights
    runs = [ns.train(each, ns.TRTRL(0.1), x, target) for each in (trained, back)]
    assert np.array_equal(runs[0].outputs, runs[1].outputs)
    assert runs[0].network.weights == runs[1].network.weights


# --- whole or not at all --------------------------------------------------------------------


def test_saving_replaces_what_was_there_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "net"
    NETWORKS["dense"].save(path)
    NETWORKS["sparse"].save(path)
    assert everything(ns.load(path)) == everything(NETWORKS["sparse"])
    assert os.listdir(tmp_path) == ["net"]


def cut_short(path, data):
    with open(path, "wb") as file:
        file.write(data[: len(data) // 2])
    raise OSError(28, "No space left on device")


def interrupted(path, data):
    with open(path, "wb") as file:
        file.write(data[:10])
    raise KeyboardInterrupt


def refuse(*paths):
    raise PermissionError(13, "Permission denied")


CRASHES = {
    "disk full": (Path, "write_bytes", cut_short, ns.UserError, "No space left on device"),
    "Ctrl-C": (Path, "write_bytes", interrupted, KeyboardInterrupt, ""),
    "read-only": (Path, "write_bytes", refuse, ns.UserError, "Permission denied"),
    "in use": (os, "replace", refuse, ns.UserError, "cannot be written (Permission denied)"),
}


@pytest.mark.parametrize("crash", CRASHES)
def test_a_crash_leaves_the_old_file_whole_and_no_part_of_the_new(monkeypatch, tmp_path, crash):
    where, name, instead, raised, words = CRASHES[crash]
    path = tmp_path / "net"
    NETWORKS["dense"].save(path)
    before = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(where, name, instead)
        with pytest.raises(raised) as caught:
            NETWORKS["sparse"].save(path)
    assert words in str(caught.value)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["net"]


def test_nowhere_to_save(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("text")
    before = sorted(os.listdir(tmp_path))
    for path in ("folder", "missing/net", "file/net", "n" * 300):
        with pytest.raises(ns.UserError, match="cannot be written"):
            NETWORKS["dense"].save(tmp_path / path)
    for path in ("", "/"):
        with pytest.raises(ns.UserError, match="cannot be written"):
            NETWORKS["dense"].save(path)
    assert sorted(os.listdir(tmp_path)) == before
    assert os.listdir(tmp_path / "folder") == []


# --- other files ----------------------------------------------------------------------------

GOOD = NETWORKS["dense"]
HEADER = {
    "format": 1,
    "name": GOOD.name,
    "nodes": list(GOOD.graph),
    "edges": [list(edge) for edge in GOOD.edges],
    "inputs": list(GOOD.inputs),
    "outputs": list(GOOD.outputs),
    "activation": GOOD.activation,
    "seed": GOOD.seed,
}


def saved(weights=GOOD.weight_vector, **changes):
    """Return a saved network with other weights, or other header entries (``...``: left out)."""
    header = {key: each for key, each in {**HEADER, **changes}.items() if each is not ...}
    return pack({"weights": weights}, {"neurosim": json.dumps(header)})


def typed(dtype, size):
    """Return a saved network whose weights claim a type of numbers that NumPy may not have."""
    edges = len(GOOD.edges)
    tensor = {"dtype": dtype, "shape": [edges], "data_offsets": [0, size * edges]}
    header = json.dumps(
        {"weights": tensor, "__metadata__": {"neurosim": json.dumps(HEADER)}}
    ).encode()
    return len(header).to_bytes(8, "little") + header + bytes(size * edges)


WHOLE, COUNT = saved(), len(GOOD.edges)
UNREADABLE = "cannot be read as a saved network"
FOREIGN = "is a safetensors file, but no network saved by neurosim"
FILES = {
    "empty": (b"", UNREADABLE),
    "text": (b"weights: 1, 2, 3\n", UNREADABLE),
    "zeros": (bytes(4096), UNREADABLE),
    "a pickle": (b"\x80\x04K\x01." * 10, UNREADABLE),
    "not UTF-8": (b"\xff\xfe" * 50, UNREADABLE),
    "cut in its header": (WHOLE[:100], UNREADABLE),
    "cut in its weights": (WHOLE[:-8], UNREADABLE),
    "with bytes behind it": (WHOLE + bytes(8), UNREADABLE),
    "a header longer than the file": (b"\xff" * 7 + b"\x00" + WHOLE[8:], UNREADABLE),
    "foreign tensors": (pack({"weights": np.ones(3)}), FOREIGN),
    "foreign metadata": (pack({"weights": np.ones(3)}, {"format": "pt"}), FOREIGN),
    "no weights": (pack({"w": np.ones(COUNT)}, {"neurosim": json.dumps(HEADER)}), FOREIGN),
    "a header that is a list": (pack({"weights": np.ones(1)}, {"neurosim": "[]"}), FOREIGN),
    "a header that is no JSON": (pack({"weights": np.ones(1)}, {"neurosim": "{"}), UNREADABLE),
    "a header without end": (
        pack({"weights": np.ones(1)}, {"neurosim": "[" * 100_000}),
        UNREADABLE,
    ),
    "a later format": (saved(format=3), "has format 3; this neurosim reads 2. Update neurosim."),
    "no format": (saved(format=...), "has format None"),
    "no nodes": (saved(nodes=...), "header is damaged"),
    "no edges": (saved(edges=...), "header is damaged"),
    "no inputs": (saved(inputs=...), "header is damaged"),
    "nodes no list": (saved(nodes=3), "header is damaged"),
    "edges of three": (saved(edges=[["a", "b", "c"]] * COUNT), "header is damaged"),
    "more edges than weights": (saved(np.ones(COUNT - 1)), "header is damaged"),
    "more weights than edges": (saved(np.ones(COUNT + 1)), "header is damaged"),
    "one weight, no list": (saved(np.array(1.0)), "header is damaged"),
    "weights a matrix": (saved(np.ones((COUNT, 1))), "is no finite number"),
    "weights not finite": (saved(np.full(COUNT, np.nan)), "weight nan is no finite number"),
    "unknown activation": (saved(activation="relu"), "activation 'relu': unknown"),
    "activation a list": (saved(activation=["tanh"]), "activation ['tanh']: unknown"),
    "unknown output": (saved(outputs=["n9"]), "output n9 is no node"),
    "seed a text": (saved(seed="a"), "seed must be a whole number"),
    "brain floats": (typed("BF16", 2), UNREADABLE),
    "eight-bit floats": (typed("F8_E4M3", 1), UNREADABLE),
    "truths": (typed("BOOL", 1), "weight False is no finite number"),
}


def test_the_files_below_are_damaged_in_one_place_only(tmp_path):
    GOOD.save(tmp_path / "net")
    assert (tmp_path / "net").read_bytes() == WHOLE
    (tmp_path / "typed").write_bytes(typed("F64", 8))
    assert ns.load(tmp_path / "typed").edges == GOOD.edges


@pytest.mark.parametrize("name", FILES)
def test_other_files_are_refused_with_a_reason(tmp_path, name):
    data, words = FILES[name]
    path = tmp_path / "net.safetensors"
    path.write_bytes(data)
    with pytest.raises(ns.UserError) as caught:
        ns.load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert words in str(caught.value)


@pytest.mark.parametrize("path", ["missing", "folder", "missing/net", "file/net", ""])
def test_no_file_there(monkeypatch, tmp_path, path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("text")
    with pytest.raises(ns.UserError, match=UNREADABLE):
        ns.load(path)


def test_a_diverged_network_is_not_written(tmp_path) -> None:
    network = ns.Network(nx.DiGraph([("x", "n0")]))
    broken = network.with_weights({("x", "n0"): float("nan")})
    with pytest.raises(ns.UserError, match="not finite"):
        broken.save(tmp_path / "network.safetensors")
    assert not list(tmp_path.iterdir())
