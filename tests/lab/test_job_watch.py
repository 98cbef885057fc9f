"""`kubefleet jobs run --watch` as a process of its own, on a job over three real clusters with a hub: one of them is
killed at a third of it, and comes back.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lab_objects import PREFIX, until

from kubefleet.dispatch.hub_account import HubAccount
from kubefleet.jobs.account import Shard
from kubefleet.jobs.global_index import GLOBAL, index_policy
from kubefleet.jobs.record import JobRecord
from kubefleet.jobs.shard_job import JOB_LABEL
from kubefleet.kube.connect import connect
from kubefleet.kube.connection import Connection
from kubefleet.kube.object_access import apply_body
from kubefleet.lab.lab import Lab
from kubefleet.lab.pulumi import PulumiEnvironment

pytestmark = pytest.mark.engine

SPACE, HOME = "default", "pulumi-kubefleet"
TOTAL, AT_ONCE = int(os.environ.get("INDEXES", "1800")), int(os.environ.get("AT_ONCE", "60"))
"""Enough for a minute and a half: that is how many pods a second two cores play."""
LOST_AFTER = 8.0
OF_JOB = "batch.kubernetes.io/controller-uid"
MEMBERS = ("eu-1", "eu-2", "us-1")
AFTER = {"start": "50ms", "ready": "50ms", "complete": "2s", "stop": "50ms"}
POD = {
    "metadata": {"annotations": {f"{PREFIX}/{stage}-after": after for stage, after in AFTER.items()}},
    "spec": {
        "restartPolicy": "Never",
        "containers": [{"name": "main", "image": "a:1", "resources": {"requests": {"cpu": "10m"}}}],
    },
}
PROGRAM = f"""
from pulumi_kubefleet import *
fleet = Fleet("shop", hub=Kubeconfig("hub"))
for name in {MEMBERS}:
    fleet.member(name, context=name)
fleet.job("sweep", template={{"spec": {{"template": {POD}}}}}, completions={TOTAL}, parallelism={AT_ONCE},
    lost_after="{LOST_AFTER:g}s", division=Division("weighted", duration="2s"))
