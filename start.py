#!/usr/bin/env python3
"""Start neurosim from a checkout, with nothing installed but Python.

    python3 start.py             the main comparison: what learning costs with RTRL and with TRTRL
    python3 start.py test        style, types and tests; words after it go to pytest alone
    python3 start.py WORDS...    the neurosim command with these words, such as list or --help

The first start makes ``.venv`` beside this file and installs the project into it; later ones find
a stamp there that still fits, and go straight on. This file uses the standard library alone, and
only grammar that a Python too old for neurosim can read: it has to live long enough to say so.
"""

import contextlib
import hashlib
import os
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
OLDEST = (3, 11)
MAIN_COMPARISON = ["compare", "compare"]
CHECKS = (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"])
TESTS = ["pytest", "-n", "auto", "--maxprocesses", "8", "--dist", "worksteal"]

PIP_WITH_PYTHON_OPTION = (22, 3)
PIP_FLAGS = ["--no-input", "--no-user", "--progress-bar=off", "--disable-pip-version-check"]
NO_INSTALLER = """\
{python} comes without pip, and no other installer was found. Install one, then start again:
  Debian, Ubuntu   apt install python3-venv
  Fedora           dnf install python3-pip
  elsewhere        a Python with pip or ensurepip, or uv"""
INSTALL_FAILED = """\
{tail}
Installing failed. All that the installer said is in {log}
Check the network, and the index that pip is configured for (`pip config list`); start again."""
NOT_WRITABLE = """\
{venv} cannot be written ({reason}).
Copy the checkout to a folder of your own and start there."""


class Trouble(Exception):
    """Something the user has to mend; the message says what, and how."""


def say(message: str) -> None:
    """Tell the user how it goes, beside the data on stdout."""
    print(message, file=sys.stderr, flush=True)


def too_old(version: "tuple[int, ...]") -> str:
    """Return why this Python cannot run neurosim, or nothing where it can."""
    if version[:2] >= OLDEST:
        return ""
    has, needs = (".".join(map(str, v)) for v in (version[:3], OLDEST))
    return f"neurosim needs Python {needs} or newer, and this is {has} ({sys.executable})."


# --- the state of .venv -----------------------------------------------------------------------


def python_in(venv: Path) -> Path:
    """Return where the interpreter of an environment lies."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def stamp_in(venv: Path) -> Path:
    """Return the file that says what was installed: absent in an environment of somebody else."""
    return venv / "neurosim.stamp"


def stamp_text(root: Path, extras: "Sequence[str]" = ()) -> str:
    """Return the stamp of a finished install: interpreter, place, project, extras, a line each."""
    python = f"{sys.implementation.cache_tag}{getattr(sys, 'abiflags', '')} {sys.platform}"
    project = hashlib.sha256((root / "pyproject.toml").read_bytes()).hexdigest()
    return "\n".join([python, str(root), project, " ".join(extras)])


def state(root: Path, extras: "Sequence[str]" = ()) -> str:
    """Return what ``.venv`` is good for: absent, foreign, broken, stale (install again) or ready.

    It is broken where a start was cut short, where it was made by another Python or in another
    place, or where its interpreter or the installed project are gone.
    """
    venv = root / ".venv"
    stamp = stamp_in(venv)
    if not stamp.is_file():
        empty = not os.path.lexists(venv) or (venv.is_dir() and not any(venv.iterdir()))
        return "absent" if empty else "foreign"
    found = stamp.read_text("utf-8", "replace").split("\n")
    python, place, project, _ = stamp_text(root).split("\n")
    if found[:2] != [python, place] or not python_in(venv).exists() or not installed(venv):
        return "broken"
    if found[2:3] != [project] or not set(extras) <= set(" ".join(found[3:]).split()):
        return "stale"
    return "ready"


def installed(venv: Path) -> bool:
    """Return whether the project is among the packages of an environment."""
    places = [venv / "Lib"] if os.name == "nt" else list((venv / "lib").glob("python3*"))
    return any(any(p.glob("site-packages/neurosim_hdl-*.dist-info")) for p in places)


# --- making .venv -----------------------------------------------------------------------------


def prepare(root: Path, extras: "Sequence[str]" = ()) -> Path:
    """Return the interpreter of an environment that has the project, making it where needed."""
    venv = root / ".venv"
    try:
        if state(root, extras) == "ready":
            return python_in(venv)
        with alone(root):
            now = state(root, extras)  # another start may just have made it
            if now != "ready":
                make(venv, now)
                install(root, extras)
    except OSError as error:
        if not (root / "pyproject.toml").is_file():
            raise Trouble(f"No pyproject.toml in {root}: start.py belongs beside it.") from error
        reason = error.strerror or str(error)
        raise Trouble(NOT_WRITABLE.format(venv=venv, reason=reason)) from error
    return python_in(venv)


@contextlib.contextmanager
def alone(root: Path) -> "Iterator[None]":
    """Keep a second start waiting while the first one installs (where the system has locks)."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with (root / "pyproject.toml").open("rb") as lock:
        os.set_inheritable(lock.fileno(), True)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another start is installing; waiting for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError:
            pass  # a file system without locks: two starts at once are rare
        yield


def make(venv: Path, now: str) -> None:
    """Make the empty environment, or make it anew, or leave it where only packages are missing."""
    if now == "stale":
        return
    import venv as maker

    if now == "foreign":
        set_aside(venv)
    venv.mkdir(exist_ok=True)
    # The empty stamp comes first and the full one last: what is cut short between is ours to mend.
    stamp_in(venv).write_text("", "utf-8")
    clear(venv)
    try:
        maker.EnvBuilder(symlinks=os.name != "nt").create(venv)
    except ValueError as error:  # a path that no environment can have
        raise Trouble(str(error)) from error


def set_aside(venv: Path) -> None:
    """Rename an environment that this file did not make: it may be dear to somebody."""
    number = 1
    while os.path.lexists(venv.with_name(f".venv-old-{number}")):
        number += 1
    aside = venv.with_name(f".venv-old-{number}")
    venv.rename(aside)
    say(f".venv was not made by start.py, or not to its end: kept as {aside.name}.")


def clear(venv: Path) -> None:
    """Remove all that an environment holds, but for the stamp."""
    import shutil

    for entry in venv.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry != stamp_in(venv):
            entry.unlink()


def install(root: Path, extras: "Sequence[str]" = ()) -> None:
    """Install the project, editable, with these extras, and stamp the environment."""
    import time

    begin = time.monotonic()
    venv = root / ".venv"
    stamp_in(venv).write_text("", "utf-8")
    say("Installing neurosim into .venv, which later starts need not do ...")
    project = f".[{','.join(extras)}]" if extras else "."
    # From inside the checkout, so that blanks and brackets in its path are nobody's concern.
    run_installer([*installer(python_in(venv)), "--editable", project], root)
    stamp_in(venv).write_text(stamp_text(root, extras), "utf-8")
    say(f"Installed in {time.monotonic() - begin:.0f} s.")


def run_installer(command: "list[str]", root: Path) -> None:
    """Run an installer in the checkout; its words go to a log, and to the user if it fails."""
    code, text = quietly(command, root)
    log = root / ".venv" / "install.log"
    log.write_text(text, "utf-8")
    if code:
        lines = text.strip().splitlines()
        errors = [line for line in lines if "ERROR:" in line] or lines
        tail = "\n".join("  " + line.strip() for line in errors[-8:])
        raise Trouble(INSTALL_FAILED.format(tail=tail, log=log))


def quietly(command: "list[str]", folder: Path = ROOT) -> "tuple[int, str]":
    """Run a command and return its exit code and its words; what is not there fails with 127."""
    import subprocess

    # An installer must not count packages that lie elsewhere as installed here.
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            close_fds=False,  # an installer that outlives a killed start holds its lock
        )
    except OSError as error:
        return 127, str(error)
    return done.returncode, done.stdout.decode("utf-8", "replace")


