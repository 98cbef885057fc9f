"""`kubefleet simulate` on gangs of a fleet file: what a preview would say."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from kubefleet.cli.simulate import simulate

pytestmark = pytest.mark.fast

RACK = "topology.kubernetes.io/rack"
FLEET = f"""
clusters:
- name: eu-1
  nodes:
  - {{count: 4, labels: {{{RACK}: r1}}, allocatable: {{cpu: "4", memory: 16Gi, pods: "110"}}}}
  - {{count: 3, labels: {{{RACK}: r2}}, allocatable: {{cpu: "4", memory: 16Gi, pods: "110"}}}}
- {{name: us-1, nodes: [{{count: 8, allocatable: {{cpu: "4", memory: 16Gi, pods: "110"}}}}]}}
jobs:
"""


def told(folder: Path, *jobs: str) -> list[str]:
    file = folder / "fleet.yaml"
    file.write_text(FLEET + "".join(f'- {{{job}, pod: {{requests: {{cpu: "4"}}}}}}\n' for job in jobs))
    app = typer.Typer()
    app.command()(simulate)
    done = CliRunner().invoke(app, [str(file)])
    assert "Traceback" not in done.output
    return done.stdout.splitlines()


def test_each_goes_where_it_fits_best_and_leaves_that_to_no_other(tmp_path: Path) -> None:
    jobs = [f"name: {name}, completions: {pods}, gang: one-cluster" for name, pods in (("a", 3), ("b", 4), ("c", 9))]
    lines = told(tmp_path, *jobs)
    assert lines[-6:] == [
        "a: 3 indexes on eu-1, about 1m",
        f"  eu-1: 3 indexes (0-2), 3 of 7 at once, 1 wave, 1m, {RACK}=r2",
        "b: 4 indexes on eu-1, about 1m",
        f"  eu-1: 4 indexes (0-3), 4 of 4 at once, 1 wave, 1m, {RACK}=r1",
        "c: queued: no room for all 9 pods at once; the most are 8, in us-1",
        "  1 refused: insufficient cpu (need 4, most free 0)",
    ]


def test_over_clusters_all_run_at_once_whoever_is_faster(tmp_path: Path) -> None:
    fast = "name: a, completions: 14, gang: all-or-nothing, division: {durations: {us-1: 1s}}"
    assert told(tmp_path, fast)[-3:] == [
        "a: 14 indexes on eu-1, us-1, about 1m",
        "  eu-1: 7 indexes (0-6), 7 of 7 at once, 1 wave, 1m",
        "  us-1: 7 indexes (7-13), 7 of 8 at once, 1 wave, 1s",
    ]
    assert told(tmp_path, f"{fast}, deadline: 30s")[-1] == "a: 0 of its indexes end by the deadline; all would by 1m"
