"""Example 11: one Job over three clusters of different sizes; every index is seen by exactly one pod that succeeded."""

import json
import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from job_pods import indexes_seen

pytestmark = pytest.mark.engine

EXAMPLE = Path(__file__).parents[2] / "examples" / "11-indexed-sweep"
CLUSTERS = ("a100", "cpu", "h100")
TOTAL = int(os.environ.get("SWEEP") or 900)
"""The example has 10,000, which take some minutes: `make sweep`."""


def of_cluster(pulumi, cluster, what):
    command = ["kubectl", f"--context={cluster}", "get", what, "-n", "default", "-o", "json"]
    done = subprocess.run(
        [*command, "-l", "pulumi-kubefleet/job"], capture_output=True, text=True, check=True, env=pulumi.environment
    )
    return json.loads(done.stdout)["items"]


def test_every_index_is_seen_once_and_a_second_up_dispatches_nothing(pulumi_on_gpus, tmp_path):
    pulumi, folder = pulumi_on_gpus, tmp_path / EXAMPLE.name
    shutil.copytree(EXAMPLE, folder)
    pulumi.init("test-sweep", cwd=folder)
    assert pulumi.run("config", "set", "completions", str(TOTAL), cwd=folder).code == 0
    try:
        preview = pulumi.run("preview", cwd=folder)
        assert preview.code == 0, preview.stdout + preview.stderr
        assert f"sweep: {TOTAL} indexes on a100, cpu, h100" in preview.stdout
        up = pulumi.run("up", "--yes", "--skip-preview", cwd=folder)
        assert up.code == 0, up.stdout + up.stderr
        assert json.loads(pulumi.run("stack", "output", "sweep", "--json", cwd=folder).stdout) == "complete"
        seen: Counter[int] = Counter()
        for cluster in CLUSTERS:
            (one,) = of_cluster(pulumi, cluster, "jobs")
            assert one["status"]["succeeded"] == one["spec"]["completions"]
            seen += indexes_seen(of_cluster(pulumi, cluster, "pods"))
        assert seen == Counter(range(TOTAL))
        again = pulumi.run("up", "--yes", "--skip-preview", cwd=folder)
        assert "updated" not in again.stdout
        assert again.code == 0
    finally:
        destroyed = pulumi.run("destroy", "--yes", cwd=folder)
    assert destroyed.code == 0, destroyed.stdout + destroyed.stderr
    for cluster in CLUSTERS:
        assert of_cluster(pulumi, cluster, "jobs") == []
