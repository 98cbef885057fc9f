"""Every example from preview to destroy."""

import shutil
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
from widget_controller import widget_controller

pytestmark = pytest.mark.engine

EXAMPLES = Path(__file__).parents[2] / "examples"


ON_GPUS = {
    "03-gpu-infiniband": (
        "train on h100; 1/3 clusters fit",
        "2 too few nodes with accelerator Eq H100 (need 8, most 0)",
    ),
    "12-mpi-gang": ("allreduce: 8 indexes on h100", "Standard_ND96isr_H100_v5"),
}
"""Examples that run on the lab `gpu`, with what their preview says."""
SAID = {
    "13-cheapest": (
        "render: 90 indexes on eu-1, us-1, about 1m20s",
        "eu-1: 26 indexes (0-25), 16 of 16 at once, 2 waves, 40s, costs 0.0144",
        "us-1: 64 indexes (26-89), 16 of 16 at once, 4 waves, 1m20s, costs 0.0213",
    )
}
"""What the preview says of others."""
APPROVED = {"06-staged-canary": ("web", "overseas")}
"""Examples with a stage that waits for an approval: the placement and the stage."""

ELSEWHERE = {"10-identity-azure": "test_identity_azure.py", "11-indexed-sweep": "test_indexed_sweep.py"}
"""Examples that need more than clusters, or of which more is asked, with the test that runs them."""


@pytest.mark.parametrize("name", sorted({path.parent.name for path in EXAMPLES.glob("*/Pulumi.yaml")} - {*ELSEWHERE}))
def test_the_example_runs_from_preview_to_destroy(request, tmp_path, name):
    pulumi = request.getfixturevalue("pulumi_on_gpus" if name in ON_GPUS else "pulumi")
    folder = tmp_path / name
    shutil.copytree(EXAMPLES / name, folder)
    pulumi.init(f"test-{name}", cwd=folder)
    try:
        preview = pulumi.run("preview", cwd=folder)
        assert preview.code == 0, preview.stdout + preview.stderr
        assert "all placed" in preview.stdout
        for said in (*ON_GPUS.get(name, ()), *SAID.get(name, ())):
            assert said in preview.stdout
        with played(name, pulumi):
            up = pulumi.run("up", "--yes", "--skip-preview", cwd=folder)
        assert up.code == 0, up.stdout + up.stderr
        if name in APPROVED:
            assert "needs an approval" in up.stdout
            command = [sys.executable, "-m", "kubefleet.cli.main", "approve", *APPROVED[name], "--cwd", str(folder)]
            subprocess.run(command, check=True, env=pulumi.environment)
            assert pulumi.run("up", "--yes", "--skip-preview", cwd=folder).code == 0
        again = pulumi.run("up", "--yes", "--skip-preview", cwd=folder)
        assert "updated" not in again.stdout
        assert again.code == 0
    finally:
        destroyed = pulumi.run("destroy", "--yes", cwd=folder)
    assert destroyed.code == 0, destroyed.stdout + destroyed.stderr


def played(name, pulumi):
    """What the example's clusters lack: the controller of its custom resources."""
    clusters = ("eu-1", "eu-2", "us-1")
    return widget_controller(pulumi.environment, *clusters) if name == "07-custom-health" else nullcontext()


def test_the_demo_shows_every_phase_and_checks_it_on_the_clusters():
    demo = subprocess.run(
        [sys.executable, str(EXAMPLES / "demo.py")], capture_output=True, text=True, check=False, timeout=580
    )
    assert demo.returncode == 0, demo.stdout + demo.stderr
    shown = demo.stdout.partition("What happened")[2]
    for phase in ("preview", "up", "second up", "NoSchedule", "NoExecute", "3 -> 7", "destroy"):
        assert phase in shown
