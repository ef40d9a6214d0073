"""The page: one file that needs nothing else, and what `neurosim report` writes with it."""

import json
import re
from dataclasses import asdict, replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from neurosim.cli import main
from neurosim.errors import UserError
from neurosim.report import drawing, page
from neurosim.study import last_steps, results
from neurosim.study.scenario import Scenario
from neurosim.study.summary import SCHEMA, Summary, summary_in
from tests.reported import HOSTILE, hostile, profile, row, summary

SCENARIO = Scenario(name="big", summary="what fits where")
VOID = {"meta", "link", "br", "hr", "img", "input", "source"}


class Page(HTMLParser):
    """What a page holds, read by a parser that knows nothing of how it was made."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "title"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


class Drawn:
    """A picture that was drawn already."""

    name, title, caption = "hops", "How far", "Read it so."

    def svg(self) -> str:
        return '<?xml version="1.0"?>\n<svg><g id="a"/><use href="#a"/><text>2 tiles</text></svg>'


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A run folder with page and figures, among them one with markers, clips and an image."""
    folder = tmp_path_factory.mktemp("run")
    parts = ("traffic", "links", "energy_pj", "energy_sources")
    drawn = {"rtrl": {part: profile("rtrl")[part] for part in parts}}
    drawing.draw(folder, SCENARIO, summary(profiles=drawn))
    return folder


def test_the_page_needs_nothing_but_itself(made):
    read = Page((made / "report.html").read_text("utf-8"))
    assert read.open == []
    tags = {tag for tag, _ in read.tags}
    assert {"svg", "table", "figure", "figcaption", "h1"} <= tags
    assert not tags & {"script", "iframe", "link", "object", "embed", "base", "form"}
    for _, attributes in read.tags:
        for key, value in attributes.items():
            assert not key.startswith("on")
            if key in ("src", "href", "xlink:href"):
                assert value.startswith(("#", "data:image/png"))
    text = (made / "report.html").read_text("utf-8")
    assert "@import" not in text
    assert set(re.findall(r"url\((.)", text)) <= {"#"}


def test_every_reference_on_the_page_has_its_target(made):
    read = Page((made / "report.html").read_text("utf-8"))
    ids = [attributes["id"] for _, attributes in read.tags if attributes.get("id")]
    assert len(ids) == len(set(ids))
    wanted = [v[1:] for _, a in read.tags for v in a.values() if (v or "").startswith("#")]
    assert {name for name in wanted if not re.fullmatch("[0-9a-f]{6}", name)} <= set(ids)


def test_the_page_says_what_the_terminal_says(made):
    text = Page((made / "report.html").read_text("utf-8")).text
    for said in ("big", "what fits where", "fully_recurrent, 25 units", "Mackey-Glass, tau 17"):
        assert said in text
    for said in ("390,625", "5,625", "69.4 x", "15,625", "1,250", "12.5 x", "31,250 450 69.4 x"):
        assert said in text
    for said in (
        "Mind the gap.",
        "7 of 8, not rtrl link",
        "2 of 2",
        "a paper, table 1",
        "python 3",
    ):
        assert said in text
    assert "neurosim compare" in text
    assert 'name = "big"' in text


def test_each_figure_stands_on_the_page_and_in_its_files(made):
    read = Page((made / "report.html").read_text("utf-8"))
    headings = {a["id"] for tag, a in read.tags if tag == "h2" and "id" in a}
    for kind in ("svg", "pdf"):
        assert {path.stem for path in (made / "figures").glob(f"*.{kind}")} == headings
    assert len(headings) == sum(tag == "figure" for tag, _ in read.tags) >= 6


def test_the_page_of_several_sizes():
    scenario = replace(SCENARIO, sizes=(10, 20))
    text = Page(page.page(scenario, summary((10, 20), profiles={}), [])).text
    assert "10 units 10,000 900 11.1 x" in text
    assert "grows with N^2.50 N^2.50" in text


def test_rules_are_set_against_each_other_on_the_largest_network_that_both_are_on():
    rows = (row("rtrl", 10), row("trtrl", 10), row("rtrl", 20), row("trtrl", 20), row("trtrl", 80))
    scenario = replace(SCENARIO, sizes=(10, 20, 80))
    text = Page(page.page(scenario, summary(rows=rows, profiles={}), [])).text
    # 20^4 / (9 20^2)
    assert "Each step of RTRL with 20 units takes this many times what TRTRL takes: 44.4 x" in text


