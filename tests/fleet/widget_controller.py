"""The controller of the example's Widgets, as a process of the test's own."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "07-custom-health"


@contextmanager
def widget_controller(environment: Mapping[str, str], *clusters: str, phase: str = "Running") -> Iterator[None]:
    """It runs on these clusters while the block does, and gives every Widget this phase."""
    command = [sys.executable, str(EXAMPLE / "controller.py"), *clusters, f"--phase={phase}"]
    with subprocess.Popen(command, env=dict(environment)) as process:
        try:
            yield
            assert process.poll() is None, "the controller has ended by itself"
        finally:
            process.terminate()
