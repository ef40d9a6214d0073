"""What `neurosim doctor` does: look for Python, packages and tools, and say how to get the rest."""

from __future__ import annotations

import json
import platform
import sys
from dataclasses import asdict

from myhdl_core import cache, tools
from myhdl_core.tools import Tool
from neurosim.errors import RunFailed

DISTRIBUTION = "neurosim-hdl"
PACKAGES = {
    "cyclopts": "the command line",
    "matplotlib": "figures",
    "networkx": "graphs",
    **({"numba": "networks on chip, flit by flit"} if sys.version_info < (3, 15) else {}),
    "numpy": "numbers",
    "rich": "reports on the terminal",
    "safetensors": "files of weights",
    "scipy": "the fast kernels of the arrays engine",
    "simpy": "the clocked engine",
}
# Of many trainings, with the extra that brings each.
MANY = {
    "distributed": ("sweeps on a Dask scheduler", "cluster"),
    "optuna": ("searching a design", "design"),
    "pyarrow": ("tables of sweeps as Parquet", "parquet"),
}


def examined(as_json: bool) -> int:
    """Print what is here and what is missing; only a part that everything stands on fails."""
    core = (_python(), *(tools.package(*part, DISTRIBUTION) for part in PACKAGES.items()))
    many = [
        tools.package(name, purpose, f"{DISTRIBUTION}[{extra}]")
        for name, (purpose, extra) in MANY.items()
    ]
    hardware = tools.survey()
    kept = str(cache.wished())
    if as_json:
        groups = {"core": core, "many": many, "hardware": hardware}
        found = {name: [*map(asdict, group)] for name, group in groups.items()}
        print(json.dumps({**found, "cache": kept}, indent=2))
    missing = [tool for tool in core if not tool.found]
    if missing:
        names = ", ".join(tool.name for tool in missing)
        raise RunFailed(f"missing: {names}. Install with `{tools.commands(missing)[0]}`.")
    if not as_json:
        from neurosim.report import doctor, terminal

        doctor.print_found(core, many, hardware, kept, terminal.console())
    return 0


def _python() -> Tool:
    return Tool("Python", True, platform.python_version(), sys.executable, "everything", "")
