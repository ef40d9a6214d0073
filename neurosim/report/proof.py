"""Prints what was proved of a chip, and what its netlist computed."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from neurosim.report import quantities
from neurosim.study.hardware.proof import NetlistChecked, Proved

STYLES = {"proved": "green", "failed": "bold red", "open": "yellow"}


def print_proved(proved: Proved, out: Console) -> None:
    """Print every property with what became of it.

    Parameters
    ----------
    proved
        What became of the tasks.
    out
        Where it goes.
    """
    out.print(Text("Properties", "bold"))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for proof in proved.proofs:
        looked = f"{proof.depth:,} cycles" if proof.depth else "for all time"
        said = f"{proof.engine}, {looked}, {proof.seconds:.0f} s"
        table.add_row(
            f"  {proof.name}", Text(proof.status, STYLES[proof.status]), Text(said, "dim")
        )
        for name, sentence in proof.properties:
            mark = "" if proof.holds else ("failed" if name == proof.failed else "open")
            table.add_row(f"    {name}", Text(mark, STYLES.get(mark, "")), sentence)
        if proof.counterexample:
            table.add_row("", "", Text(proof.counterexample, "bold red"))
    out.print(table)
    out.print()


def print_netlist(checked: NetlistChecked, out: Console) -> None:
    """Print what comparing a netlist with the model found.

    Parameters
    ----------
    checked
        What was found.
    out
        Where it goes.
    """
    out.print(Text("Netlist of the iCE40, simulated", "bold"))
    words = f"{quantities.count(checked.words)} words in {checked.steps} steps"
    found = f"{quantities.count(checked.differing)} differ"
    if checked.cycles_differing:
        found += f", steps of another length: {quantities.count(checked.cycles_differing)}"
    out.print(f"  {words}: {found}; {checked.first or 'all equal to the model'}")
    out.print()