"""


class Program:
    """A program's folder, with an engine, and the job's account on the hub."""

    def __init__(self, folder: Path, pulumi: PulumiEnvironment, hub: Connection) -> None:
        self.folder, self.pulumi, self.hub = folder, pulumi, hub
        (folder / "Pulumi.yaml").write_text("name: watched\nruntime: python\n")
        (folder / "__main__.py").write_text(PROGRAM)
        pulumi.init("dev", cwd=folder)

    def run(self, *arguments: str, code: int = 0) -> str:
        done = self.pulumi.run(*arguments, cwd=self.folder)
        assert done.code == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def uid(self) -> str:
        resources = json.loads(self.run("stack", "export"))["deployment"]["resources"]
        (found,) = (item["outputs"] for item in resources if item["type"].endswith(":Dispatch"))
        return str(found["plan"]["uid"])

    def command(self, *arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "kubefleet.cli.main", "jobs", *arguments, "--cwd", str(self.folder)]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=self.pulumi.environment)

    def jobs(self, *arguments: str, code: int = 0) -> str:
        process = self.command(*arguments)
        text, wrong = process.communicate(timeout=120)
        assert process.returncode == code, text + wrong
        return text


@pytest.fixture
def lab(fresh_lab: Callable[..., Lab]) -> Lab:
    return fresh_lab(name="watch", hub=True)


@pytest.fixture
def members(lab: Lab) -> Iterator[dict[str, Connection]]:
    opened = {name: connect(name, lab.access(name), answer_within=5) for name in MEMBERS}
    for connection in opened.values():
        for manifest in index_policy():
            apply_body(connection, manifest, manager="test", force=True)
    yield opened
    for connection in opened.values():
        connection.close()


@pytest.fixture
def program(lab: Lab, members: dict[str, Connection], tmp_path: Path) -> Iterator[Program]:
    folder = tmp_path / "program"
    folder.mkdir()
    pulumi = PulumiEnvironment(tmp_path / "pulumi", settings={"KUBECONFIG": str(lab.kubeconfig)})
    hub = connect("hub", lab.access("hub"))
    yield Program(folder, pulumi, hub)
    hub.close()


def shard_on(record: JobRecord, cluster: str, generation: int = 1) -> Shard:
    found = (it for it in record.account.shards if (it.cluster, it.generation) == (cluster, generation))
    return next(found)


def test_a_job_is_looked_after_between_two_ups(lab: Lab, members: dict[str, Connection], program: Program) -> None:
    program.run("up", "--yes", "--skip-preview")
    account = HubAccount(program.hub, HOME, program.uid(), "test")

    def now() -> JobRecord:
        record = account.read()
        assert record is not None
        return record

    watch = program.command("run", "--watch")
    try:
        until(lambda: now().account.done, 120)
        # Nobody else works on it meanwhile.
        assert f"process {watch.pid} on " in program.jobs("run", code=1)
        until(lambda: len(now().account.done) >= TOTAL * 0.3, 300)
        lab.kill("eu-2")
        killed = time.monotonic()
        (row,) = json.loads(program.jobs("status", "-o", "json"))["jobs"]
        assert (row["phase"], row["total"]) == ("running", TOTAL)
        assert "eu-2" in row["notSaying"]

        until(lambda: now().account.generation > 1, LOST_AFTER + 10 - (time.monotonic() - killed))
        mark = lab.audited("eu-2")
        record = now()
        lab.restart("eu-2")
        lost = shard_on(record, "eu-2")
        moved = [shard for shard in record.account.shards if shard.generation == 2]
        # Exactly what was not known to be done there has gone elsewhere.
        assert {shard.cluster for shard in moved} <= {"eu-1", "us-1"}
        assert sum(len(shard.indexes) for shard in moved) == len(lost.indexes - lost.completed)
        assert moved[0].indexes.union(*(shard.indexes for shard in moved)) == lost.indexes - lost.completed
        index = min(moved[0].indexes)
        told = program.jobs("status", "sweep", "--index", str(index))
        assert f"shop/sweep {index}: " in told.split("\n")[0]
        assert f" on {moved[0].cluster}\n" in told
        assert " on eu-2\n" in told
        out, wrong = watch.communicate(timeout=300)
    finally:
        if watch.poll() is None:
            watch.send_signal(signal.SIGINT)
            sys.stderr.write("".join(watch.communicate(timeout=60)))
    assert watch.returncode == 0, out + wrong
    assert "shop/sweep: complete" in out

    assert set(now().account.done) == set(range(TOTAL))
    writes = [write for write in lab.writes("eu-2", mark) if write.user == "lab-admin"]
    assert (writes[0].verb, writes[0].resource) == ("delete", "jobs"), "first what is stale goes"
    # Of its pods, which go with it, only what was heard of counts: all else was done elsewhere, once.
    done: Counter[int] = Counter()
    for connection in members.values():
        items = connection.list(f"/apis/batch/v1/namespaces/{SPACE}/jobs", labelSelector=JOB_LABEL)
        assert lost.uid not in {item["metadata"]["uid"] for item in items}
        for pod in connection.list(f"/api/v1/namespaces/{SPACE}/pods", labelSelector=JOB_LABEL):
            about = pod["metadata"]
            if pod["status"]["phase"] == "Succeeded" and about["labels"][OF_JOB] != lost.uid:
                done[int(about["annotations"][GLOBAL])] += 1
    heard = shard_on(now(), "eu-2").completed
    assert set(done) >= set(range(TOTAL)) - set(heard)
    assert set(done).isdisjoint(lost.completed)
    assert max(done.values()) == 1

    # What happened in between is known to the next `up`, which has nothing more to do.
    assert "complete" in program.run("up", "--yes", "--skip-preview")
    assert "1 updated" not in program.run("up", "--yes", "--skip-preview")
    assert "complete" in program.jobs("status")
    assert "complete" in program.jobs("run")
    program.run("destroy", "--yes")
    assert account.read() is None
