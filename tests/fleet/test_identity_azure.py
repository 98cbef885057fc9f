"""The example for AKS, as it is written, from what its admins do to what they undo. What is not Azure's: Entra is one
that plays it over verified TLS, and the API servers are the lab's, which trust the tenant and name users as AKS does.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from fake_entra import FakeEntra, Federated
from https_server import issue, serve
from kubefleet.lab.folder import write_private
from kubefleet.lab.lab import Lab
from kubefleet.lab.pulumi import PulumiEnvironment

pytestmark = pytest.mark.engine

EXAMPLE = Path(__file__).parents[2] / "examples" / "10-identity-azure"
MEMBERS, HUB = {"aks-eu": "eu-1", "aks-us": "eu-2"}, "us-1"
SPACE, HOME = "azure-shop", "pulumi-kubefleet"
OPERATOR = "system:serviceaccount:operators:ci"
AKS = "6dae42f8-4368-4678-94ff-3960e28e3630"
VERBS = ["get", "list", "watch", "create", "patch", "delete"]


@dataclass
class Azure:
    """The example with all that it needs around it."""

    lab: Lab
    entra: FakeEntra
    folder: Path
    pulumi: PulumiEnvironment
    ids: dict[str, str]

    def run(self, *command: str, code: int = 0) -> str:
        done = self.pulumi.run(*command, cwd=self.folder)
        text = str(done.stdout + done.stderr)
        assert (done.code == 0) is (code == 0), text
        assert "Traceback" not in text, text
        assert "eyJ" not in text
        return text

    def join(self, member: str, *more: str) -> str:
        """As an admin of the member and of the hub."""
        kubeconfig = str(self.lab.kubeconfig)
        where = ["--context", MEMBERS[member], "--kubeconfig", kubeconfig, "--namespace", SPACE, "--mode", "azure"]
        of_hub = ["--hub-context", HUB, "--hub-kubeconfig", kubeconfig]
        named = [part for name, value in self.ids.items() for part in (f"--{name}-id", value)]
        command = [sys.executable, "-m", "kubefleet.cli.main", "join", member, *where, *of_hub, *named, *more]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def kubectl(self, cluster: str, *arguments: str, stdin: str = "") -> str:
        command = ["kubectl", f"--kubeconfig={self.lab.kubeconfig}", f"--context={cluster}", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, input=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def grant(self, cluster: str) -> None:
        """What the preview has listed, by the member's admin."""
        rights = [f"--verb={','.join(VERBS)}", "--resource=configmaps,deployments.apps"]
        self.kubectl(cluster, "create", "role", "web", "-n", SPACE, *rights)
        self.kubectl(cluster, "create", "rolebinding", "web", "-n", SPACE, "--role=web", f"--user={self.ids['object']}")


@pytest.fixture(scope="module")
def azure(quickstart_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azure]:
    lab, private = quickstart_lab, tmp_path_factory.mktemp("private")
    issued = issue()
    server = serve(issued, private)
    authority = private / "authority.pem"
    authority.write_text(issued.certificate)
    folder = tmp_path_factory.mktemp("programs") / EXAMPLE.name
    shutil.copytree(EXAMPLE, folder)
    keys: dict[str, str] = {}
    entra = FakeEntra(server, keys.__getitem__)
    kubeconfig = private / "kubeconfig"
    settings = {
        "KUBECONFIG": str(kubeconfig),
        "AZURE_AUTHORITY_HOST": entra.authority,
        "REQUESTS_CA_BUNDLE": str(authority),
        # Whatever would leave this machine finds nobody.
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "NO_PROXY": "127.0.0.1",
    }
    pulumi = PulumiEnvironment(private / "pulumi", settings=settings)
    ids = {"tenant": entra.tenant, "client": entra.client, "object": entra.object_id}
    made = Azure(lab, entra, folder, pulumi, ids)
    before = {member: lab.authentication(member).read_text() for member in MEMBERS.values()}
    try:
        made.kubectl(HUB, "create", "namespace", "operators")
        made.kubectl(HUB, "create", "serviceaccount", "ci", "-n", "operators")
        write_private(kubeconfig, yaml.safe_dump(without_admins(made)))
        issuer = json.loads(made.kubectl(HUB, "get", "--raw", "/.well-known/openid-configuration"))["issuer"]
        keys[issuer] = made.kubectl(HUB, "get", "--raw", "/openid/v1/jwks")
        for member, text in before.items():
            trust = entra.trust(AKS, issued.certificate)
            write_private(lab.authentication(member), json.dumps({**json.loads(text), "jwt": [trust]}))
        pulumi.init("dev", cwd=folder)
        for name, value in ids.items():
            made.run("config", "set", f"{name}Id", value)
        yield made
    finally:
        pulumi.run("destroy", "--yes", cwd=folder)
        for member, text in before.items():
            write_private(lab.authentication(member), text)
        for cluster in (*MEMBERS.values(), HUB):
            made.kubectl(cluster, "delete", "namespace", HOME, SPACE, "operators", "--ignore-not-found")
        server.stop()


