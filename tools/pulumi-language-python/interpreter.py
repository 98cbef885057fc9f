"""Which Python runs a program: what the runtime options of its Pulumi.yaml and the environment say.

The order is that of Pulumi's own host, without its package managers: nothing is installed, no lock file is looked for.
"""

import os
import shutil
import subprocess
from pathlib import Path

from pulumi.runtime.proto.language_pb2 import ProgramInfo


class UnusableOptionError(Exception):
    """A runtime option of Pulumi.yaml that leads to no Python. The text is for the user."""


def nearest(folder: Path, *names: str) -> Path:
    """The closest folder, from `folder` upwards, that holds the first of `names` found at all; else `folder`."""
    for name in names:
        for candidate in (folder, *folder.parents):
            if (candidate / name).exists():
                return candidate
    return folder


def virtual_environment(info: ProgramInfo) -> Path | None:
    """The virtual environment that the project's runtime options name, or None for the ambient Python."""
    options, program = dict(info.options), Path(info.program_directory)
    if checker := options.get("typechecker"):
        raise UnusableOptionError(
            f"runtime option `typechecker`: `{checker}` (expected none: this language host does not type-check). "
            "Remove it from Pulumi.yaml, or use the engine of Pulumi's installer."
        )
    if named := options.get("virtualenv"):
        return Path(info.root_directory or program, named)
    if options.get("toolchain") == "uv":
        project = nearest(program, "uv.lock", "pyproject.toml")
        return project / os.environ.get("UV_PROJECT_ENVIRONMENT", ".venv")
    if options.get("toolchain") == "poetry":
        if shutil.which("poetry") is None:
            raise UnusableOptionError(
                "runtime option `toolchain`: there is no `poetry` on PATH (expected it, to ask for its environment). "
                "Install it, or name the environment with `virtualenv`."
            )
        answer = subprocess.run(
            ["poetry", "env", "info", "--path"], cwd=program, capture_output=True, text=True, check=False
        )
        if answer.returncode != 0:
            raise UnusableOptionError(
                f"runtime option `toolchain`: `poetry` names no environment: {answer.stderr.strip()}. "
                "Run `poetry install`."
            )
        return Path(answer.stdout.strip())
    return None


def python_for(info: ProgramInfo) -> tuple[str, dict[str, str]]:
    """The interpreter of a program and its environment, in the order of Pulumi's own host.

    The virtual environment of the project's options, else `PULUMI_PYTHON_CMD`, else `python3`, else `python`.
    """
    environment = dict(os.environ)
    if folder := virtual_environment(info):
        python = folder / "bin" / "python"
        if not python.is_file():
            raise UnusableOptionError(
                f"Pulumi.yaml names the virtual environment `{folder}`: there is no `bin/python` in it "
                "(expected an environment with the project's packages). Create it and install them."
            )
        environment.pop("PYTHONHOME", None)
        environment["VIRTUAL_ENV"] = str(folder)
        environment["PATH"] = os.pathsep.join([str(python.parent), environment.get("PATH", os.defpath)])
        return str(python), environment
    wanted = os.environ.get("PULUMI_PYTHON_CMD")
    for name in [wanted] if wanted else ["python3", "python"]:
        if found := shutil.which(name):
            return found, environment
    raise UnusableOptionError(f"no `{wanted or 'python3'}` on PATH (expected Python 3.10 or later). Install it.")
