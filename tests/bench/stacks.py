"""Pulumi programs that benchmarks run, and how long their commands take."""

import time
from collections.abc import Callable
from pathlib import Path

from kubefleet.lab.lab import Lab
from kubefleet.lab.pulumi import Completed, PulumiEnvironment

UP = ("up", "--yes", "--skip-preview", "--parallel", "32")
PREVIEW = ("preview", "--parallel", "32")
DESTROY = ("destroy", "--yes", "--skip-preview", "--parallel", "32")
EMPTY = "import pulumi\n"
# The first up of 200 placements may take ten minutes where other work is running.
LONGEST_SECONDS = 3600


class Stack:
    """One program with its stack, in a folder of its own."""

    def __init__(self, pulumi: PulumiEnvironment, folder: Path, program: str) -> None:
        folder.mkdir(exist_ok=True)
        self._pulumi, self._folder = pulumi, folder
        if not (folder / "Pulumi.yaml").exists():
            (folder / "Pulumi.yaml").write_text(f"name: {folder.name}\nruntime: python\n")
        if program:
            self.write(program)
        pulumi.init("bench", cwd=folder)

    def write(self, program: str) -> None:
        """Make this the program."""
        (self._folder / "__main__.py").write_text(program)

    def run(self, *arguments: str) -> Completed:
        """A command that must succeed."""
        done = self._pulumi.run(*arguments, cwd=self._folder, timeout=LONGEST_SECONDS)
        if done.code != 0:
            raise RuntimeError(done.stdout + done.stderr)
        return done

    def seconds(self, *arguments: str) -> float:
        """How long a command takes that must succeed."""
        return timed(lambda: self.run(*arguments))


def engine(lab: Lab, folder: Path) -> PulumiEnvironment:
    """An engine below `folder` whose kubeconfig is the lab's."""
    return PulumiEnvironment(folder / "pulumi", settings={"KUBECONFIG": str(lab.kubeconfig)})


def timed(work: Callable[[], object]) -> float:
    """Seconds that it took."""
    started = time.monotonic()
    work()
    return time.monotonic() - started