def without_admins(azure: Azure) -> dict[str, Any]:
    """A kubeconfig of an operator of the hub, and of members with nobody in them."""
    lab = yaml.safe_load(azure.lab.kubeconfig.read_text())
    of_context = {item["name"]: item["context"]["cluster"] for item in lab["contexts"]}
    token = azure.kubectl(HUB, "create", "token", "ci", "-n", "operators").strip()
    users = [{"name": "ci", "user": {"token": token}}, {"name": "nobody", "user": {}}]
    contexts = {"hub": (HUB, "ci"), **{name: (cluster, "nobody") for name, cluster in MEMBERS.items()}}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": lab["clusters"],
        "users": users,
        "contexts": [
            {"name": name, "context": {"cluster": of_context[cluster], "user": user}}
            for name, (cluster, user) in contexts.items()
        ],
    }


def test_the_example_runs_from_what_its_admins_do_to_what_they_undo(azure: Azure) -> None:
    for member in MEMBERS:
        told = azure.join(member, "--operator", OPERATOR)
        assert "hub: ServiceAccount: 1" in told
        assert f"Mode `azure` hands out no rights: {member} has what a snapshot reads, placements' records and" in told

    told = azure.run("preview")
    assert 'plan: {\n        web: "nowhere"' in told
    assert "AADSTS700211: no federated credential has this issuer" in told
    issuer = next(iter(json.loads(azure.kubectl(HUB, "get", "--raw", "/.well-known/openid-configuration")).values()))
    azure.entra.table.append(Federated(issuer, f"system:serviceaccount:{HOME}:fleet-entra"))

    told = azure.run("preview", code=1)
    assert "aks-eu" in told
    assert "mode `azure` gives no rights, and there is none to" in told
    assert "Have the member's admin grant it" in told
    for cluster in MEMBERS.values():
        azure.grant(cluster)
    azure.run("preview")

    marks = {cluster: azure.lab.audited(cluster) for cluster in MEMBERS.values()}
    azure.run("up", "--yes", "--skip-preview")
    for cluster, mark in marks.items():
        written = [
            write for write in azure.lab.writes(cluster, mark) if write.resource in ("configmaps", "deployments")
        ]
        assert {write.user for write in written if write.name == "web"} == {azure.entra.object_id}
        assert azure.kubectl(cluster, "get", "deployment", "web", "-n", SPACE, "-o", "jsonpath={.spec.replicas}") == "2"
    marks = {cluster: azure.lab.audited(cluster) for cluster in MEMBERS.values()}
    again = azure.run("up", "--yes", "--skip-preview")
    assert "updated" not in again
    assert all(write.user != azure.entra.object_id for c, mark in marks.items() for write in azure.lab.writes(c, mark))

    state = azure.run("stack", "export")
    assert azure.entra.object_id in state
    command = [sys.executable, "-m", "kubefleet.cli.main", "identity", "check", "--cwd", str(azure.folder)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False, env=azure.pulumi.environment)
    assert checked.returncode == 0, checked.stdout + checked.stderr

    host = "      hostPID: true\n      containers:"
    manifests = azure.folder / "k8s" / "web.yaml"
    manifests.write_text(manifests.read_text().replace("      containers:", host))
    assert "'fleet-guard'" in azure.run("preview", code=1)

    azure.run("destroy", "--yes")
    for member, cluster in MEMBERS.items():
        assert azure.kubectl(cluster, "get", "deployment,configmap", "-n", SPACE, "-o", "name").split() == [
            "configmap/kube-root-ca.crt"
        ]
        assert azure.join(member, "--leave").endswith("no identity of the fleet has any right there.\n")
        assert "fleet-" not in azure.kubectl(cluster, "get", "clusterroles,validatingadmissionpolicies", "-o", "name")