# --- finding an installer ---------------------------------------------------------------------


def installer(python: Path) -> "list[str]":
    """Return a command that installs packages for this interpreter, up to the word ``install``.

    The environment is made without pip, for ensurepip is what a distribution leaves out first. The
    pip that runs this file serves it from outside; then come ensurepip, uv, a pip on the path, and
    the wheel of pip that a system keeps for its own use.
    """
    for find in (pip_of_this_python, pip_by_ensurepip, uv_on_path, pip_on_path, pip_of_the_system):
        command = find(str(python))
        if command:
            return command
    raise Trouble(NO_INSTALLER.format(python=sys.executable))


def pip_of_this_python(python: str) -> "list[str]":
    """Return the pip of the running interpreter, or of the one its own environment stands on."""
    interpreters = dict.fromkeys([sys.executable, getattr(sys, "_base_executable", "")])
    return first_pip([[i, "-m", "pip"] for i in interpreters if i], python)


def pip_by_ensurepip(python: str) -> "list[str]":
    """Return the pip that ensurepip puts into the environment."""
    code, _ = quietly([python, "-m", "ensurepip", "--default-pip"])
    return [python, "-m", "pip", "install", *PIP_FLAGS] if code == 0 else []


def uv_on_path(python: str) -> "list[str]":
    """Return uv, which takes the interpreter as an option."""
    works = quietly(["uv", "--version"])[0] == 0
    return ["uv", "pip", "install", "--python", python] if works else []


