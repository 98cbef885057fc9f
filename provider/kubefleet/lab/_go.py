"""Go's compiler: which one is there, and running it with its messages as a stream of lines."""

import json
import os
import selectors
import shutil
import signal
import subprocess
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kubefleet.lab._errors import ProgramError

OLDEST = (1, 21)
"""From this release on Go fetches, by itself, the newer toolchain that a go.mod asks for."""

TICK_SECONDS = 1.0
KEPT_LINES = 12


@dataclass(frozen=True, slots=True)
class Go:
    """An installed Go, by what decides over the bytes that it builds."""

    path: str
    version: str
    target: str
    """Operating system, architecture and whether C may be called, like `linux-amd64-cgo1`."""


def go_environment() -> dict[str, str]:
    """The caller's environment without what would build something else: a workspace, or flags of his own."""
    return {**os.environ, "GOWORK": "off", "GOFLAGS": ""}


def find_go() -> Go | None:
    """The Go on PATH, or None. Costs some 20 ms.

    Raises:
        ProgramError: it is too old, or does not answer.
    """
    path = shutil.which("go")
    if path is None:
        return None
    names = ("GOVERSION", "GOOS", "GOARCH", "CGO_ENABLED")
    # `local`: a question must not download a toolchain.
    environment = {**go_environment(), "GOTOOLCHAIN": "local"}
    answer = subprocess.run(
        [path, "env", "-json", *names], capture_output=True, text=True, env=environment, check=False
    )
    if answer.returncode != 0:
        raise ProgramError(
            f"asking Go's compiler failed: `{path} env` says: {answer.stderr.strip() or answer.stdout.strip()} "
            "(expected its settings). Repair that installation of Go, or take it off PATH."
        )
    values: Mapping[str, str] = json.loads(answer.stdout)
    version = values["GOVERSION"].removeprefix("go")
    if _numbers(version) < OLDEST:
        raise ProgramError(
            f"building the programs failed: `{path}` is Go {version} (expected {'.'.join(map(str, OLDEST))} or later). "
            "Install a newer Go."
        )
    return Go(path, version, f"{values['GOOS']}-{values['GOARCH']}-cgo{values['CGO_ENABLED']}")


def _numbers(version: str) -> tuple[int, ...]:
    parts = version.split(".")
    return tuple(int(part) for part in parts[:2] if part.isdigit()) if version[:1].isdigit() else OLDEST


class GoFailedError(Exception):
    """A command of Go ended badly; the text is what it wrote last."""


def run_go(go: Go, arguments: Sequence[str], folder: Path, heard: Callable[[str | None], None], log: Path) -> list[str]:
    """Run a command of Go in `folder` and return the lines of its standard output.

    `heard` gets each line of standard error as it comes, and None after each second without one; `log` gets them too.
    The command ends, with the compilers that it started, when this function is left by an exception.

    Raises:
        GoFailedError: its exit code is not 0.
    """
    with tempfile.TemporaryFile("w+") as answer, log.open("a") as kept:
        process = subprocess.Popen(
            [go.path, *arguments],
            cwd=folder,
            env=go_environment(),
            stdin=subprocess.DEVNULL,
            stdout=answer,
            stderr=subprocess.PIPE,
            process_group=0,
        )
        last: deque[str] = deque(maxlen=KEPT_LINES)
        try:
            for line in _lines(process):
                if line is not None:
                    kept.write(line + "\n")
                    last.append(line)
                heard(line)
            if process.wait() != 0:
                raise GoFailedError("\n".join(last))
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        answer.seek(0)
        return answer.read().splitlines()


def _lines(process: subprocess.Popen[bytes]) -> Iterator[str | None]:
    """Each line of standard error without its end; None when a second went by without any."""
    stream = process.stderr
    if stream is None:
        return
    rest = b""
    with stream, selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while True:
            if not selector.select(TICK_SECONDS):
                yield None
                continue
            chunk = os.read(stream.fileno(), 65536)
            if not chunk:
                break
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                yield line.decode(errors="replace")
    if rest:
        yield rest.decode(errors="replace")
