"""Changes the scheduler's code in many small ways and counts which of the changes no test notices: `make mutants`.

Each mutant runs in a process of its own, forked from one that has loaded everything but this project, so that most die
within two seconds. Nothing is written: the changed module exists in memory only.
"""

import argparse
import importlib.abc
import importlib.machinery
import importlib.util
import os
import random
import signal
import sys
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from mutations import Mutant, mutants

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SCHEDULING = ROOT / "provider" / "kubefleet" / "scheduling"
TARGETS = (
    "filters/*.py",
    "tolerance.py",
    "division.py",
    "seats.py",
    "divide_twice.py",
    "share.py",
    "shared.py",
    "bounds.py",
    "newly_divided.py",
    "autoscaled.py",
    "domains.py",
    "groups.py",
    "firm.py",
    "regroup.py",
    "scorers/spread.py",
)
"""Filters, division and spread, below `scheduling`."""

_SLOW = "tests/scheduling/test_division.py::test_over_contenders_replicas_are_divided_as_over_everyone"
_CASES = "tests/cases/test_cases.py"
STAGES = (
    ("tests/scheduling", f"--deselect={_SLOW}"),
    (f"{_CASES}::test_the_plan_is_what_the_case_expects",),
    (f"{_CASES}::test_every_cluster_is_chosen_or_refused_with_a_reason", _SLOW, "tests/report"),
    ("tests/properties/test_every_plan.py",),
)
"""What runs against a mutant, one after the other until one fails: what is quick and notices most comes first."""

_LEFT_OUT = ("test_kernel.py", "test_unchanged.py", "test_stampede.py")
"""They are about speed, and take most of the time: two ways to one plan, both of which use what is changed here."""

QUIET = ["-x", "-q", "-m", "fast", "-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-profile", "mutants"]
QUIET += [f"--ignore=tests/scheduling/{name}" for name in _LEFT_OUT]


@dataclass(frozen=True, slots=True)
class Subject:
    """A mutant of one module."""

    file: Path
    mutant: Mutant

    @property
    def name(self) -> str:
        """Where it is, below `scheduling`, and what was changed."""
        return f"{self.file.relative_to(SCHEDULING)}: {self.mutant.name}"


class Changed(importlib.abc.SourceLoader, importlib.abc.MetaPathFinder):
    """Loads one module from another source."""

    def __init__(self, subject: Subject) -> None:
        self._file, self._source = subject.file, subject.mutant.source
        dotted = subject.file.relative_to(SCHEDULING.parent.parent).with_suffix("").parts
        self._package = dotted[-1] == "__init__"
        self._module = ".".join(dotted[:-1] if self._package else dotted)

    def find_spec(self, fullname: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        """The module that is changed; all others are found as ever."""
        if fullname != self._module:
            return None
        return importlib.util.spec_from_file_location(fullname, self._file, loader=self)

    def get_filename(self, fullname: str) -> str:  # noqa: ARG002 - the protocol's signature
        """Where the module would be."""
        return str(self._file)

    def get_data(self, path: str) -> bytes:
        """Its changed source; there is no byte code."""
        if path != str(self._file):
            raise OSError(path)
        return self._source.encode()


def subjects(only: str = "") -> list[Subject]:
    """All mutants whose name contains `only`."""
    files = sorted({file for target in TARGETS for file in SCHEDULING.glob(target)})
    found = [Subject(file, mutant) for file in files for mutant in mutants(file.read_text())]
    return [subject for subject in found if only in subject.name]


def survives(subject: Subject | None, seconds: float) -> bool:
    """Whether no test notices; a mutant that does not end in time is noticed. None is the code as it is."""
    child = os.fork()
    if child == 0:
        _try(subject)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status == 0
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def _try(subject: Subject | None) -> None:
    """Runs the stages and ends the process: 0 if all of them pass."""
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    code = 1
    try:
        if subject is not None:
            sys.meta_path.insert(0, Changed(subject))
        for stage in STAGES:
            code = int(pytest.main([*QUIET, *stage]))
            if code:
                break
    finally:
        os._exit(code)


def _prepare() -> None:
    """Loads what the tests load, and forgets this project again."""
    settings.register_profile(
        "mutants",
        max_examples=8,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
    )
    __import__("kubefleet.cli.main")
    for name in [name for name in sys.modules if name.split(".")[0] == "kubefleet"]:
        del sys.modules[name]


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Reports every mutant that nothing notices, and how many are noticed. Fails where these are too few."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="mutants whose `FILE: FUNCTION: CHANGE` contains this text")
    parser.add_argument("--sample", type=int, default=150, help="how many of all; 0: all of them")
    parser.add_argument("--seed", type=int, default=0, help="which sample")
    parser.add_argument("--least", type=int, default=85, help="percent that must be noticed, equivalent ones left out")
    given = parser.parse_args()
    os.chdir(ROOT)
    _prepare()
    began = time.monotonic()
    if not survives(None, 600):
        sys.exit("the tests fail without any change. Run `make fast`.")
    limit = 2 * (time.monotonic() - began) + 10
    equivalent: dict[str, str] = tomllib.loads((HERE / "equivalent.toml").read_text())
    if gone := sorted(set(equivalent) - {subject.name for subject in subjects()}):
        sys.exit("equivalent.toml names what is no mutant (any more): " + "; ".join(gone))
    chosen = [subject for subject in subjects(given.only) if subject.name not in equivalent]
    random.Random(given.seed).shuffle(chosen)
    chosen = chosen[: given.sample or None]
    noticed = percent = 0
    for tried, subject in enumerate(chosen, 1):
        if survives(subject, limit):
            _say(f"survives, line {subject.mutant.line}: {subject.name}")
        else:
            noticed += 1
        percent = 100 * noticed // tried
        if tried % 10 == 0 or tried == len(chosen):
            _say(f"{noticed} of {tried} mutants noticed, {percent} %, in {time.monotonic() - began:.0f} s")
    if percent < given.least:
        sys.exit(1)


if __name__ == "__main__":
    main()