def test_the_page_says_what_fits_which_part():
    fits = {
        "part": "ecp5-85f", "rule": "rtrl", "units": 25, "lanes": 8, "block_rams": 123,
        "block_rams_there": 208, "multipliers": 9, "multipliers_there": 156, "largest_units": 35,
        "fits": True,
    }  # fmt: skip
    text = Page(page.page(SCENARIO, summary(fits=(fits,), profiles={}), [])).text
    assert "Lattice ECP5 LFE5U-85F 123 of 208 9 of 156 8 yes 35" in text


def test_nothing_of_the_users_is_html():
    scenario = replace(SCENARIO, name=HOSTILE, summary=HOSTILE, machine=HOSTILE)
    text = page.page(scenario, hostile(), [Drawn()])
    read = Page(text)
    assert read.open == []
    assert "script" not in {tag for tag, _ in read.tags}
    assert "<script" not in text
    assert "\x1b" not in text
    assert "\x00" not in text
    assert read.text.count("<script>alert(1)</script>&\"'$x_1$") > 8
    harmless = page.page(replace(SCENARIO, name="n"), summary(network="n"), [Drawn()])
    assert {tag for tag, _ in read.tags} <= {tag for tag, _ in Page(harmless).tags}


def test_an_interrupted_run_says_so():
    assert "was interrupted" in page.page(SCENARIO, summary(status="interrupted"), [])
    assert "was interrupted" not in page.page(SCENARIO, summary(), [])


def test_figures_of_another_report_do_not_stay(tmp_path):
    (tmp_path / "figures").mkdir()
    for name in ("traffic.svg", "traffic.pdf", "mine.svg"):
        (tmp_path / "figures" / name).write_text("old")
    drawing.draw(tmp_path, SCENARIO, summary(profiles={}, curves={}))
    names = {path.stem for path in (tmp_path / "figures").iterdir()}
    assert names == {"capacity", "cycles", "mine"}


# --- the verb ---------------------------------------------------------------------------------


@pytest.fixture
def run_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)
    assert main(["run", "ring", "--network.units", "3", "--steps", "40", "--machine", "none"]) == 0
    printed = capsys.readouterr().out
    assert "neurosim report ring-" in printed
    (folder,) = Path("runs").iterdir()
    return folder


