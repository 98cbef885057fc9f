"""`kubefleet jobs` on what Pulumi says of a stack, where no cluster has to be asked."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from kubefleet.cli import _stack_jobs
from kubefleet.cli._job_look import logs_command
from kubefleet.cli.jobs import app
from kubefleet.jobs.account import Account, JobSeen, Shard, ShardState
from kubefleet.jobs.codec import to_json
from kubefleet.jobs.divide import Demand, DivideJobBy
from kubefleet.jobs.indexes import Indexes, span
from kubefleet.jobs.plan import JobRequest
from kubefleet.jobs.shard_job import WholeJob
from kubefleet.model.access import ExecCredential, Kubeconfig
from kubefleet.model.policy import Policy, PolicyType
from kubefleet.model.request import Request
from kubefleet.report.job_table import IndexPlace, places_of, seconds_left

pytestmark = pytest.mark.fast

POD = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "a:1"}]}
FIRST = Shard("eu-1", 1, span(0, 60), 6, ShardState.ENDED, "u1", span(0, 60))
SECOND = Shard("us-1", 1, span(60, 100), 4, ShardState.LOST, "u2", span(60, 70), Indexes([71]))
ACCOUNT = Account(100, 1, (FIRST, SECOND), span(0, 70), "r1")


def dispatch(state: str, **outputs: Any) -> dict[str, Any]:
    found = {
        "fleet": "shop",
        "job": "sweep",
        "declared": {
            "total": 100,
            "api": "batch/v1/Job",
            "workloads": [{"kind": "Job", "name": "sweep", "namespace": "batch", "pod": {}}],
        },
        "members": {"eu-1": {"access": {"context": "eu"}}},
        "plan": {"uid": "00000000000000aa", "revision": "r1", "parts": {}},
        "template": {"metadata": {"name": "sweep", "namespace": "batch"}, "spec": {"template": {"spec": POD}}},
        "account": to_json(ACCOUNT),
        "silent": {},
        "state": state,
        "phase": "complete",
        "reason": "most of it is wrong" if state == "failed" else "",
        **outputs,
    }
    return {"type": "pulumi-python:dynamic/kubefleet:Dispatch", "outputs": found}


@pytest.fixture
def pulumi(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What `pulumi stack export` has."""
    resources: list[dict[str, Any]] = []
    exported = lambda *_: json.dumps({"deployment": {"resources": resources}})  # noqa: E731
    monkeypatch.setattr(_stack_jobs, "run_pulumi", exported)
    return resources


def jobs(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "140"})


def test_a_job_that_is_over_is_told_from_its_account(pulumi: list[dict[str, Any]]) -> None:
    pulumi.append(dispatch("failed"))
    done = jobs("status")
    head, row = done.stdout.splitlines()
    assert head.split() == ["JOB", "PHASE", "PROGRESS", "DONE", "RUNNING", "FAILED", "LEFT", "CLUSTERS"]
    assert row.split() == ["shop/sweep", "failed", "━" * 14, "70/100", "0", "1", "-", "eu-1,", "us-1"]
    assert (done.exit_code, done.stderr) == (1, "shop/sweep: most of it is wrong\n")
    wide = jobs("status", "shop/sweep", "-o", "wide").stdout.splitlines()[-2:]
    assert [line.split() for line in wide] == [
        ["shop/sweep", "eu-1", "1", "ended", "60/60", "0", "6", "0-59"],
        ["shop/sweep", "us-1", "1", "lost", "10/40", "1", "4", "60-99"],
    ]
    (found,) = json.loads(jobs("status", "-o", "json").stdout)["jobs"]
    assert {key: found[key] for key in ("phase", "total", "done", "running", "failed", "secondsLeft")} == {
        "phase": "failed",
        "total": 100,
        "done": 70,
        "running": 0,
        "failed": 1,
        "secondsLeft": None,
    }
    assert found["shards"][1]["indexes"] == "60-99"


