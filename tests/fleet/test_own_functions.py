"""Filters and scorers in the program's folder: imported by the provider's process and by `kubefleet explain`."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.engine

RULES = """
def not_in_the_us(cluster, request):
    return cluster.labels["region"] != "us" or f"{request.name} stays out of the US"

def later_names(cluster, request):
    if cluster.name == "eu-1":
        raise LookupError("no figures yet")
    return 50
"""
WEB = """
fleet.placement("web", manifests=[NAMESPACE, deployment(replicas=2)], replicas=Divided(), policy=PickN(
    1, filters=["own.rules:not_in_the_us"], preferred=[Prefer(100, function="own.rules:{scorer}")]))
"""


def test_functions_beside_the_program_filter_and_rank(stack):
    (stack.folder / "own").mkdir()
    (stack.folder / "own" / "rules.py").write_text(RULES)
    stack.write(WEB.format(scorer="later_nmaes"))
    wrong = stack.preview(code=-1)
    assert "__main__.py:9: placements.web.policy.preferred[0].function: `own.rules` has no `later_nmaes`" in wrong
    assert "Did you mean `later_names`?" in wrong

    stack.write(WEB.format(scorer="later_names"))
    shown = stack.preview()
    assert "1 refused by own.rules:not_in_the_us: web stays out of the US" in shown
    assert "web: no answer from own.rules:later_names: LookupError: no figures yet (eu-1)" in shown
    stack.up()
    assert stack.replicas("web") == {"eu-2": 2}
    assert "to update" not in stack.run("preview").stdout

    # From another folder than the program's.
    command = [sys.executable, "-m", "kubefleet.cli.main", "explain", "web", "-o", "json", "--cwd", str(stack.folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=stack.pulumi.environment, cwd="/")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["clusters"]["eu-2"]["scores"]["own.rules:later_names"] == 50
    assert [reason["code"] for reason in told["refused"]["us-1"]] == ["plugin-refused"]
    assert [reason["cluster"] for reason in told["failures"]] == ["eu-1"]
