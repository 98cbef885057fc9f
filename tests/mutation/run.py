"""Changes the scheduler's code in many small ways and counts which of the changes no test notices: `make mutants`.

All tests are loaded once. Each mutant is put into a process that is forked from there, and runs those tests that run
the changed statement, the quickest first, until one fails: most die within a second. Nothing is written: a changed
module exists in memory only.
"""

import argparse
import os
import random
import sys
import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from judge import Judge
from subjects import ROOT, Subject, subjects

HERE = Path(__file__).parent
TESTS = ["tests/scheduling", "tests/cases", "tests/report", "tests/properties/test_every_plan.py"]
LEFT_OUT = ("test_kernel.py", "test_unchanged.py", "test_stampede.py")
"""They are about speed, and take most of the time: two ways to one plan, both of which use what is changed here."""

ARGUMENTS = [*TESTS, *(f"--ignore=tests/scheduling/{name}" for name in LEFT_OUT)]
ARGUMENTS += ["-x", "-qq", "-s", "--disable-warnings", "-m", "fast", "-p", "no:cacheprovider", "-p", "no:xdist"]
ARGUMENTS += ["--hypothesis-profile", "mutants"]


def main() -> None:
    """Reports every mutant that nothing notices, and how many are noticed. Fails where these are too few."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="mutants whose `FILE: FUNCTION: CHANGE` contains this text")
    parser.add_argument("--sample", type=int, default=0, help="how many of them; 0: all")
    parser.add_argument("--seed", type=int, default=0, help="in which order, and so which sample")
    parser.add_argument("--least", type=int, default=85, help="percent that must be noticed, equivalent ones left out")
    given = parser.parse_args()
    os.chdir(ROOT)
    settings.register_profile(
        "mutants",
        max_examples=8,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
    )
    everything = subjects()
    equivalent: dict[str, str] = tomllib.loads((HERE / "equivalent.toml").read_text())
    if gone := sorted(set(equivalent) - {subject.name for subject in everything}):
        sys.exit("equivalent.toml names what is no mutant (any more): " + "; ".join(gone))
    chosen = [subject for subject in everything if subject.name not in equivalent and given.only in subject.name]
    random.Random(given.seed).shuffle(chosen)
    chosen = chosen[: given.sample or None]
    percents = [0]
    files = frozenset(subject.file for subject in everything)
    pytest.main(ARGUMENTS, [Judge(ARGUMENTS, files, lambda judge: percents.append(_judged(judge, chosen)))])
    if percents[-1] < given.least:
        sys.exit(1)


def _judged(judge: Judge, chosen: list[Subject]) -> int:
    """The percentage that is noticed."""
    began, noticed, percent = time.monotonic(), 0, 0
    for tried, subject in enumerate(chosen, 1):
        if judge.survives(subject):
            _say(f"survives, line {subject.mutant.lines.start}: {subject.name}")
        else:
            noticed += 1
        percent = 100 * noticed // tried
        if tried % 50 == 0 or tried == len(chosen):
            _say(f"{noticed} of {tried} mutants noticed, {percent} %, in {time.monotonic() - began:.0f} s")
    return percent


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
