"""Running the real `pulumi` in a folder of its own: state in files, no network, no prompt, no colour.

It touches nothing of the user's: not his home of Pulumi, his backend, his selected stack or his `PULUMI_*` settings.
"""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from kubefleet.lab._session import end_session
from kubefleet.lab.programs import HOST, Program, ProgramError, ensure

RUN_SECONDS = 900
_PROVIDER = "pulumi-resource-"
INTERRUPT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Completed:
    """A command of Pulumi that has ended."""

    arguments: tuple[str, ...]
    code: int
    stdout: str
    stderr: str
    """Empty where both streams were read as one."""


class PulumiEnvironment:
    """Pulumi's command line with everything that it keeps below `folder`, which is made when it is missing.

    Stacks, their state and the installed plugins live as long as the folder, so a second environment on the same folder
    goes on where the first one stopped. Programs run in the Python of this process, unless their Pulumi.yaml names an
    environment; `settings` are added to the environment of each command. `programs` are those of `ensure("pulumi")`;
    providers among them (`pulumi-resource-kubernetes`) are installed.

    Raises:
        ProgramError: Pulumi can neither be found nor built.
    """

    def __init__(
        self,
        folder: Path,
        *,
        programs: Mapping[str, Program] | None = None,
        settings: Mapping[str, str] | None = None,
        colour: bool = False,
    ) -> None:
        self.folder = folder.resolve()
        found = ensure("pulumi") if programs is None else programs
        self._pulumi = found["pulumi"]
        self._passphrase = self.folder / "passphrase"
        for name in ("home", "state"):
            (self.folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        self._write_passphrase()
        for program in found.values():
            if program.name.startswith(_PROVIDER) and program.source == "built":
                self._install(program)
        self.environment = self._environment(found, settings or {}, colour)

    def _install(self, provider: Program) -> None:
        """Put a provider where the engine looks for the version that its SDK asks for."""
        name = f"resource-{provider.name.removeprefix(_PROVIDER)}-v{provider.version}"
        link = self.folder / "home" / "plugins" / name / provider.name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(provider.path)

    def _write_passphrase(self) -> None:
        """A random one, once, readable by the owner only."""
        try:
            descriptor = os.open(self._passphrase, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(24))

    def _environment(self, found: Mapping[str, Program], settings: Mapping[str, str], colour: bool) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
        folders = dict.fromkeys(str(found[name].path.parent) for name in (HOST, "pulumi"))
        kept["PATH"] = os.pathsep.join([*folders, kept.get("PATH", os.defpath)])
        if not colour:
            kept["NO_COLOR"] = "1"
        on_path = any(item.name.startswith(_PROVIDER) and item.source == "PATH" for item in found.values())
        if self._pulumi.source == "built" and not on_path:
            # What lies beside the engine is meant for it; a warning line for each would say so.
            kept["PULUMI_IGNORE_AMBIENT_PLUGINS"] = "true"
        return {
            **kept,
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_BACKEND_URL": (self.folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(self._passphrase),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_PYTHON_CMD": sys.executable,
            **settings,
        }

    def start(
        self,
        *arguments: str,
        cwd: Path,
        stdout: IO[str] | int = subprocess.PIPE,
        stderr: IO[str] | int = subprocess.STDOUT,
        settings: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[str]:
        """Start a command and return at once; by default both streams are one pipe, which the caller must read.

        The process leads a session of its own: signal it as a terminal would (`interrupt`), kill it as you like, and
        call `end` afterwards, which also ends what it left running.
        """
        return subprocess.Popen(
            [str(self._pulumi.path), *arguments],
            cwd=cwd,
            env={**self.environment, **(settings or {})},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            text=True,
            errors="replace",
            start_new_session=True,
        )

    @staticmethod
    def interrupt(process: subprocess.Popen[str]) -> None:
        """What ^C does: the engine is told, the programs and providers that it started are not."""
        process.send_signal(signal.SIGINT)

    @staticmethod
    def end(process: subprocess.Popen[str]) -> None:
        """Kill the command and everything that it started and that is still there."""
        end_session(process.pid)
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()

    def run(
        self,
        *arguments: str,
        cwd: Path,
        settings: Mapping[str, str] | None = None,
        timeout: float = RUN_SECONDS,
    ) -> Completed:
        """Run a command to its end; its exit code is the caller's to judge.

        Raises:
            ProgramError: it had not ended after `timeout` seconds, and was killed.
        """
        process = self.start(*arguments, cwd=cwd, stderr=subprocess.PIPE, settings=settings)
        try:
            stdout, stderr = process.communicate(timeout=timeout)
            return Completed(arguments, process.returncode, stdout, stderr)
        except subprocess.TimeoutExpired as error:
            raise ProgramError(
                f"running `pulumi {' '.join(arguments)}` failed: it still ran after {timeout:g} s (expected an end). "
                f"Look at its state in `{self.folder}`; `pulumi cancel` frees the stack."
            ) from error
        except KeyboardInterrupt:
            self._interrupted(process)
            raise
        finally:
            self.end(process)

    def stream(
        self, *arguments: str, cwd: Path, line: Callable[[str], None], settings: Mapping[str, str] | None = None
    ) -> Completed:
        """Run a command to its end and call `line` with each line of either stream as it comes, without its end."""
        process = self.start(*arguments, cwd=cwd, settings=settings)
        seen: list[str] = []
        try:
            for text in process.stdout or ():
                seen.append(text)
                line(text.rstrip("\n"))
            return Completed(arguments, process.wait(), "".join(seen), "")
        except KeyboardInterrupt:
            self._interrupted(process)
            raise
        finally:
            self.end(process)

    def _interrupted(self, process: subprocess.Popen[str]) -> None:
        """Let a command that the user's ^C did not reach (its session is another) save its state."""
        self.interrupt(process)
        try:
            process.communicate(timeout=INTERRUPT_SECONDS)
        except subprocess.TimeoutExpired:
            return  # it is killed next

    def init(self, stack: str, *, cwd: Path) -> None:
        """Make `stack` of the project in `cwd`, unless it is there, and select it.

        Raises:
            ProgramError: Pulumi refused; its message is in the text.
        """
        done = self.run("stack", "select", "--create", stack, cwd=cwd)
        if done.code != 0:
            raise ProgramError(
                f"making the stack `{stack}` failed: {done.stderr.strip() or done.stdout.strip()} (expected a stack in "
                f"`{self.folder}`). Check Pulumi.yaml in `{cwd}`."
            )
