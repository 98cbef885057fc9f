"""A fleet whose identities are its hub's: members trust the hub, and nothing else than its tokens is shown to them."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pytest_httpserver import HTTPServer
from typer.testing import CliRunner
from werkzeug import Request, Response

from kubefleet.cli.main import app
from kubefleet.kube.connect import connect
from kubefleet.lab.audit import Write
from kubefleet.lab.folder import write_private
from kubefleet.lab.lab import Lab
from kubefleet.lab.pulumi import PulumiEnvironment

pytestmark = pytest.mark.engine

SPACE, HOME = "acting", "pulumi-kubefleet"
OPERATOR = "system:serviceaccount:operators:ci"
PROGRAM = """
import pulumi
from pulumi_kubefleet import *

def config_map(name, **data):
    return {{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {{"name": name}}, "data": data}}

def deployment():
    labels = {{"app": "web"}}
    container = {{"name": "web", "image": "web:1", "resources": {{"requests": {{"cpu": "100m", "memory": "64Mi"}}}}}}
    return {{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {{"name": "web"}},
             "spec": {{"replicas": 1, "selector": {{"matchLabels": labels}},
                       "template": {{"metadata": {{"labels": labels}}, "spec": {{"containers": [container]}}}}}}}}

fleet = Fleet("shop", hub=Kubeconfig("hub"), identity=IdentityFederation(namespaces=["{space}"]))
{members}
{body}
pulumi.export("plan", fleet.plan)
"""
JOINING = """for name, file in {files}.items():
    fleet.member(name, context=name, join=True, authentication_config=file)"""
WEB = """fleet.placement("web", manifests=[config_map("settings", a="{value}"), deployment()], namespace="{space}",
                          policy=PickFixed({names}){more})"""


@pytest.fixture(scope="module")
def hub_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab("quickstart", name="hub", folder=tmp_path_factory.mktemp("hub"), members=2, hub=True) as lab:
        hub = connect("hub", lab.access("hub"))
        named = {"name": "system:service-account-issuer-discovery", "kind": "ClusterRole"}
        group = {"apiGroup": "rbac.authorization.k8s.io"}
        binding = {"metadata": {"name": "discovery"}, "roleRef": {**group, **named}}
        everybody = {**group, "kind": "Group", "name": "system:unauthenticated"}
        hub.post(f"/apis/{group['apiGroup']}/v1/clusterrolebindings", {**binding, "subjects": [everybody]})
        hub.close()
        yield lab


@pytest.fixture
def program(hub_lab: Lab, tmp_path: Path) -> Iterator[Any]:
    """Writes the program, runs commands on it, and destroys what it has made."""
    pulumi = PulumiEnvironment(tmp_path / "pulumi", settings={"KUBECONFIG": str(hub_lab.kubeconfig)})
    folder = tmp_path / "program"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: hub\nruntime: python\n")
    files = {name: str(hub_lab.folder.cluster(name).authentication) for name in ("eu-1", "eu-2")}

    joining = JOINING.format(files=files)

    def run(body: str, *command: str, code: int = 0, members: str = joining, **settings: str) -> str:
        (folder / "__main__.py").write_text(PROGRAM.format(body=body, space=SPACE, members=members))
        done = pulumi.run(*command, cwd=folder, settings=settings)
        text = str(done.stdout + done.stderr)
        assert done.code == 0 if code == 0 else done.code != 0, text
        assert "Traceback" not in text
        return text

    run("", "stack", "ls")
    pulumi.init("dev", cwd=folder)
    yield run
    run("", "destroy", "--yes")


def web(value: str, *names: str, more: str = "") -> str:
    return WEB.format(space=SPACE, value=value, names=", ".join(map(repr, names or ("eu-1",))), more=more)


def test_members_trust_the_hub_and_see_its_accounts(program: Any, hub_lab: Lab) -> None:
    file = hub_lab.folder.cluster("eu-1").authentication
    before = json.loads(file.read_text())
    told = program(web("1"), "up", "--yes", "--skip-preview")
    assert "eu-1 has joined" in told
    trusted = json.loads(file.read_text())
    assert [entry["issuer"]["url"] for entry in trusted["jwt"]] == ["https://hub.fleet.test"]
    assert {key: value for key, value in trusted.items() if key != "jwt"} == before
    writes = hub_lab.writes("eu-1")
    by = {write.user: {item.resource for item in writes if item.user == write.user} for write in writes}
    placement = next(
        user for user in by if user.startswith(f"fleet:system:serviceaccount:{HOME}:fleet-") and "rbac" not in user
    )
    assert by[placement] == {"configmaps", "deployments"}
    assert by[f"fleet:system:serviceaccount:{HOME}:fleet-rbac"] == {
        "roles",
        "rolebindings",
        "clusterroles",
        "clusterrolebindings",
    }
    assert "configmaps" not in by["lab-admin"]

    live = connect("eu-1", hub_lab.access("eu-1"))
    written = live.get(f"/apis/apps/v1/namespaces/{SPACE}/deployments/web")["metadata"]["annotations"]
    assert written["pulumi-kubefleet/operator"] == "lab-admin"
    live.close()

    mark = hub_lab.audited("eu-1")
    program(web("2"), "up", "--yes", "--skip-preview")
    after = hub_lab.writes("eu-1", mark)
    assert {write.user for write in after} == {placement}
    program("", "destroy", "--yes")
    assert json.loads(file.read_text()) == before


def settings(lab: Lab, name: str) -> dict[str, str]:
    live = connect(name, lab.access(name))
    try:
        return dict(live.get(f"/api/v1/namespaces/{SPACE}/configmaps/settings")["data"])
    finally:
        live.close()


def test_a_hub_that_falls_silent_stops_a_rollout_and_nothing_else(
    program: Any, hub_lab: Lab, httpserver: HTTPServer
) -> None:
    def last_word(_: Request) -> Response:
        hub_lab.kill("hub")
        return Response("ok")

    httpserver.expect_request("/go").respond_with_handler(last_word)
    gate = f'Check(http="{httpserver.url_for("/go")}", successes=1, interval=1, deadline=30)'
    stages = f', strategy=StagedUpdate([Stage("canary", selector=["eu-1"], after=[{gate}])], on_failure="rollback")'
    rollout = web("1", "eu-1", "eu-2", more=stages)
    try:
        told = program(rollout, "up", "--yes", "--skip-preview", code=-1)
        assert "web/rest failed: eu-2: no account for placement `web`: hub: connection to" in told
        assert "rolled back" not in told
        told = program(rollout, "preview", code=-1)
        assert "fleet.hub: connection to" in told
        assert "(expected an answer: it gives the fleet its identities)" in told
    finally:
        hub_lab.restart("hub")
    assert settings(hub_lab, "eu-1") == {"a": "1"}
    program(rollout, "up", "--yes", "--skip-preview")
    assert settings(hub_lab, "eu-2") == {"a": "1"}
    program("", "destroy", "--yes")


@pytest.fixture
def operators(hub_lab: Lab, tmp_path: Path) -> Iterator[Path]:
    """A kubeconfig of somebody whom the hub alone knows, and who may do nothing there yet."""
    kubectl(hub_lab, "hub", "create", "namespace", "operators")
    kubectl(hub_lab, "hub", "create", "serviceaccount", "ci", "-n", "operators")
    token = kubectl(hub_lab, "hub", "create", "token", "ci", "-n", "operators").strip()
    admins = yaml.safe_load(hub_lab.kubeconfig.read_text())
    users = [{"name": "hub", "user": {"token": token}}, {"name": "eu-1", "user": {}}]
    contexts = [
        {**item, "context": {**item["context"], "user": item["name"]}}
        for item in admins["contexts"]
        if item["name"] in ("hub", "eu-1")
    ]
    kubeconfig = tmp_path / "operator"
    write_private(kubeconfig, yaml.safe_dump({**admins, "users": users, "contexts": contexts}))
    yield kubeconfig
    kubectl(hub_lab, "hub", "delete", "namespace", "operators", HOME, "--ignore-not-found")
    kubectl(hub_lab, "eu-1", "delete", "namespace", HOME, SPACE, "--ignore-not-found")


def test_who_runs_the_fleet_is_known_to_the_hub_alone_where_the_command_has_joined_the_member(
    program: Any, hub_lab: Lab, operators: Path
) -> None:
    file, kubeconfig = hub_lab.folder.cluster("eu-1").authentication, str(hub_lab.kubeconfig)
    before = json.loads(file.read_text())
    at = ["--context", "eu-1", "--kubeconfig", kubeconfig, "--hub-context", "hub", "--hub-kubeconfig", kubeconfig]
    join = ["join", "eu-1", *at, "--namespace", SPACE, "--authentication-config", str(file)]
    joined = CliRunner().invoke(app, [*join, "--operator", OPERATOR])
    assert joined.exit_code == 0, joined.output
    declared = joined.stdout.splitlines()[-1].strip().replace("...", "eu-1")
    as_operator = {"members": declared, "KUBECONFIG": str(operators)}

    mark, at_hub = hub_lab.audited("eu-1"), hub_lab.audited("hub")
    assert "all placed" in program(web("1"), "preview", **as_operator)
    program(web("1"), "up", "--yes", "--skip-preview", **as_operator)
    written = by_who_has_a_name(hub_lab.writes("eu-1", mark))
    assert {write.name for write in written if write.resource == "deployments"} == {"web"}
    assert all(write.user.startswith(f"fleet:system:serviceaccount:{HOME}:fleet-") for write in written)
    mark = hub_lab.audited("eu-1")
    assert "updated" not in program(web("1"), "up", "--yes", "--skip-preview", **as_operator)
    assert by_who_has_a_name(hub_lab.writes("eu-1", mark)) == []
    program("", "destroy", "--yes", **as_operator)
    assert {write.user for write in by_who_has_a_name(hub_lab.writes("hub", at_hub))} == {OPERATOR}

    # The hub's accounts are the join's, and other members know them.
    assert "fleet-reader" in kubectl(hub_lab, "hub", "get", "serviceaccounts", "-n", HOME, "-o", "name")
    left = CliRunner().invoke(app, [*join, "--leave"])
    assert left.exit_code == 0, left.output
    assert json.loads(file.read_text()) == before


def by_who_has_a_name(writes: list[Write]) -> list[Write]:
    """Without those of Kubernetes itself."""
    own = ("system:kube-", "system:node", "system:apiserver", "system:serviceaccount:kube-system:")
    return [write for write in writes if not write.user.startswith(own)]


def kubectl(lab: Lab, cluster: str, *arguments: str) -> str:
    command = ["kubectl", f"--kubeconfig={lab.kubeconfig}", f"--context={cluster}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
