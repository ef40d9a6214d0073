"""start.py: living long enough to complain, finding an installer, handing over."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import start

SOURCE = Path(start.__file__)


# --- living long enough to complain -------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "fits"),
    [((2, 7, 18), False), ((3, 6, 15), False), ((3, 10, 99), False), ((3, 11, 0), True)],
)
def test_an_old_python_is_told_what_is_needed(version: tuple[int, ...], fits: bool) -> None:
    complaint = start.too_old(version)
    assert bool(complaint) is not fits
    if complaint:
        assert "needs Python 3.11" in complaint
        assert ".".join(map(str, version)) in complaint


def test_an_old_python_can_read_the_file() -> None:
    tree = ast.parse(SOURCE.read_text("utf-8"), feature_version=(3, 6))
    future = [n for n in tree.body if isinstance(n, ast.ImportFrom) and n.module == "__future__"]
    assert not future  # Python 3.6 knows no `annotations` there


def test_an_old_python_ends_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(start, "OLDEST", (99, 0))
    assert start.main([]) == 2
    assert "neurosim needs Python 99.0" in capsys.readouterr().err


def test_nothing_but_the_standard_library_is_imported() -> None:
    names = set()
    for node in ast.walk(ast.parse(SOURCE.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module).split(".")[0])
    assert names <= sys.stdlib_module_names


def test_a_second_start_imports_nothing_heavy() -> None:
    code = "import sys, start; start.state(start.ROOT); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=SOURCE.parent, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert not {"subprocess", "venv", "shutil", "typing", "json"} & set(done.stdout.split())


# --- finding an installer -----------------------------------------------------------------------

FINDERS = [
    "pip_of_this_python",
    "pip_by_ensurepip",
    "uv_on_path",
    "pip_on_path",
    "pip_of_the_system",
]


@pytest.mark.parametrize("first", range(len(FINDERS)))
def test_the_first_installer_that_is_there_is_taken(
    first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place, name in enumerate(FINDERS):
        command = [name] if place >= first else []
        monkeypatch.setattr(start, name, lambda python, command=command: command)
    assert start.installer(Path("python")) == [FINDERS[first]]


def test_without_any_installer_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in FINDERS:
        monkeypatch.setattr(start, name, lambda python: [])
    with pytest.raises(start.Trouble, match="apt install python3-venv"):
        start.installer(Path("python"))


def test_only_a_pip_that_can_install_elsewhere_is_taken() -> None:
    def pip(words: str, code: int = 0) -> list[str]:
        return [sys.executable, "-c", f"print('''{words}'''); raise SystemExit({code})"]

    good = pip("WARNING: words of pip\npip 22.3 from a folder (python 3.11)")
    bad = [["no-such-program"], pip("pip 22.2.9 from x"), pip("pip 99.0", code=1), pip("what?")]
    assert start.first_pip(bad, "P") == []
    assert start.first_pip([*bad, good], "P")[: len(good) + 3] == [
        *good,
        "--python",
        "P",
        "install",
    ]


# --- handing over -------------------------------------------------------------------------------


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Record what is run, in the place of running it."""
    done: list[Any] = []
    monkeypatch.setattr(start, "prepare", lambda root, extras: done.append(extras) or Path("PY"))
    monkeypatch.setattr(start, "become", lambda command: done.append(command) or 0)
    monkeypatch.setattr(start, "wait", lambda command, folder: done.append(command[2:]) or 0)
    return done


@pytest.mark.parametrize(
    ("words", "handed_on"),
    [
        ([], ["compare", "compare"]),
        (["list"], ["list"]),
        (["--help"], ["--help"]),
        (["cost", "a b", "--json"], ["cost", "a b", "--json"]),
    ],
)
def test_words_become_a_command(words: list[str], handed_on: list[str], run: list[Any]) -> None:
    assert start.main(words) == 0
    assert run == [[], ["PY", "-P", "-m", "neurosim", *handed_on]]


def test_the_tests_are_style_types_and_pytest(run: list[Any]) -> None:
    assert start.main(["test"]) == 0
    assert run == [["test"], *start.CHECKS, start.TESTS]


def test_the_tests_with_words_are_pytest_alone(run: list[Any]) -> None:
    assert start.main(["test", "tests/test_x.py", "-k", "foo"]) == 0
    assert run == [["test"], ["pytest", "tests/test_x.py", "-k", "foo"]]


@pytest.mark.parametrize(
    ("codes", "expected"),
    [((0, 0, 0, 0), 0), ((1, 0, 0, 0), 1), ((0, 0, 1, 0), 1), ((0, 0, 0, 4), 4), ((1, 1, 1, 2), 2)],
)
def test_one_failed_check_fails_the_tests_and_none_is_left_out(
    codes: tuple[int, ...], expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = list(codes)
    monkeypatch.setattr(start, "wait", lambda command, folder: left.pop(0))
    assert start.run_tests(Path("PY"), []) == expected
    assert left == []


@pytest.mark.parametrize(
    ("error", "code"), [(start.Trouble("mend this"), 2), (KeyboardInterrupt(), 130)]
)
def test_what_ends_a_start_early(
    error: BaseException,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def end(root: Path, extras: list[str]) -> Path:
        raise error

    monkeypatch.setattr(start, "prepare", end)
    assert start.main([]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
