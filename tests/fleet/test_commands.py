"""`kubefleet explain`, `status` and `inventory` on a stack."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.engine

WEB = 'fleet.placement("web", manifests=[NAMESPACE, deployment(replicas=3)], policy=PickN(2), replicas=Divided())'


def kubefleet(stack, *arguments, code=0):
    command = [sys.executable, "-m", "kubefleet.cli.main", *arguments, "--cwd", str(stack.folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=stack.pulumi.environment)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout, done.stderr


def test_explain_tells_why_every_cluster_is_chosen_or_not(stack):
    stack.write(WEB)
    stack.up()
    text, _ = kubefleet(stack, "explain", "web")
    assert "chosen   eu-1: Deployment/shop/web x2" in text
    assert "refused  us-1: outscored" in text or "refused  eu-2: outscored" in text
    decision = json.loads(kubefleet(stack, "explain", "web", "-o", "json")[0])
    assert decision["clusters"]["eu-1"]["replicas"] == 2


def test_explain_of_an_unknown_placement_lists_what_exists(stack):
    stack.write(WEB)
    stack.up()
    _, error = kubefleet(stack, "explain", "wbe", code=1)
    assert error.strip() == "no placement `wbe` (expected one of shop/web). Did you mean `web`?"


def test_status_compares_what_is_live_with_what_was_decided(stack):
    stack.write(WEB)
    stack.up()
    rows = json.loads(kubefleet(stack, "status", "-o", "json")[0])["shop"]
    assert {row["cluster"]: (row["decided"], row["live"], row["state"]) for row in rows} == {
        name: (count, count, "available") for name, count in stack.replicas("web").items()
    }
    stack.kubectl("eu-1", "scale", "deployment", "web", "-n", "shop", "--replicas=1")
    rows = json.loads(kubefleet(stack, "status", "-o", "json", code=1)[0])["shop"]
    assert {row["cluster"]: row["live"] for row in rows}["eu-1"] == 1


def test_inventory_reads_the_clusters_of_a_stack(stack):
    stack.write(WEB)
    stack.up()
    clusters = json.loads(kubefleet(stack, "inventory", "-o", "json")[0])["clusters"]
    assert [cluster["name"] for cluster in clusters] == ["eu-1", "eu-2", "us-1"]
    assert sum(nodes["count"] for nodes in clusters[0]["nodes"]) == 4


def test_a_stack_without_a_fleet_is_one_line(stack):
    _, error = kubefleet(stack, "status", code=1)
    assert "has no fleet (expected one after `pulumi up`)" in error
    assert "Traceback" not in error


def test_a_fleet_that_has_no_identities_is_one_line(stack):
    stack.write(WEB)
    stack.up()
    for command in ("show", "check"):
        _, error = kubefleet(stack, "identity", command, code=1)
        expected = "`shop` acts by the declared access (expected `identity=IdentityFederation(...)` of a fleet)."
        assert error.strip() == expected


def test_explain_lists_what_a_placement_takes_of_its_manifests_and_who_brings_it(stack):
    stack.write('fleet.placement("web", manifests=[NAMESPACE, config_map(), deployment()], select="Deployment/web")')
    stack.up()
    text, _ = kubefleet(stack, "explain", "web")
    assert "  selected Deployment/shop/web\n  follows  Namespace/shop: named by Deployment/shop/web\n" in text
    assert "settings" not in text
