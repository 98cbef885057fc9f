"""`kubefleet simulate` on jobs of a fleet file."""

import json
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from kubefleet.cli.simulate import simulate

pytestmark = pytest.mark.fast

FLEET = """
clusters:
- {name: eu-1, nodes: [{count: 4, allocatable: {cpu: "4", memory: 16Gi, pods: "110"}}]}
- {name: eu-2, nodes: [{count: 2, allocatable: {cpu: "4", memory: 16Gi, pods: "110"}}]}
- {name: us-1, state: cordoned, nodes: [{count: 9, allocatable: {cpu: "4", memory: 16Gi, pods: "110"}}]}
placements:
- {name: web, replicas: {total: 4}, pod: {requests: {cpu: "2"}}, policy: {type: PickFixed, clusterNames: [eu-1]}}
jobs:
"""
SWEEP = '- {name: sweep, completions: 1000, pod: {requests: {cpu: "1"}}, division: {durations: {eu-2: 30s}}}\n'


def run(folder: Path, jobs: str, *options: str, fleet: str = FLEET) -> Result:
    file = folder / "fleet.yaml"
    file.write_text(fleet + jobs)
    app = typer.Typer()
    app.command()(simulate)
    return CliRunner().invoke(app, [str(file), *options])


def test_indexes_go_where_placements_leave_room_so_that_all_end_together(tmp_path: Path) -> None:
    done = run(tmp_path, SWEEP)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-4:] == [
        "sweep: 1000 indexes on eu-1, eu-2, about 42m",
        "  eu-1: 336 indexes (0-335), 8 of 8 at once, 42 waves, 42m",
        "  eu-2: 664 indexes (336-999), 8 of 8 at once, 83 waves, 41m30s",
        "  1 refused: cordoned",
    ]
    shards = json.loads(run(tmp_path, SWEEP, "-o", "json").stdout)["jobs"]["sweep"]["shards"]
    assert shards["eu-2"] == {"start": 336, "count": 664, "capacity": 8, "slots": 8, "milliseconds": 2_490_000}


def test_the_cheapest_is_as_cheap_as_time_allows(tmp_path: Path) -> None:
    nodes = '{allocatable: {cpu: "4", memory: 16Gi, pods: "110"}, instanceType: large, count'
    prices = f"""
prices: {{instanceTypes: {{large: {{cost/per-cpu-hour: 0.05}}}}}}
clusters:
- {{name: eu-1, nodes: [{nodes}: 4}}]}}
- {{name: us-1, properties: {{cost/per-cpu-hour: "0.02"}}, nodes: [{nodes}: 2}}]}}
jobs:
- {{name: sweep, completions: 120, deadline: 10m, pod: {{requests: {{cpu: "1"}}}}, division: {{strategy: cheapest}}}}
"""
    done = run(tmp_path, "", fleet=prices)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-3:] == [
        "sweep: 120 indexes on eu-1, us-1, about 10m",
        "  eu-1: 40 indexes (0-39), 16 of 16 at once, 3 waves, 3m, costs 0.0333",
        "  us-1: 80 indexes (40-119), 8 of 8 at once, 10 waves, 10m, costs 0.0267",
    ]
    shards = json.loads(run(tmp_path, "", "-o", "json", fleet=prices).stdout)["jobs"]["sweep"]["shards"]
    assert shards["us-1"]["price"] == 0.026667
    greenest = prices.replace("cheapest", "greenest")
    assert "  no cluster says its g of CO2 per kWh" in run(tmp_path, "", fleet=greenest).stdout


def test_who_comes_later_has_what_is_left_and_priority_comes_first(tmp_path: Path) -> None:
    urgent = '- {name: urgent, completions: 6, priority: 5, pod: {requests: {cpu: "2"}}}\n'
    lines = run(tmp_path, SWEEP + urgent).stdout.splitlines()[-8:]
    assert lines == [
        "urgent: 6 indexes on eu-1, eu-2, about 1m",
        "  eu-1: 4 indexes (0-3), 4 of 4 at once, 1 wave, 1m",
        "  eu-2: 2 indexes (4,5), 2 of 4 at once, 1 wave, 1m",
        "  1 refused: cordoned",
        "sweep: 1000 indexes on eu-2, about 2h5m",
        "  eu-2: 1000 indexes (0-999), 4 of 4 at once, 250 waves, 2h5m",
        "  1 refused: cordoned",
        "  1 refused: insufficient cpu (need 1, most free 0)",
    ]


def test_what_fits_nowhere_or_too_late_says_what_would_do(tmp_path: Path) -> None:
    done = run(tmp_path, '- {name: big, completions: 5, pod: {requests: {cpu: "64"}}}\n')
    assert done.exit_code == 3
    assert "big: no cluster has room for one of its pods" in done.stdout
    assert "insufficient cpu (need 64, most free 4)" in done.stdout
    done = run(tmp_path, '- {name: late, completions: 100, deadline: 3m, pod: {requests: {cpu: "1"}}}\n')
    assert done.exit_code == 3
    assert "late: 48 of its indexes end by the deadline; all would by 7m" in done.stdout


@pytest.mark.parametrize(
    ("job", "told"),
    [
        ("{name: a, completions: 0}", "jobs.a.completions: value `0` is too small (expected at least 1)"),
        (
            "{name: a, completions: 2000000}",
            "jobs.a.completions: value `2000000` is too large (expected at most 1000000)",
        ),
        ("{name: web, completions: 1}", "jobs.web: the name of a placement too"),
        ("{name: a, completions: 1, division: {weights: {eu-3: 1}}}", "jobs.a.division.weights.eu-3: unknown cluster"),
        ("{name: a, completions: 1, division: {duration: soon}}", "jobs.a.division.duration: bad duration `soon`"),
        ("{name: a, completions: 1, policy: {type: PickAll}}", "jobs.a.policy: a policy that does not count room"),
        ("{name: a, completions: 1, gangs: 1}", "jobs.a.gangs: unknown field `gangs`"),
    ],
)
def test_mistakes_are_told_by_path(tmp_path: Path, job: str, told: str) -> None:
    done = run(tmp_path, f"- {job}\n")
    assert done.exit_code == 2
    assert told in done.stderr, done.stderr
