"""Every example from preview to destroy."""

import shutil
from pathlib import Path

import pytest

pytestmark = pytest.mark.engine

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("name", sorted(path.parent.name for path in EXAMPLES.glob("*/Pulumi.yaml")))
def test_the_example_runs_from_preview_to_destroy(pulumi, tmp_path, name):
    folder = tmp_path / name
    shutil.copytree(EXAMPLES / name, folder)
    pulumi.init(f"test-{name}", cwd=folder)
    try:
        preview = pulumi.run("preview", cwd=folder)
        assert preview.code == 0, preview.stdout + preview.stderr
        assert "all placed" in preview.stdout
        up = pulumi.run("up", "--yes", "--skip-preview", cwd=folder)
        assert up.code == 0, up.stdout + up.stderr
        again = pulumi.run("up", "--yes", "--skip-preview", cwd=folder)
        assert "updated" not in again.stdout
        assert again.code == 0
    finally:
        destroyed = pulumi.run("destroy", "--yes", cwd=folder)
    assert destroyed.code == 0, destroyed.stdout + destroyed.stderr
