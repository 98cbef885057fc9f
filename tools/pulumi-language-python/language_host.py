"""A language host for Python: what Pulumi's engine starts to run a Python program.

Pulumi's installer brings a host of its own; this one serves whoever built the engine from its module. It speaks the
`LanguageRuntime` service of the SDK that its Python has installed: handshake, what the program needs, run, about.
Dependencies are not installed and plugins in folders are not run: those calls answer "unimplemented", which the engine
understands.

Started as `language_host.py [--tracing ENDPOINT] [flags] ENGINE_ADDRESS`, it prints the port it listens on as its
first line. It ends, with every program it started, when it is interrupted or when the engine is gone.
"""
# ruff: noqa: N802, ARG002 - the service of the SDK names the methods and their arguments

import argparse
import importlib.metadata
import json
import os
import platform
import signal
import subprocess
import sys
import threading
from concurrent import futures
from pathlib import Path

try:
    import grpc
    from google.protobuf.empty_pb2 import Empty
    from interpreter import UnusableOptionError, python_for
    from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS as GRPC_OPTIONS
    from pulumi.runtime.proto import language_pb2 as messages
    from pulumi.runtime.proto import language_pb2_grpc as service
    from pulumi.runtime.proto.plugin_pb2 import PluginInfo
except ImportError as error:
    sys.exit(
        f"Pulumi's Python host cannot start: `{sys.executable}` has no `{error.name}` (expected the package `pulumi`). "
        "Install it there, or set PULUMI_PYTHON_CMD to a Python that has it."
    )

# The executor ends with this code when it has already shown the program's error to the user.
SHOWN = 32
EXECUTOR = Path(__file__).with_name("pulumi-language-python-exec")
CHECK_SECONDS = 1.0


class Programs:
    """The running programs. Each leads a process group, so that an interrupt reaches it through the engine only."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def run(self, command: list[str], folder: str, environment: dict[str, str], call: grpc.ServicerContext) -> int:
        """Run `command` to its end, or to the end of `call`, and return its exit code (negative: a signal)."""
        with self._lock:
            if self._stopped:
                return -signal.SIGTERM
            process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, process_group=0)
            self._running.add(process)
        try:
            # False: the call is over already.
            if not call.add_callback(lambda: self._kill(process)):
                self._kill(process)
            return process.wait()
        finally:
            with self._lock:
                self._running.discard(process)

    def stop(self) -> None:
        """Kill what runs and start nothing more."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for process in running:
            self._kill(process)

    @staticmethod
    def _kill(process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return  # it ended between the question and the signal


class PythonHost(service.LanguageRuntimeServicer):
    """The calls of the engine. Stateless but for the programs that run."""

    def __init__(self, engine: str, tracing: str, programs: Programs) -> None:
        self._engine, self._tracing, self._programs = engine, tracing, programs

    def Handshake(
        self, request: messages.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> messages.LanguageHandshakeResponse:
        """Learn the engine's address, where the command line had none."""
        self._engine = request.engine_address or self._engine
        return messages.LanguageHandshakeResponse()

    def GetRequiredPackages(self, request: messages.GetRequiredPackagesRequest, context: grpc.ServicerContext):
        """Name nothing in advance: the engine looks for a plugin when the first resource asks for it.

        An installed `pulumi-*` package is no proof that the program uses it, and an unused plugin may be missing.
        """
        return messages.GetRequiredPackagesResponse()

    def GetRequiredPlugins(self, request: messages.GetRequiredPluginsRequest, context: grpc.ServicerContext):
        """The older form of `GetRequiredPackages`."""
        return messages.GetRequiredPluginsResponse()

    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> PluginInfo:
        """The host's version is the SDK's, whose protocol it speaks."""
        return PluginInfo(version=importlib.metadata.version("pulumi"))

    def About(self, request: messages.AboutRequest, context: grpc.ServicerContext) -> messages.AboutResponse:
        """What `pulumi about` prints of the language."""
        try:
            executable, _ = python_for(request.info)
        except UnusableOptionError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        return messages.AboutResponse(executable=executable, version=platform.python_version())

    def GetProgramDependencies(
        self, request: messages.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> messages.GetProgramDependenciesResponse:
        """The packages that pip knows, for `pulumi about`."""
        try:
            python, environment = python_for(request.info)
        except UnusableOptionError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        few = [] if request.transitiveDependencies else ["--not-required"]
        command = [python, "-m", "pip", "--disable-pip-version-check", "list", "--format=json", *few]
        answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if answer.returncode != 0:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, answer.stderr.strip())
        found = [messages.DependencyInfo(name=row["name"], version=row["version"]) for row in json.loads(answer.stdout)]
        return messages.GetProgramDependenciesResponse(dependencies=found)

    def Run(self, request: messages.RunRequest, context: grpc.ServicerContext) -> messages.RunResponse:
        """Run the program. `bail`: it failed and has told the user why; `error`: the engine has to."""
        try:
            python, environment = python_for(request.info)
        except UnusableOptionError as error:
            return messages.RunResponse(error=str(error))
        environment["PULUMI_CONFIG"] = json.dumps(dict(request.config))
        environment["PULUMI_CONFIG_SECRET_KEYS"] = json.dumps(list(request.configSecretKeys))
        folder = request.info.program_directory or request.pwd
        named = {
            "monitor": request.monitor_address,
            "engine": self._engine,
            "project": request.project,
            "root_directory": request.info.root_directory,
            "stack": request.stack,
            "organization": request.organization,
            "pwd": folder,
            "dry_run": "true" if request.dryRun else "false",
            "parallel": str(request.parallel),
            "tracing": self._tracing,
        }
        flags = [part for name, value in named.items() if value for part in (f"--{name}", value)]
        program = request.info.entry_point or request.program or "."
        code = self._programs.run(
            [python, "-u", str(EXECUTOR), *flags, program, *request.args], folder, environment, context
        )
        if code == SHOWN:
            return messages.RunResponse(bail=True)
        if code < 0:
            return messages.RunResponse(error=f"the program was ended by signal {-code}")
        return messages.RunResponse(error=f"Program exited with non-zero exit code: {code}" if code else "")

    def Cancel(self, request: Empty, context: grpc.ServicerContext) -> Empty:
        """End what runs: the engine is about to close this host."""
        self._programs.stop()
        return Empty()


def main() -> None:
    """Serve until interrupted, or until the engine, this process's parent, is gone."""
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    engine_process = os.getppid()
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--tracing", default="")
    known, rest = arguments.parse_known_args()
    engine = rest[-1] if rest and not rest[-1].startswith("-") else ""

    programs = Programs()
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), options=GRPC_OPTIONS)
    service.add_LanguageRuntimeServicer_to_server(PythonHost(engine, known.tracing, programs), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    while not over.wait(CHECK_SECONDS) and os.getppid() == engine_process:
        pass
    programs.stop()
    server.stop(grace=0).wait()


if __name__ == "__main__":
    main()
