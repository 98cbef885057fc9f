"""A whole life of a fleet whose agent impersonates its identities: an account that is no admin, at members joined by
`kubefleet join`. A hub says who runs the command, and nothing else.

What the members saw is read from their audit logs here, without anything of the product's.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubefleet.lab.lab import Lab
from kubefleet.lab.pulumi import PulumiEnvironment

pytestmark = pytest.mark.engine

SPACE, HOME, OPERATORS = "impersonated", "pulumi-kubefleet", "operators-of-agents"
MEMBERS, HUB = ("eu-1", "us-1"), "eu-2"
AGENT, OPERATOR = f"system:serviceaccount:{OPERATORS}:agent", f"system:serviceaccount:{OPERATORS}:ana"
PREFIX = f"fleet:{HOME}:fleet-"
READER, RIGHTS = f"{PREFIX}reader", f"{PREFIX}rbac"
EXTRA = "kubefleet.io/operator"
PROGRAM = """
import pulumi
from pulumi_kubefleet import *

labels = {{"app": "web"}}
container = {{"name": "web", "image": "{image}", "resources": {{"requests": {{"cpu": "100m", "memory": "64Mi"}}}}}}
web = {{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {{"name": "web"}},
       "spec": {{"replicas": 2, "selector": {{"matchLabels": labels}},
                "template": {{"metadata": {{"labels": labels}}, "spec": {{"containers": [container]}}}}}}}}
settings = {{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {{"name": "settings"}}, "data": {{"a": "{image}"}}}}

fleet = Fleet("acted", hub=Kubeconfig("{hub}-ana"),
              identity=IdentityFederation("impersonation", namespaces=["{space}"]))
for name in ("eu-1", "us-1"):
    fleet.member(name, context=f"{{name}}-agent")
