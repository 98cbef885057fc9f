"""Runs the benchmarks, one after another, each in a process of its own: none inherits another's memory or caches.

    python tests/bench/run.py [--only NAME]... [--output bench.json]

Prints every row when its benchmark has ended. Exit 1 when a goal is missed or a benchmark fails; the others still run.
"""

import argparse
import importlib
import json
import sys
import traceback
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import cast

from rows import Row, as_table, missed, without_goal

BENCHMARKS: Mapping[str, str] = {
    "schedule": "bench_schedule",
    "snapshot": "bench_snapshot",
    "second-up": "bench_second_up",
    "placements": "bench_placements",
    "apply": "bench_apply",
    "faults": "bench_faults",
    "rollout": "bench_rollout",
    "identity": "bench_identity",
    "jobs": "bench_jobs",
    "dispatch": "bench_dispatch",
}
"""Name -> module, whose `rows()` measures and returns the rows."""


def main() -> int:
    """Run what is asked for; 0 when every goal is met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=BENCHMARKS, help="this one; repeat for several")
    parser.add_argument("--output", type=Path, help="where the rows are written as JSON")
    given = parser.parse_args()
    rows: list[Row] = []
    failed = []
    for name in given.only or BENCHMARKS:
        sys.stdout.write(f"{name} ...\n")
        sys.stdout.flush()
        try:
            found = in_own_process(name)
        except Exception:
            traceback.print_exc()
            failed.append(f"{name} did not end")
            continue
        rows += found
        failed += [f"{row['name']} ({row['size']})" for row in found if missed(row)]
        sys.stdout.write(as_table(found) + "\n")
        if given.output is not None:
            given.output.write_text(json.dumps([without_goal(row) for row in rows], indent=2) + "\n")
    if failed:
        sys.stdout.write("Missed: " + "; ".join(failed) + "\n")
    return 1 if failed else 0


def in_own_process(name: str) -> list[Row]:
    """The rows of a benchmark; raises what it raises."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(measure, BENCHMARKS[name]).result()


def measure(module: str) -> list[Row]:
    """The rows of a module of this folder."""
    return cast(list[Row], importlib.import_module(module).rows())


if __name__ == "__main__":
    sys.exit(main())
