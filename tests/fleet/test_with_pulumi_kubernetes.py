"""A fleet of three people: an admin of the hub and an admin of the member with a stack each, and an operator, whose
fleet acts as no admin of anything, and who has resources of pulumi-kubernetes beside it, under an identity of the hub.
"""

import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import kubectl
from kubefleet.lab.lab import Lab
from kubefleet.lab.programs import ensure, find
from kubefleet.lab.pulumi import PulumiEnvironment

# Some two minutes on a machine of its own, six on a busy one.
pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]

SPACE, HOME, TOOLS = "identity-shop", "pulumi-kubefleet", "fleet-tools"
OPERATOR = "system:serviceaccount:operators:ana"
EXAMPLE = Path(__file__).parents[2] / "examples" / "09-identity-oidc"
RBAC = "rbac.authorization.k8s.io"
ACCOUNTS = f"fleet:system:serviceaccount:{HOME}:"
OWN = """
import pulumi
import pulumi_kubernetes
from pulumi_kubernetes.core.v1 import ConfigMap

member = pulumi_kubernetes.Provider("eu-1", kubeconfig=open({kubeconfig!r}).read())
ConfigMap("own", metadata={{"name": {name!r}, "namespace": {space!r}}}, data={{"a": "1"}},
          opts=pulumi.ResourceOptions(provider=member))
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab("quickstart", name="people", folder=tmp_path_factory.mktemp("people"), members=1, hub=True) as lab:
        objects = [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "operators"}},
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "ana", "namespace": "operators"}},
        ]
        listed = {"apiVersion": "v1", "kind": "List", "items": objects}
        kubectl(lab, "hub", "apply", "-f", "-", stdin=json.dumps(listed))
        yield lab


@dataclass
class Person:
    """Who has a stack, and a kubeconfig with nothing in it that is somebody else's."""

    folder: Path
    kubeconfig: Path
    pulumi: PulumiEnvironment

    def run(self, *command: str, fails: bool = False) -> str:
        """A command of Pulumi."""
        done = self.pulumi.run(*command, cwd=self.folder)
        text = done.stdout + done.stderr
        assert (done.code != 0) is fails, text
        assert "Traceback" not in text, text
        return text

    def up(self, *, fails: bool = False, **config: str) -> str:
        """An `up` with these settings of the stack."""
        for name, value in config.items():
            self.run("config", "set", name, value)
        return self.run("up", "--yes", "--skip-preview", fails=fails)

    def output(self, name: str) -> str:
        return self.pulumi.run("stack", "output", name, cwd=self.folder).stdout.strip()