fleet.placement("web", namespace="{space}", policy=PickFixed("{at}"), manifests=[settings, web])
pulumi.export("plan", fleet.plan)
"""
WRITES = ("create", "update", "patch", "delete", "deletecollection")


@dataclass
class Life:
    """One stack from its first preview to its end, and what was seen of it."""

    folder: Path
    pulumi: PulumiEnvironment
    lab: Lab
    kubeconfig: Path
    uid: str = ""
    told: dict[str, str] = field(default_factory=dict)
    roles: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    requests: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def web(self) -> str:
        return f"{PREFIX}{self.uid}"

    def run(self, *arguments: str, at: str = "eu-1", image: str = "web:1") -> str:
        program = PROGRAM.format(space=SPACE, at=at, image=image, hub=HUB)
        (self.folder / "__main__.py").write_text(program)
        done = self.pulumi.run(*arguments, cwd=self.folder, settings={"KUBECONFIG": str(self.kubeconfig)})
        text = str(done.stdout + done.stderr)
        assert done.code == 0, text
        assert "Traceback" not in text, text
        return text

    def kubefleet(self, *arguments: str, admin: bool = False) -> str:
        settings = {**self.pulumi.environment, "KUBECONFIG": str(self.lab.kubeconfig if admin else self.kubeconfig)}
        command = [sys.executable, "-m", "kubefleet.cli.main", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=settings)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def kubectl(self, context: str, *arguments: str, stdin: str = "", agent: bool = False, code: int = 0) -> str:
        config = self.kubeconfig if agent else self.lab.kubeconfig
        command = ["kubectl", f"--kubeconfig={config}", f"--context={context}", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, input=stdin)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout if code == 0 else done.stderr

    def fleets_roles(self, member: str) -> list[str]:
        """Roles and bindings that were made for placements, by kind and name."""
        kinds = "roles,clusterroles,rolebindings,clusterrolebindings"
        items = json.loads(self.kubectl(member, "get", kinds, "-A", "-o", "json"))["items"]
        found = (f"{item['kind']}/{item['metadata']['name']}" for item in items)
        return sorted(name for name in found if "/fleet:" in name)


def let_in(life: Life) -> None:
    """An account for the agent on each member and one for the operator on the hub, without any right."""
    admins = yaml.safe_load(life.lab.kubeconfig.read_text())
    contexts, users, clusters = [], [], []
    for member, account in (*((name, "agent") for name in MEMBERS), (HUB, "ana")):
        life.kubectl(member, "create", "namespace", OPERATORS)
        life.kubectl(member, "create", "serviceaccount", account, "-n", OPERATORS)
        token = life.kubectl(member, "create", "token", account, "-n", OPERATORS).strip()
        admin = next(item["context"] for item in admins["contexts"] if item["name"] == member)
        name = f"{member}-{account}"
        clusters.append(next(item for item in admins["clusters"] if item["name"] == admin["cluster"]))
        users.append({"name": name, "user": {"token": token}})
        contexts.append({"name": name, "context": {"cluster": admin["cluster"], "user": name}})
    written = {"apiVersion": "v1", "kind": "Config", "clusters": clusters, "users": users, "contexts": contexts}
    life.kubeconfig.touch(mode=0o600)
    life.kubeconfig.write_text(yaml.safe_dump(written))


def join(life: Life, member: str, *more: str) -> str:
    arguments = ["--context", member, "--namespace", SPACE, "--mode", "impersonation", *more]
    return life.kubefleet("join", member, *arguments, admin=True)


@pytest.fixture(scope="module")
def life(pulumi: PulumiEnvironment, quickstart_lab: Lab, tmp_path_factory: Any) -> Iterator[Life]:
    """Lived once: joined, previewed, placed, changed, moved, destroyed; left again at the end."""
    folder = tmp_path_factory.mktemp("acted")
    (folder / "Pulumi.yaml").write_text("name: acted\nruntime: python\n")
    life = Life(folder, pulumi, quickstart_lab, tmp_path_factory.mktemp("agent") / "kubeconfig")
    let_in(life)
    for member in MEMBERS:
        life.told[f"join {member}"] = join(life, member, "--agent", AGENT)
    pulumi.init("dev", cwd=folder)
    marks = {member: quickstart_lab.audited(member) for member in MEMBERS}
    try:
        live(life)
        for member in MEMBERS:
            life.requests[member] = list(quickstart_lab.audit(member, marks[member]))
        yield life
    finally:
        life.run("destroy", "--yes")
        for member in MEMBERS:
            join(life, member, "--leave")
            life.kubectl(member, "delete", "namespace", HOME, SPACE, OPERATORS, "--ignore-not-found")
        life.kubectl(HUB, "delete", "namespace", OPERATORS)


def live(life: Life) -> None:
    life.told["preview"] = life.run("preview")
    life.run("up", "--yes", "--skip-preview")
    state = json.loads(life.run("stack", "export"))["deployment"]["resources"]
    life.uid = next(item["outputs"]["uid"] for item in state if item["type"].endswith("Ownership"))
    life.roles["placed"] = {member: life.fleets_roles(member) for member in MEMBERS}
    life.told["refused"] = "\n".join(refusals(life))
    life.told["check"] = life.kubefleet("identity", "check", "--cwd", str(life.folder))
    life.told["show"] = life.kubefleet("identity", "show", "-o", "json", "--cwd", str(life.folder))
    life.run("up", "--yes", "--skip-preview", image="web:2")
    life.run("up", "--yes", "--skip-preview", image="web:2", at="us-1")
    life.roles["moved"] = {member: life.fleets_roles(member) for member in MEMBERS}
    life.told["second"] = life.run("preview", "--diff", image="web:2", at="us-1")
    life.told["annotation"] = life.kubectl(
        "us-1", "get", "deploy", "web", "-n", SPACE, "-o", "jsonpath={.metadata.annotations}"
    )
    life.run("destroy", "--yes")
    life.roles["gone"] = {member: life.fleets_roles(member) for member in MEMBERS}


def refusals(life: Life) -> Iterator[str]:
    """What the agent is told where it tries, by hand, what is not its to do."""
    ask = ("get", "configmap", "settings", "-n", SPACE)
    whom = (
        (f"{PREFIX}00000000000000ff",),
        ("lab-admin",),
        (life.web, "--as-group=system:masters"),
        (RIGHTS, "--as-group=fleet:hub"),
        ("system:node:eu-1-small-0",),
        (f"system:serviceaccount:{SPACE}:default",),
    )
    for user, *more in whom:
        yield life.kubectl("eu-1-agent", *ask, f"--as={user}", *more, agent=True, code=1)
    for user in (life.web, RIGHTS):
        yield life.kubectl("eu-1-agent", "create", "token", "default", f"--as={user}", agent=True, code=1)
    yield life.kubectl("eu-1-agent", *ask, agent=True, code=1)
    yield life.kubectl("eu-1-agent", "get", "deploy", "-n", "default", f"--as={life.web}", agent=True, code=1)


def somebodys(life: Life) -> Iterator[tuple[str, dict[str, Any]]]:
    """Requests of the agent and of whoever else is no part of the cluster, but not of this test."""
    for member in MEMBERS:
        for event in life.requests[member]:
            user = event["user"]["username"]
            inside = user.startswith("system:") and not user.startswith(f"system:serviceaccount:{OPERATORS}:")
            if event["stage"] == "ResponseComplete" and not inside and "kubectl" not in event.get("userAgent", ""):
                yield member, event


def test_every_write_names_the_agent_the_placement_and_the_operator(life: Life) -> None:
    by: dict[str, set[str]] = {}
    for _, event in somebodys(life):
        target = event.get("objectRef") or {}
        if event["verb"] not in WRITES or target["resource"].endswith("reviews") or "dryRun" in event["requestURI"]:
            continue
        assert event["user"]["username"] == AGENT
        acted = event["impersonatedUser"]
        assert acted["extra"][EXTRA] == [OPERATOR], event
        assert acted["groups"] == ["system:authenticated"]
        assert event["responseStatus"]["code"] < 300, event
        by.setdefault(acted["username"], set()).add(f"{target['resource']}/{target['name']}")
    roles = {f"{kind}/{life.web}" for kind in ("roles", "rolebindings", "clusterroles", "clusterrolebindings")}
    hands = {f"{kind}/fleet:agent:{life.web}" for kind in ("clusterroles", "clusterrolebindings")}
    assert by.pop(life.web) == {"deployments/web", "configmaps/settings", f"configmaps/{life.uid}"}
    assert by == {RIGHTS: roles | hands}


def test_who_acts_is_never_the_agent_itself_but_to_ask_who_it_is(life: Life) -> None:
    own = {
        (event["verb"], event["requestURI"].partition("?")[0])
        for _, event in somebodys(life)
        if "impersonatedUser" not in event
    }
    assert {path for _, path in own} <= {
        "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        "/api/v1/namespaces/kube-system",
    }, own


def test_a_preview_before_anything_is_granted_says_what_will_be(life: Life) -> None:
    assert f"acts as `{life.web}` (mode `impersonation`); gains 20 rights: " in life.told["preview"]
    assert f"`{AGENT}`" in life.told["join eu-1"]
    assert 'IdentityFederation(mode="impersonation", namespaces=["impersonated"])' in life.told["join eu-1"]


def test_the_agent_may_act_as_a_placement_where_that_is_and_nowhere_else(life: Life) -> None:
    mine = [f"{kind}/fleet:agent:{life.web}" for kind in ("ClusterRole", "ClusterRoleBinding")]
    own = [f"{kind}/{life.web}" for kind in ("ClusterRole", "ClusterRoleBinding")]
    own += [f"{kind}/{life.web}" for kind in ("Role", "RoleBinding") for _ in (HOME, SPACE)]
    assert life.roles["placed"] == {"eu-1": sorted([*mine, *own]), "us-1": []}
    assert life.roles["moved"] == {"eu-1": [], "us-1": sorted([*mine, *own])}
    assert life.roles["gone"] == {"eu-1": [], "us-1": []}


def test_what_is_not_listed_is_refused(life: Life) -> None:
    lines = life.told["refused"].split("\n\n")
    assert len(lines) == 10
    assert all(f'is forbidden: User "{AGENT}" cannot ' in line for line in lines), lines


def test_who_runs_the_command_is_the_hubs_word(life: Life) -> None:
    assert json.loads(life.told["annotation"])["pulumi-kubefleet/operator"] == OPERATOR


def test_show_asks_as_the_placement_through_the_agent(life: Life) -> None:
    (row,) = json.loads(life.told["show"])["acted"]
    assert (row["cluster"], row["user"], row["mode"], row["error"]) == ("eu-1", life.web, "impersonation", "")
    assert f"patch on deployments.apps `web` in namespace `{SPACE}`" in row["rights"]
    assert (row["gains"], row["loses"]) == ([], [])


def test_a_second_time_nothing_changes_and_all_checks_hold(life: Life) -> None:
    assert "10 unchanged" in life.told["second"]
    lines = life.told["check"].splitlines()[1:]
    assert lines
    assert all(line.split()[-1] == "ok" for line in lines), life.told["check"]


JOINING = """
import pulumi
from pulumi_kubefleet import *

