"""Finding things by name: which folder wins, and what a wrong name or a broken file is told."""

import sys
from pathlib import Path

import pytest

from neurosim.errors import UserError
from neurosim.study import catalog
from neurosim.study.graphs import graph_from

BUILDER = "import networkx as nx\n\n\ndef build(units=2):\n    return {}\n"
SELF_LOOP = 'nx.DiGraph([("x", "n0"), ("n0", "n0")])'


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder, name, text=""):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shelf_is_found_from_any_folder(here):
    found = catalog.names("topologies")
    assert len(found) >= 8
    assert list(found) == sorted(found)
    assert all(path.is_file() for path in found.values())
    assert catalog.find("topologies", "ring") == found["ring"]
    assert catalog.find("data", "sunspots").name == "sunspots.csv"


def test_the_users_own_folder_comes_first(here):
    own = write(here, "topologies/ring.py", BUILDER.format(SELF_LOOP))
    assert catalog.find("topologies", "ring") == own
    assert list(graph_from("ring").graph.edges) == [("x", "n0"), ("n0", "n0")]
    assert catalog.find("topologies", "elman") != own


@pytest.mark.parametrize("name", ["mine.json", "mine.graphml", "mine.py"])
def test_every_kind_of_topology_is_found_by_name(here, name):
    path = write(here, f"topologies/{name}")
    assert catalog.find("topologies", "mine") == path


def test_hidden_and_private_files_are_not_on_the_shelf(here):
    for name in ("_mine.py", ".mine.py", "mine.txt", "__init__.py"):
        write(here, f"topologies/{name}")
    (here / "topologies" / "folder.py").mkdir()
    assert not {"_mine", "mine", "__init__", ".mine", "folder"} & set(catalog.names("topologies"))


def test_an_installed_package_does_not_look_at_its_neighbours(here, monkeypatch):
    site = here / "site"
    shelf = write(site, "neurosim/shelf/topologies/star.py")
    write(site, "topologies/alien.py")
    monkeypatch.setattr(catalog, "PACKAGE", site / "neurosim")
    assert catalog.names("topologies") == {"star": shelf}
    write(site, "pyproject.toml")  # now it is a checkout
    assert set(catalog.names("topologies")) == {"star", "alien"}


def test_a_path_is_taken_as_it_is(here):
    mine = write(here, "deep/mine.py", BUILDER.format(SELF_LOOP))
    assert catalog.find("topologies", "deep/mine.py") == Path("deep/mine.py")
    assert graph_from(str(mine)).outputs == ("n0",)
    write(here, "series", "1\n2\n")
    assert catalog.find("data", "series") == Path("series")


@pytest.mark.parametrize(
    ("kind", "name", "parts"),
    [
        ("scenarios", "no such thing", ["no scenario", "./scenarios", "neurosim list"]),
        ("topologies", "", ["''", "no topology"]),
        ("topologies", "a\0b", ["no topology"]),
        ("topologies", "n" * 5000, ["no topology"]),
        ("topologies", "n" * 5000 + ".py", ["cannot be read"]),
        ("topologies", "mine.py", ["mine.py", "no such file", "Check the path"]),
        ("topologies", "nowhere/ring", ["nowhere/ring", "no such file"]),
        ("topologies", "topologies/", ["topologies", "no topology"]),
        ("topologies", "topologies/deep", ["deep", "is a folder", "Name a file"]),
        ("topologies", "topologies/own.pz", ["no such file", "Did you mean own.py?"]),
        ("topologies", "both", ["both.py and both.json", "with its suffix"]),
    ],
)
def test_a_wrong_name_is_told_so(here, kind, name, parts):
    (here / "topologies" / "deep").mkdir(parents=True)
    for file in ("own.py", "both.py", "both.json"):
        write(here, f"topologies/{file}")
    with pytest.raises(UserError) as caught:
        catalog.find(kind, name)
    for part in parts:
        assert part in str(caught.value)
    assert len(str(caught.value)) < 6000


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("x = 1\n\n1 / 0\n", ["mine.py:3", "ZeroDivisionError", "division by zero"]),
        ("import no_such_module\n", ["mine.py:1", "No module named 'no_such_module'"]),
        ("raise SystemExit(3)\n", ["mine.py:1", "SystemExit", "3"]),
        ("def f():\n    return f()\nf()\n", ["mine.py:2", "RecursionError"]),
        ("assert False\n", ["mine.py:1", "AssertionError", "no message"]),
        ("build = 3\n", ["mine.py", "has no function build(units, inputs, outputs, seed)"]),
        ("", ["mine.py", "has no function build"]),
        (BUILDER.format("nx.Graph()"), ["returns Graph", "graph.to_directed()"]),
        (BUILDER.format("nx.MultiDiGraph()"), ["returns MultiDiGraph"]),
        (BUILDER.format("undefined"), ["mine.py:5", "NameError", "undefined"]),
        (BUILDER.format('nx.DiGraph([("n0", "n0")])'), ["topology mine", "inputs", "'x'"]),
        ("def build(units, more):\n    pass\n", ["mine.py", "TypeError", "'more'"]),
    ],
)
def test_a_broken_builder_is_told_with_its_line(here, text, parts):
    write(here, "topologies/mine.py", text)
    with pytest.raises(UserError) as caught:
        graph_from("mine", units=2)
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    "data", [b"\xff\xfe\x00", b"x = '\xff'\n", b"\0\0\0", b"# coding: nonsense\n"]
)
def test_what_is_not_python_is_told_so(here, data):
    path = here / "mine.py"
    path.write_bytes(data)
    with pytest.raises(UserError, match=r"mine\.py.*Correct the file"):
        catalog.load(path)


def test_a_user_error_of_a_builder_comes_through_as_it_is(here):
    text = (
        "from neurosim.errors import UserError\n\n\ndef build(units):\n    raise UserError('odd')\n"
    )
    write(here, "topologies/mine.py", text)
    with pytest.raises(UserError, match=r"^odd$"):
        graph_from("mine", units=2)


def test_an_edited_file_is_read_anew_and_leaves_nothing_behind(here):
    path = write(here, "mine.py", "value = 1\n")
    assert catalog.load(path).value == 1
    path.write_text("value = 2\n", encoding="utf-8")  # as long as before, within a second
    assert catalog.load(path).value == 2
    assert [entry.name for entry in here.iterdir()] == ["mine.py"]


def test_a_file_that_fails_is_not_kept_as_a_module(here):
    path = write(here, "mine.py", "1 / 0\n")
    before = set(sys.modules)
    with pytest.raises(UserError):
        catalog.load(path)
    assert set(sys.modules) == before


def test_dataclasses_with_postponed_annotations_work_in_a_users_file(here):
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    path = write(here, "mine.py", text + "\n\n@dataclass\nclass Point:\n    x: int\n")
    assert catalog.load(path).Point(3).x == 3