@dataclass
class People:
    lab: Lab
    root: Path
    programs: dict[str, Any]
    all: list[Person] = field(default_factory=list)

    def person(self, name: str, users: dict[str, dict[str, Any]]) -> Person:
        """Somebody with these contexts, each with this user."""
        given = yaml.safe_load(self.lab.kubeconfig.read_text())
        clusters = [item for item in given["clusters"] if item["name"] in {self.cluster(given, each) for each in users}]
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": clusters,
            "users": [{"name": each, "user": user} for each, user in users.items()],
            "contexts": [
                {"name": each, "context": {"cluster": self.cluster(given, each), "user": each}} for each in users
            ],
            "current-context": next(iter(users), ""),
        }
        folder = self.root / name
        if (EXAMPLE / name).is_dir():
            shutil.copytree(EXAMPLE / name, folder)
        else:
            folder.mkdir()
            (folder / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n")
        kubeconfig = self.root / f"{name}.kubeconfig"
        kubeconfig.write_text(yaml.safe_dump(config))
        settings = {"KUBECONFIG": str(kubeconfig), "KUBEFLEET_LOGS": str(self.root / "logs")}
        pulumi = PulumiEnvironment(self.root / "pulumi", programs=self.programs, settings=settings)
        made = Person(folder, kubeconfig, pulumi)
        made.pulumi.init("dev", cwd=folder)
        self.all.append(made)
        return made

    @staticmethod
    def cluster(given: dict[str, Any], context: str) -> str:
        return str(next(item["context"]["cluster"] for item in given["contexts"] if item["name"] == context))

    def admin(self, context: str) -> dict[str, Any]:
        """The lab's admin."""
        given = yaml.safe_load(self.lab.kubeconfig.read_text())
        name = next(item["context"]["user"] for item in given["contexts"] if item["name"] == context)
        return dict(next(item["user"] for item in given["users"] if item["name"] == name))

    def accounts(self) -> set[str]:
        """The accounts on the hub."""
        names = kubectl(self.lab, "hub", "get", "serviceaccounts", "-n", HOME, "-o", "name", "--ignore-not-found")
        return {name.partition("/")[2] for name in names.split()} - {"default"}


@pytest.fixture
def people(lab: Lab, tmp_path: Path) -> Iterator[People]:
    provider = find("pulumi-resource-kubernetes")
    if provider is None:
        pytest.skip("pulumi-resource-kubernetes is not built: `make provider` builds it, or says why it cannot")
    people = People(lab, tmp_path, {**ensure("pulumi"), provider.name: provider})
    yield people
    for person in reversed(people.all):
        person.pulumi.run("destroy", "--yes", cwd=person.folder)


def test_nobody_acts_as_an_admin_but_the_admins_each_in_a_stack_of_their_own(people: People, lab: Lab) -> None:
    file = lab.folder.cluster("eu-1").authentication
    before = file.read_text()

    # The admin of the hub.
    hub_admin = people.person("hub-admin", {"hub": people.admin("hub")})
    hub_admin.up(operator=OPERATOR)
    assert hub_admin.output("namespace") == HOME
    assert people.accounts() == {"fleet-rbac", "fleet-reader"}
    assert "created" not in (again := hub_admin.up()), again

    # The admin of the member, whom the hub does not know.
    member_admin = people.person("member-admin", {"eu-1": people.admin("eu-1"), "hub": {}})
    assert "eu-1 has joined" in member_admin.up(authenticationConfig=str(file))
    uid = kubectl(lab, "eu-1", "get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}")
    assert member_admin.output("uid") == uid
    assert [entry["issuer"]["url"] for entry in json.loads(file.read_text())["jwt"]] == ["https://hub.fleet.test"]
    assert "updated" not in (again := member_admin.up()), again
    told = member_admin.up(authenticationConfig=str(file.with_name("none")), fails=True)
    assert "1 failed. Mend these, then run `pulumi up` again\n" in told
    assert "eu-1 is not ready for the fleet's identities: eu-1: cannot change `" in told
    member_admin.up(authenticationConfig=str(file))

    # The operator, whom the member does not know.
    let_in_tools(lab)
    marks = {name: lab.audited(name) for name in ("hub", "eu-1")}
    token = kubectl(lab, "hub", "create", "token", "ana", "-n", "operators").strip()
    operator = people.person("operator", {"hub": {"token": token}, "eu-1": {}})
    operator.up(uid=uid)
    assert "updated" not in (again := operator.up()), again
    operator.up(greeting="good day")
    found = json.loads(kubectl(lab, "eu-1", "get", "configmap", "settings", "-n", SPACE, "-o", "json"))
    assert found["data"] == {"greeting": "good day"}
    placement = (people.accounts() - {"fleet-rbac", "fleet-reader", TOOLS}).pop()
    applies_by_the_plugin(people, lab, operator, uid)
    operator.run("destroy", "--yes")
    writes = lab.writes("eu-1", marks["eu-1"])
    by = {user: {write.resource for write in writes if write.user == user} for user in {write.user for write in writes}}
    assert by.pop(f"{ACCOUNTS}{placement}") == {"configmaps"}
    assert by.pop(f"{ACCOUNTS}fleet-rbac") == {"roles", "rolebindings", "clusterroles", "clusterrolebindings"}
    assert set(by) == {f"{ACCOUNTS}{TOOLS}"}
    on_hub = [write for write in lab.writes("hub", marks["hub"]) if write.user == OPERATOR]
    assert {(write.resource, write.name) for write in on_hub if write.code < 300} == {("serviceaccounts", placement)}
    # What the admins have made is theirs.
    assert people.accounts() == {"fleet-rbac", "fleet-reader", TOOLS}

    member_admin.run("destroy", "--yes")
    assert json.loads(file.read_text()) == json.loads(before)
    hub_admin.run("destroy", "--yes")
    assert people.accounts() == set()


def let_in_tools(lab: Lab) -> None:
    """An account of the hub, to which the member's admin grants one object."""
    core = {"apiGroups": [""]}
    rules = [
        {**core, "resources": ["configmaps"], "resourceNames": ["own"], "verbs": ["get", "patch", "create", "delete"]},
        # By these it sees that something is gone; without them its deletions hang.
        {**core, "resources": ["configmaps", "events"], "verbs": ["list", "watch"]},
    ]
    role = {"metadata": {"name": "tools", "namespace": SPACE}, "apiVersion": f"{RBAC}/v1"}
    reference = {"apiGroup": RBAC, "kind": "Role", "name": "tools"}
    user = {"apiGroup": RBAC, "kind": "User", "name": f"{ACCOUNTS}{TOOLS}"}
    granted = [
        {**role, "kind": "Role", "rules": rules},
        {**role, "kind": "RoleBinding", "roleRef": reference, "subjects": [user]},
    ]
    listed = {"apiVersion": "v1", "kind": "List", "items": granted}
    kubectl(lab, "eu-1", "apply", "-f", "-", stdin=json.dumps(listed))
    kubectl(lab, "hub", "create", "serviceaccount", TOOLS, "-n", HOME)


def applies_by_the_plugin(people: People, lab: Lab, operator: Person, uid: str) -> None:
    """One object that the member's admin has granted to an account of the hub, and one that nobody has."""
    user = f"{ACCOUNTS}{TOOLS}"
    kubeconfig = operator.kubeconfig.with_name("plugin.kubeconfig")
    config = yaml.safe_load(operator.kubeconfig.read_text())
    source = ["--mode", "oidc", "--hub-context", "hub", "--hub-kubeconfig", str(operator.kubeconfig)]
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": str(Path(sys.executable).with_name("kubefleet-credential")),
        "args": [TOOLS, *source, "--member-uid", uid],
        "interactiveMode": "Never",
    }
    users = [{"name": "eu-1", "user": {"exec": plugin}}]
    kubeconfig.write_text(yaml.safe_dump({**config, "users": users, "current-context": "eu-1"}))
    tools = people.person("tools", {})
    mark = lab.audited("eu-1")
    program = tools.folder / "__main__.py"
    own = {"kubeconfig": str(kubeconfig), "space": SPACE, "name": "own"}
    program.write_text(OWN.format(**own))
    tools.up()
    program.write_text(OWN.format(**{**own, "name": "another"}))
    told = tools.up(fails=True)
    assert f'User "{user}" cannot patch resource "configmaps"' in " ".join(told.split()), told
    writes = [write for write in lab.writes("eu-1", mark) if write.resource == "configmaps"]
    assert {(write.user, write.name, write.code) for write in writes if write.code < 300} == {(user, "own", 201)}
    assert {(write.user, write.name) for write in writes if write.code == 403} == {(user, "another")}
    tools.run("destroy", "--yes")
    assert kubectl(lab, "eu-1", "get", "configmap", "-n", SPACE, "own", "another", "--ignore-not-found") == ""
