"""The README: every command and snippet in it runs, and the report it shows is the real one."""

import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.hardware import needs

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
COMMANDS = [
    line.split("#")[0].removeprefix("$ python3 start.py").strip()
    for block in re.findall(r"```console\n(.*?)```", README, re.S)
    for line in block.splitlines()
]
DOES_ITSELF = "test"


@cache
def output_of(words: str, out: Path | None = None) -> str:
    """Run one neurosim command as `start.py` would, from the checkout."""
    arguments = shlex.split(words) or ["compare", "compare"]
    if arguments[0] in ("run", "compare", "sweep", "hardware", "report"):
        arguments += ["--out", str(out)]
    done = subprocess.run(
        [sys.executable, "-m", "neurosim", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


def test_the_two_commands_come_first() -> None:
    assert COMMANDS[:2] == ["", DOES_ITSELF]


@pytest.mark.parametrize("words", [words for words in COMMANDS if words and words != DOES_ITSELF])
def test_the_command_runs(words: str, out: Path) -> None:
    if words.startswith("hardware") and not needs.CAN_SIMULATE:
        pytest.skip("needs Verilator and a C++ compiler")
    if words == "report":  # of something that there is
        output_of(next(other for other in COMMANDS if other.startswith("run")), out)
    assert output_of(words, out)


def test_the_report_shown_is_the_one_printed(out: Path) -> None:
    """Line by line, but for the error, whose last digits depend on the processor's BLAS."""
    printed = {" ".join(line.split()) for line in output_of("", out).splitlines()}
    shown = re.search(r"```text\n( +RTRL.*?)```", README, re.S)
    assert shown
    for line in shown[1].splitlines():
        if "normalised error" not in line:
            assert " ".join(line.split()) in printed


def test_the_errors_shown_are_close_to_those_measured(out: Path) -> None:
    def errors(text: str) -> list[float]:
        line = next(line for line in text.splitlines() if "normalised error" in line)
        return [float(word) for word in line.split()[2:4]]

    assert errors(README) == pytest.approx(errors(output_of("", out)), rel=0.2)


def test_the_python_snippets_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for snippet in re.findall(r"(?<!compiler -->\n)```python\n(.*?)```", README, re.S):
        exec(compile(snippet, "README.md", "exec"), {})
    learnt = capsys.readouterr().out.split()
    assert float(learnt[0]) < 0.01  # it learns to lag a sine by one step
    assert (tmp_path / "trained.safetensors").exists()


@needs.compiler
def test_the_chip_of_the_snippet_learns(capsys: pytest.CaptureFixture[str]) -> None:
    snippet = re.search(r"compiler -->\n```python\n(.*?)```", README, re.S)
    assert snippet
    exec(compile(snippet[1], "README.md", "exec"), {})
    assert float(capsys.readouterr().out.splitlines()[-1].split()[0]) < 0.02


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target
