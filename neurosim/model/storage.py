"""Networks on disk: safetensors with a JSON header, never a pickle."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from neurosim.errors import UserError
from neurosim.model.loss import SQUARED
from neurosim.model.traits import Traits

if TYPE_CHECKING:
    from neurosim.model.network import Network

PLAIN, FORMAT = 1, 2  # the second says of units what the first cannot
# Text that is no JSON, JSON without end, and types of numbers that NumPy does not have.
_UNREADABLE = (ValueError, RecursionError, TypeError, AttributeError)


def save(network: Network, path: str | os.PathLike[str]) -> None:
    """Write a network; a crash half-way leaves the old file whole.

    Raises
    ------
    UserError
        When the file cannot be written.
    """
    from safetensors.numpy import save as pack

    if not np.isfinite(network.weight_vector).all():
        raise UserError(
            f"{path}: not written, because weights of {network.name} are not finite. Save the"
            " network from before it diverged."
        )
    header = {
        "format": PLAIN,
        "name": network.name,
        "nodes": list(network.graph),
        "edges": [list(edge) for edge in network.edges],
        "inputs": list(network.inputs),
        "outputs": list(network.outputs),
        "activation": network.activation,
        "seed": network.seed,
    }
    if traits := _traits(network):
        header |= {"format": FORMAT, "units": traits}
    if network.loss != SQUARED:
        header |= {"format": FORMAT, "loss": network.loss}
    if network.fixed.any():
        header |= {"format": FORMAT, "fixed": np.flatnonzero(network.fixed).tolist()}
    packed = pack({"weights": network.weight_vector}, {"neurosim": json.dumps(header)})
    target = Path(path)
    partial = target.parent / f".{target.name}.partial"
    try:
        partial.write_bytes(packed)
        os.replace(partial, target)
    except OSError as error:
        raise UserError(f"{target}: cannot be written ({error.strerror}).") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def load(path: str | os.PathLike[str]) -> Network:
    """Read a network that ``Network.save`` wrote.

    Raises
    ------
    UserError
        When the file is not there, damaged, or no network of neurosim.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="numpy") as file:
            header = json.loads((file.metadata() or {}).get("neurosim", "null"))
            weights = file.get_tensor("weights") if "weights" in file.keys() else None  # noqa: SIM118
    except (OSError, SafetensorError, *_UNREADABLE) as error:
        raise UserError(f"{path}: cannot be read as a saved network ({error}).") from error
    if not isinstance(header, dict) or weights is None:
        raise UserError(f"{path}: is a safetensors file, but no network saved by neurosim.")
    if header.get("format") not in (PLAIN, FORMAT):
        raise UserError(
            f"{path}: has format {header.get('format')!r}; this neurosim reads {FORMAT}."
            " Update neurosim."
        )
    return _rebuilt(header, weights, str(path))


def _traits(network: Network) -> dict[str, dict[str, Any]]:
    """Return what units are that differ from a plain one, by name."""
    plain = Traits(1.0, network.activation)
    changed = zip(network.units, (each.changed(plain) for each in network.traits), strict=True)
    return {unit: attributes for unit, attributes in changed if attributes}


def _rebuilt(header: dict[str, Any], weights: np.ndarray[Any, Any], path: str) -> Network:
    from neurosim.model.network import Network

    try:
        graph = nx.DiGraph()
        units = header.get("units", {})
        graph.add_nodes_from((node, units.get(node, {})) for node in header["nodes"])
        for (source, unit), weight in zip(header["edges"], weights.tolist(), strict=True):
            graph.add_edge(source, unit, weight=weight)
        for edge in header.get("fixed", ()):
            graph.edges[header["edges"][edge]]["fixed"] = True
        return Network(
            graph,
            header["inputs"],
            header["outputs"],
            header["activation"],
            header["seed"],
            header["name"],
            loss=header.get("loss", SQUARED),
        )
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"{path}: its header is damaged ({error}). Save it again.") from error
