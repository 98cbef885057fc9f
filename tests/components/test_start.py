"""What a program pays before its first line: modules are counted, not seconds."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.fast


def test_a_program_starts_without_what_only_the_provider_needs() -> None:
    code = "import json, sys, pulumi_kubefleet; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".", 1)[0] for name in json.loads(done.stdout)}
    assert (
        loaded
        & {
            "pydantic",
            "numpy",
            "urllib3",
            "kubernetes",
            "rich",
            "typer",
            "msgspec",
            "jsonpath",
            "cel_expr_python",
            "pulumi_kubernetes",
        }
        == set()
    )