def pip_on_path(python: str) -> "list[str]":
    """Return the pip of another interpreter."""
    return first_pip([["pip3"], ["pip"]], python)


def pip_of_the_system(python: str) -> "list[str]":
    """Return the wheel of pip that a distribution keeps for making environments."""
    wheels = sorted(Path("/usr/share/python-wheels").glob("pip-*.whl"))
    return [python, str(wheels[-1] / "pip"), "install", *PIP_FLAGS] if wheels else []


def first_pip(commands: "list[list[str]]", python: str) -> "list[str]":
    """Return the first of these pips that runs and can install for another interpreter."""
    for command in commands:
        code, text = quietly([*command, "--version"])
        version = re.search(r"^pip (\d+)\.(\d+)", text, re.MULTILINE)
        if code == 0 and version and tuple(map(int, version.groups())) >= PIP_WITH_PYTHON_OPTION:
            return [*command, "--python", python, "install", *PIP_FLAGS]
    return []


# --- running ----------------------------------------------------------------------------------


def run_tests(python: Path, words: "Sequence[str]") -> int:
    """Run style, types and tests, all of them, or pytest alone with the words given; 0 if well."""
    # A worker per core is enough: threads of the linear algebra on top would only wait in line.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    if words:
        return wait([str(python), "-m", "pytest", *words], ROOT)
    failed = [" ".join(check) for check in CHECKS if wait([str(python), "-m", *check], ROOT)]
    code = wait([str(python), "-m", *TESTS], ROOT)
    for name in failed:
        say(f"{name}: failed, see above.")
    return code or int(bool(failed))


def wait(command: "list[str]", folder: "Path | None" = None) -> int:
    """Run a command to its end, also when it is interrupted: it may have something to say."""
    import subprocess

    with subprocess.Popen(command, cwd=folder) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.wait()
            raise


def become(command: "list[str]") -> int:
    """Turn into this command, in the folder where the user stands; its hints name this file."""
    os.environ["NEUROSIM_COMMAND"] = f"python3 {shlex.quote(sys.argv[0])}"
    if os.name != "nt":
        os.execv(command[0], command)
    return wait(command)


def main(words: "Sequence[str]") -> int:
    """Prepare the environment and hand over to what the words ask for."""
    complaint = too_old(sys.version_info[:3])
    if complaint:
        say(complaint)
        return 2
    testing = list(words[:1]) == ["test"]
    try:
        python = prepare(ROOT, ["test"] if testing else [])
        if testing:
            return run_tests(python, words[1:])
        # -P: a file of the user's that is named like a module must not come in its way.
        return become([str(python), "-P", "-m", "neurosim", *(words or MAIN_COMPARISON)])
    except Trouble as trouble:
        say(str(trouble))
        return 2
    except KeyboardInterrupt:
        say("Stopped. What is half made, the next start mends.")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