def test_report_writes_the_page_and_json_stays_json(run_folder, capsys):
    assert main(["report", "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)[0]["rule"] == "trtrl"
    assert f"{run_folder / 'report.html'}" in printed.err
    names = {path.name for path in run_folder.iterdir()}
    assert {"report.html", "figures", "summary.json"} <= names
    first = (run_folder / "report.html").read_bytes()
    assert main(["report"]) == 0
    assert (run_folder / "report.html").read_bytes() == first


def test_a_spoilt_series_is_said_after_the_report(run_folder, capsys):
    (run_folder / "series.csv").write_text("rule,seed,step\nx")
    assert main(["report"]) == 2
    printed = capsys.readouterr()
    assert "TRTRL" in printed.out
    assert "is no series that neurosim wrote" in printed.err


def test_the_series_is_read_back_as_it_was_written(run_folder):
    read = last_steps.read(run_folder / "series.csv")["trtrl"]
    assert (read.names, read.steps) == (("n0",), tuple(range(40)))
    lines = (run_folder / "series.csv").read_text().splitlines()[1:]
    assert [line.split(",")[3:5] for line in lines] == [
        [repr(t), repr(y)] for t, y in zip(read.targets[0], read.outputs[0], strict=True)
    ]
    assert last_steps.read(run_folder / "nowhere.csv") == {}


HEAD = "rule,seed,step,target_n0,output_n0,error_n0\n"
SPOILT = [
    "", "\x00", "a,b\n", HEAD + "r,0,1,2,3\n", HEAD + "r,0,1,2,3,x\n", HEAD + "r,0,1,2,3,nan\n",
    HEAD + "r,0,1,1e999,3,0\n", HEAD + "r,0,,2,3,0\n", HEAD.replace("output", "input"),
]  # fmt: skip


@pytest.mark.parametrize("text", SPOILT)
def test_a_spoilt_series_is_refused(text, tmp_path):
    (tmp_path / "series.csv").write_text(text)
    with pytest.raises(UserError, match="no series"):
        last_steps.read(tmp_path / "series.csv")


def test_a_series_that_leaves_all_bounds_is_read_up_to_there(tmp_path):
    rows = ["r,0,1,2,3,-1", "r,0,2,2,1e101,-1e101", "r,0,3,2,3,-1", "s,0,1,2,1e102,-1e102"]
    (tmp_path / "series.csv").write_text(HEAD + "\n".join(rows) + "\n")
    read = last_steps.read(tmp_path / "series.csv")
    assert {rule: series.steps for rule, series in read.items()} == {"r": (1,)}


# --- profiles in summary.json -----------------------------------------------------------------


def written(found: Summary, path: Path) -> Path:
    path.write_text(json.dumps({"schema": SCHEMA, **asdict(found)}))
    return path


def test_profiles_come_back_from_the_file(tmp_path):
    found = summary_in(written(summary(), tmp_path / "summary.json"))
    assert found.profiles == {rule: profile(rule) for rule in ("rtrl", "trtrl")}


def test_a_summary_of_before_has_no_profiles(tmp_path):
    record = json.loads(written(summary(), tmp_path / "summary.json").read_text())
    del record["profiles"]
    (tmp_path / "summary.json").write_text(json.dumps(record))
    assert summary_in(tmp_path / "summary.json").profiles == {}
    del record["rows"]
    (tmp_path / "summary.json").write_text(json.dumps(record))
    with pytest.raises(UserError, match="not a summary"):
        summary_in(tmp_path / "summary.json")


HARMFUL = [
    ("traffic", 5, "is no table"),
    ("traffic", {"names": ["a"], "words": [[1, 2]]}, "has 2 of 1"),
    ("traffic", {"names": ["a"], "words": [[-1]]}, "no number of 0 or more"),
    ("traffic", {"names": ["a"]}, "words: missing"),
    ("hops", {"x": 1}, "no number of links"),
    ("hops", {"1": float("nan")}, "no number of 0 or more"),
    ("links", {**profile("rtrl")["links"], "rows": 10**9}, "can be drawn up to 4,096"),
    ("links", {**profile("rtrl")["links"], "rows": 0}, "can be drawn up to 4,096"),
    ("links", {**profile("rtrl")["links"], "flits": [[0, 4, 1]]}, "no tile 4"),
    ("links", {**profile("rtrl")["links"], "flits": [[0, 0.5, 1]]}, "no tile 0.5"),
    ("links", {**profile("rtrl")["links"], "flits": [[0, 1]]}, "has 2 of 3"),
    ("cycles", {"a": {"compute": "much"}}, "no number of 0 or more"),
    ("cycles", {"a": 5}, "is no table"),
    ("energy_pj", {"nm45": {"add": 1e200}}, "no number of 0 or more"),
    ("energy_sources", {"nm45": {"add": 5}}, "is no text"),
    ("reuse", {**profile("rtrl")["reuse"], "accesses": [1]}, "has 1 of 8"),
    ("roofline", [{"level": "a"}], "missing"),
    ("rent", {"exponent": "1", "points": []}, "no number of 0 or more"),
    ("footprint", {"words": 1, "bits": 1, "blocks": {"x": None}}, "no number of 0 or more"),
]


@pytest.mark.parametrize(("part", "value", "said"), HARMFUL)
def test_a_harmful_profile_is_refused(part, value, said, tmp_path):
    path = written(summary(profiles={"rtrl": {part: value}}), tmp_path / "summary.json")
    with pytest.raises(UserError, match=said) as caught:
        summary_in(path)
    assert f"profiles.'rtrl' {part}" in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_list_in_a_row_holds_figures_alone(tmp_path):
    bad = summary(rows=(row("rtrl", nmse_by_seed=["x"]),))
    with pytest.raises(UserError, match="nmse_by_seed"):
        summary_in(written(bad, tmp_path / "summary.json"))


def test_a_page_that_cannot_be_written_says_where(tmp_path):
    (tmp_path / "figures").write_text("a file where the folder should be")
    with pytest.raises(UserError, match="figures"):
        results.place(tmp_path / "figures" / "a.svg", b"")