fleet = Fleet("joining", identity=IdentityFederation("impersonation", namespaces=["acting"]))
fleet.member("eu-2", context="eu-2", join=True)
fleet.placement("web", namespace="acting", policy=PickAll(), manifests=[
    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "1"}}])
pulumi.export("plan", fleet.plan)
"""


@pytest.mark.usefixtures("namespaces_of_joins")
def test_in_a_stack_whoever_joins_a_member_is_its_agent(stack: Any, quickstart_lab: Lab) -> None:
    """Without a hub: so nothing is said of an operator."""
    (stack.folder / "__main__.py").write_text(JOINING)
    told = stack.preview()
    assert "web on eu-2; 1/1 clusters fit" in told
    assert "(mode `impersonation`); gains " in told
    mark = quickstart_lab.audited("eu-2")
    stack.up()
    events = [event for event in quickstart_lab.audit("eu-2", mark) if event["stage"] == "ResponseComplete"]
    made = [event for event in events if (event.get("objectRef") or {}).get("name") == "settings"]
    (written,) = [event for event in made if event["verb"] == "patch" and "dryRun" not in event["requestURI"]]
    assert written["user"]["username"] == "lab-admin"
    assert written["impersonatedUser"]["username"].startswith(PREFIX)
    assert "extra" not in written["impersonatedUser"]
    (subject,) = json.loads(stack.kubectl("eu-2", "get", "clusterrolebinding", "fleet-agent", "-o", "json"))["subjects"]
    assert subject["name"] == "lab-admin"
    stack.run("destroy", "--yes")
    roles = stack.kubectl("eu-2", "get", "clusterroles,clusterrolebindings,roles,rolebindings", "-A", "-o", "name")
    assert [name for name in roles.split() if "/fleet" in name] == []