def test_an_index_is_found_with_its_pods_and_the_command_for_its_logs(pulumi: list[dict[str, Any]]) -> None:
    pulumi.append(dispatch("failed"))
    pods = "batch.kubernetes.io/job-name=sweep-g1,batch.kubernetes.io/job-completion-index=11"
    assert jobs("status", "sweep", "--index", "71").stdout.splitlines() == [
        "shop/sweep 71: failed on us-1",
        "  namespace  batch",
        "  job        sweep-g1 (there it is index 11)",
        f"  pods       {pods}",
        f"  logs       kubectl logs --namespace=batch --selector={pods} --all-containers --tail=-1",
    ]
    assert "kubectl --context=eu logs" in jobs("status", "sweep", "--index", "5").stdout
    beyond = jobs("status", "--index", "100")
    assert (beyond.exit_code, beyond.stderr) == (1, "`shop/sweep` has no index 100 (expected 0 to 99).\n")


def test_the_last_shard_that_had_an_index_comes_first() -> None:
    again = Shard("eu-1", 2, Indexes([71, 80]), 1, ShardState.RUNNING, "u3")
    account = Account(100, 2, (FIRST, SECOND, again), span(0, 70))
    whole = WholeJob("sweep", "00000000000000aa", "batch", {}, 100)
    assert places_of(account, whole, 80) == [
        IndexPlace("eu-1", "batch", "sweep-g2", 1, "running"),
        IndexPlace("us-1", "batch", "sweep-g1", 20, "lost"),
    ]
    place = places_of(account, whole, 80)[0]
    assert logs_command(place, Kubeconfig("eu", "/k")).startswith("kubectl --kubeconfig=/k --context=eu logs ")
    assert logs_command(place, ExecCredential("https://a", "", "login")).startswith("kubectl logs ")


def test_how_long_it_takes_is_told_by_how_fast_it_goes() -> None:
    request = JobRequest(
        Request(name="sweep", policy=Policy(PolicyType.PICK_ALL)), DivideJobBy.MAKESPAN, Demand(100), duration=10_000
    )
    running = Shard("eu-1", 1, span(0, 60), 6, ShardState.RUNNING, "u1", span(0, 20))
    fresh = Shard("us-1", 1, span(60, 100), 4, ShardState.RUNNING, "u2")
    account = Account(100, 1, (running, fresh), span(0, 20))
    seen = {"eu-1": [JobSeen("u1", 1, "t", started_at=1000.0)], "us-1": [JobSeen("u2", 1, "t", started_at=1000.0)]}
    # 20 in 200 s: 40 more take 400; of the other nobody knows yet: 40, 4 at a time, 10 s each.
    assert seconds_left(account, seen, request, 1200.0) == 400
    assert seconds_left(Account(100, 1, (fresh,), span(0, 60)), seen, request, 1200.0) == 100
    assert seconds_left(Account(100, 1, (fresh,)), seen, request, 1200.0) is None


def test_without_a_hub_nobody_looks_after_jobs(pulumi: list[dict[str, Any]]) -> None:
    pulumi.append(dispatch("running"))
    done = jobs("run", "--watch")
    assert done.exit_code == 1
    assert done.stderr.startswith("fleet `shop` has no hub (expected `Fleet(..., hub=...)`): there a lease keeps")
    assert done.stderr.endswith('Give the fleet a hub and run `pulumi up`, or let that do it all: wait="completed".\n')


def test_what_is_not_there_is_one_line(pulumi: list[dict[str, Any]], tmp_path: Path) -> None:
    done = jobs("status", "--cwd", str(tmp_path))
    assert done.stderr == (
        f"the stack in `{tmp_path}` has no job (expected one after `pulumi up`). Run `pulumi up` first.\n"
    )
    pulumi.append(dispatch("running"))
    assert jobs("status", "swep").stderr == "no job `swep` (expected one of shop/sweep). Did you mean `sweep`?\n"
    pulumi.append(dispatch("running", job="other"))
    assert "an index of which job? (expected one of shop/other, shop/sweep)" in jobs("status", "--index", "3").stderr


def test_secrets_are_only_where_they_are_asked_for(pulumi: list[dict[str, Any]]) -> None:
    special = "4dabf18193072939515e22adb298388d"
    secret = {special: "1b47061264138c4ac30d75fd1eb44270", "plaintext": '["--key", "k"]'}
    hidden = {special: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:abc"}
    pulumi.append(dispatch("running", template={"shown": secret, "kept": hidden}))
    (job,) = _stack_jobs.read_jobs(Path(), "", secrets=True)
    assert job.outputs["template"] == {"shown": ["--key", "k"], "kept": "[secret]"}
