"""A whole life of a fleet whose stack holds no admin's access: members joined by `kubefleet join`, declared with a
credential that may make and remove accounts and make tokens in one namespace, and nothing else.

What the members saw is read from their audit logs here, without anything of the product's.
"""

import json
import re
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubefleet.lab.lab import Lab
from kubefleet.lab.pulumi import PulumiEnvironment

pytestmark = pytest.mark.engine

SPACE = "minted"
HOME = "pulumi-kubefleet"
MEMBERS = ("eu-1", "us-1")
MINTER = "system:serviceaccount:operators:minter"
ACCOUNTS = f"system:serviceaccount:{HOME}:"
READER, RIGHTS = f"{ACCOUNTS}fleet-reader", f"{ACCOUNTS}fleet-rbac"
PROGRAM = """
import pulumi
from pulumi_kubefleet import *

def config_map(name, **data):
    return {{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {{"name": name}}, "data": data}}

def deployment(name, replicas=2, image="web:1"):
    labels = {{"app": name}}
    container = {{"name": name, "image": image, "resources": {{"requests": {{"cpu": "100m", "memory": "64Mi"}}}}}}
    return {{
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {{"name": name}},
        "spec": {{"replicas": replicas, "selector": {{"matchLabels": labels}},
                 "template": {{"metadata": {{"labels": labels}}, "spec": {{"containers": [container]}}}}}},
    }}

fleet = Fleet("minted", identity=IdentityFederation(namespaces=["{space}"]))
for name in ("eu-1", "us-1"):
    fleet.member(name, context=f"{{name}}-minter")
fleet.placement("web", namespace="{space}", policy=PickFixed({web}),
                manifests=[config_map("web-settings", a="{image}"), deployment("web", image="{image}")])
fleet.placement("api", namespace="{space}", policy=PickFixed("us-1"), manifests=[deployment("api")])
pulumi.export("plan", fleet.plan)
"""


@dataclass
class Life:
    """One stack from its first preview to its end, and what is left of it to be looked at."""

    folder: Path
    private: Path
    pulumi: PulumiEnvironment
    lab: Lab
    kubeconfig: Path
    said: list[str] = field(default_factory=list)
    uids: dict[str, str] = field(default_factory=dict)
    requests: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    wild: dict[str, set[str]] = field(default_factory=dict)
    left: dict[str, list[str]] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)

    def write(self, web: str, image: str) -> None:
        (self.folder / "__main__.py").write_text(PROGRAM.format(space=SPACE, web=web, image=image))

    def run(self, *arguments: str, code: int = 0) -> str:
        """A command of Pulumi that keeps what it writes, beside its state, in the private folder."""
        settings = {
            "KUBECONFIG": str(self.kubeconfig),
            "KUBEFLEET_LOGS": str(self.private / "logs"),
            "PULUMI_DEBUG_COMMANDS": "true",
            "TMPDIR": str(self.private / "tmp"),
            "XDG_CACHE_HOME": str(self.private / "cache"),
            "XDG_STATE_HOME": str(self.private / "state"),
            "XDG_RUNTIME_DIR": str(self.private / "run"),
        }
        done = self.pulumi.run(*arguments, cwd=self.folder, settings=settings)
        text = done.stdout + done.stderr
        assert done.code == code, text
        assert "Traceback" not in text, text
        self.said.append(text)
        return text

    def kubefleet(self, *arguments: str, code: int = 0, admin: bool = False) -> str:
        settings = {**self.pulumi.environment, "KUBECONFIG": str(self.lab.kubeconfig if admin else self.kubeconfig)}
        command = [sys.executable, "-m", "kubefleet.cli.main", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=settings)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        self.said.append(done.stdout + done.stderr)
        return done.stdout if code == 0 else done.stdout + done.stderr

    def kubectl(self, cluster: str, *arguments: str, stdin: str = "") -> str:
        command = ["kubectl", f"--kubeconfig={self.lab.kubeconfig}", f"--context={cluster}", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, input=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def marks(self) -> dict[str, int]:
        return {name: sum(1 for _ in log_of(self.lab, name).open("rb")) for name in MEMBERS}

    def checks_out(self, *at: str) -> bool:
        command = [sys.executable, "-m", "kubefleet.cli.main", "identity", "check", *at]
        settings = {**self.pulumi.environment, "KUBECONFIG": str(self.kubeconfig)}
        return subprocess.run(command, capture_output=True, check=False, env=settings).returncode == 0


def wait_until(holds: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(1)


def log_of(lab: Lab, cluster: str) -> Path:
    return lab.folder.cluster(cluster).audit_log


def requests_since(lab: Lab, cluster: str, mark: int) -> list[dict[str, Any]]:
    """All requests of an API server that have ended, as its audit log has them."""
    lines = log_of(lab, cluster).read_bytes().split(b"\n")[mark:]
    events = [json.loads(line) for line in lines if line]
    return [event for event in events if event["stage"] == "ResponseComplete"]


def let_in(life: Life) -> None:
    """For each member a user who may do what an operator of the fleet must, and the kubeconfig of these."""
    contexts, users, clusters = [], [], []
    admins = yaml.safe_load(life.lab.kubeconfig.read_text())
    for member in MEMBERS:
        objects = [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "operators"}},
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "minter", "namespace": "operators"}},
        ]
        life.kubectl(
            member, "apply", "-f", "-", stdin=json.dumps({"kind": "List", "apiVersion": "v1", "items": objects})
        )
        token = life.kubectl(member, "create", "token", "minter", "-n", "operators").strip()
        admin = next(item["context"] for item in admins["contexts"] if item["name"] == member)
        clusters.append(next(item for item in admins["clusters"] if item["name"] == admin["cluster"]))
        users.append({"name": f"{member}-minter", "user": {"token": token}})
        contexts.append(
            {"name": f"{member}-minter", "context": {"cluster": admin["cluster"], "user": f"{member}-minter"}}
        )
    written = {"apiVersion": "v1", "kind": "Config", "clusters": clusters, "users": users, "contexts": contexts}
    life.kubeconfig.touch(mode=0o600)
    life.kubeconfig.write_text(yaml.safe_dump(written))


def users_with_wildcards(life: Life, cluster: str) -> set[str]:
    """Subjects (users, groups, accounts) that are bound to a role that has a `*`."""
    kinds = "clusterroles,roles,clusterrolebindings,rolebindings"
    items = json.loads(life.kubectl(cluster, "get", kinds, "-A", "-o", "json"))["items"]
    wild = set()
    for item in items:
        lists = [rule.get(key) or [] for rule in item.get("rules") or [] for key in ("verbs", "resources", "apiGroups")]
        if any("*" in each for each in lists):
            wild.add((item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"]))
    found = set()
    for item in items:
        if "roleRef" not in item:
            continue
        kind = item["roleRef"]["kind"]
        namespace = item["metadata"].get("namespace", "") if kind == "Role" else ""
        if (kind, namespace, item["roleRef"]["name"]) in wild:
            for subject in item.get("subjects") or []:
                account = f"system:serviceaccount:{subject.get('namespace')}:{subject['name']}"
                found.add(account if subject["kind"] == "ServiceAccount" else subject["name"])
    return found


@pytest.fixture(scope="module")
def life(pulumi: PulumiEnvironment, quickstart_lab: Lab, tmp_path_factory: Any) -> Iterator[Life]:
    """Lived once: joined, placed, changed, refreshed, moved, destroyed; left again at the end."""
    private = tmp_path_factory.mktemp("private")
    for name in ("tmp", "cache", "state", "run"):
        (private / name).mkdir()
    (private / "run").chmod(0o700)
    folder = tmp_path_factory.mktemp("minted")
    (folder / "Pulumi.yaml").write_text("name: minted\nruntime: python\n")
    kubeconfig = tmp_path_factory.mktemp("operator") / "kubeconfig"
    life = Life(folder, private, pulumi, quickstart_lab, kubeconfig)
    let_in(life)
    for member in MEMBERS:
        life.kubefleet("join", member, "--context", member, "--namespace", SPACE, "--operator", MINTER, admin=True)
    pulumi.init("dev", cwd=folder)
    marks = life.marks()
    try:
        live(life)
        life.requests = {name: requests_since(quickstart_lab, name, marks[name]) for name in MEMBERS}
        look_and_break(life)
        yield life
    finally:
        pulumi.run("destroy", "--yes", cwd=folder, settings={"KUBECONFIG": str(kubeconfig)})
        for member in MEMBERS:
            life.kubefleet("join", member, "--context", member, "--namespace", SPACE, "--leave", admin=True)
            life.kubectl(member, "delete", "namespace", HOME, SPACE, "operators", "--ignore-not-found")


def live(life: Life) -> None:
    life.write('"eu-1"', "web:1")
    life.run("preview", "--diff")
    life.run("preview", "--json", "--save-plan", str(life.private / "plan.json"))
    life.run("up", "--yes", "--skip-preview", "--event-log", str(life.private / "events.json"))
    state = life.run("stack", "export")
    for item in json.loads(state)["deployment"]["resources"]:
        if item["type"].endswith("Ownership"):
            life.uids[item["outputs"]["placement"]] = item["outputs"]["uid"]
    life.wild = {name: users_with_wildcards(life, name) for name in MEMBERS}
    life.write('"eu-1"', "web:2")
    life.run("up", "--yes", "--refresh")
    life.write('"us-1"', "web:2")
    life.run("up", "--yes", "--json", "--skip-preview")
    life.run("stack", "export")
    # All that the engine and the provider tell one another.
    life.run("up", "--yes", "--logtostderr", "--verbose=9")
    life.run("preview")
    life.run("destroy", "--yes")
    life.left = {name: left_in(life, name) for name in MEMBERS}


def left_in(life: Life, member: str) -> list[str]:
    """What a fleet has in a member beside its join."""
    objects = life.kubectl(member, "get", "deploy,secret", "-n", SPACE, "-o", "name").split()
    kinds = "roles,clusterroles,rolebindings,clusterrolebindings"
    items = json.loads(life.kubectl(member, "get", kinds, "-A", "-o", "json"))["items"]
    names = [item["metadata"]["name"] for item in items]
    accounts = life.kubectl(member, "get", "serviceaccounts", "-n", HOME, "-o", "name").split()
    known = {"serviceaccount/default", "serviceaccount/fleet-rbac", "serviceaccount/fleet-reader"}
    return [*objects, *(name for name in names if name.startswith("fleet:")), *sorted(set(accounts) - known)]


def look_and_break(life: Life) -> None:
    """What the commands tell of the stack, as it should be and when an admin has broken something."""
    life.write('"eu-1"', "web:1")
    life.run("up", "--yes", "--skip-preview")
    at = ("--cwd", str(life.folder))
    life.told["show"] = life.kubefleet("identity", "show", "-o", "json", *at)
    life.told["table"] = life.kubefleet("identity", "show", *at)
    life.told["check"] = life.kubefleet("identity", "check", *at)
    life.told["status"] = life.kubefleet("status", "-o", "json", *at)
    life.told["inventory"] = life.kubefleet("inventory", "-o", "json", *at)
    life.told["explain"] = life.kubefleet("explain", "web", *at)
    user = actors(life)["web"]
    # Its Role in the namespace says something else, the fence is gone, and the reader may read less.
    rules = '[{"op": "replace", "path": "/rules", "value": [{"apiGroups": [""], "resources": ["configmaps"], "verbs":'
    rules += ' ["get"], "resourceNames": ["other"]}]}]'
    life.kubectl("eu-1", "patch", "role", f"fleet:{user}", "-n", SPACE, "--type=json", "-p", rules)
    life.kubectl("eu-1", "delete", "validatingadmissionpolicybinding", "fleet-fence")
    life.kubectl("us-1", "delete", "clusterrolebinding", "fleet-reader")
    wait_until(lambda: "not in force" in life.kubefleet("identity", "check", *at, code=1), 40)
    life.told["broken check"] = life.kubefleet("identity", "check", *at, code=1)
    life.told["broken show"] = life.kubefleet("identity", "show", "-o", "json", *at)
    for member in MEMBERS:
        life.kubefleet("join", member, "--context", member, "--namespace", SPACE, "--operator", MINTER, admin=True)
    wait_until(lambda: life.checks_out(*at), 40)
    life.run("up", "--yes", "--skip-preview")


def actors(life: Life) -> dict[str, str]:
    return {"web": f"{ACCOUNTS}fleet-{life.uids['web']}", "api": f"{ACCOUNTS}fleet-{life.uids['api']}"}


WRITES = ("create", "update", "patch", "delete", "deletecollection")
ASKS = ("selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews")


def somebodys(life: Life) -> list[dict[str, Any]]:
    """Requests of whoever is no part of the cluster itself, and not of this test."""
    own = re.compile(r"system:(apiserver|kube-.*|kwok|lab|node:.*|serviceaccount:kube-system:.*|anonymous)")
    return [
        event
        for name in MEMBERS
        for event in life.requests[name]
        if not own.fullmatch(event["user"]["username"]) and "kubectl" not in event.get("userAgent", "")
    ]


def target_of(event: dict[str, Any]) -> dict[str, Any]:
    """What a request is about; nothing where it is about no object, as `/version`."""
    return event.get("objectRef") or {}


def test_no_write_is_an_admins_or_of_a_role_with_a_wildcard(life: Life) -> None:
    writes = [event for event in somebodys(life) if event["verb"] in WRITES]
    assert len(writes) > 20
    wild = life.wild["eu-1"] | life.wild["us-1"]
    assert "system:masters" in wild
    for event in writes:
        groups = set(event["user"]["groups"])
        assert "system:masters" not in groups, event
        assert not (groups | {event["user"]["username"]}) & wild, event


def test_whoever_writes_writes_only_what_is_his(life: Life) -> None:
    by: dict[str, set[str]] = {}
    for event in somebodys(life):
        target = target_of(event)
        if event["verb"] in WRITES and target["resource"] not in ASKS:
            by.setdefault(event["user"]["username"], set()).add(
                "/".join(filter(None, (target["resource"], target.get("subresource", ""))))
            )
    mine = actors(life)
    assert set(by) == {MINTER, RIGHTS, *mine.values()}
    assert by[MINTER] == {"serviceaccounts", "serviceaccounts/token"}
    assert by[RIGHTS] == {"roles", "rolebindings", "clusterroles", "clusterrolebindings"}
    assert by[mine["web"]] == {"configmaps", "deployments"}
    assert by[mine["api"]] == {"configmaps", "deployments"}


def test_each_placement_writes_only_its_own_objects_and_all_of_them(life: Life) -> None:
    names: dict[str, set[str]] = {}
    for event in somebodys(life):
        target = target_of(event)
        if event["verb"] in WRITES and target.get("namespace") == SPACE and target["resource"] not in ASKS:
            names.setdefault(event["user"]["username"], set()).add(target["name"])
    mine = actors(life)
    assert names.pop(mine["web"]) == {"web", "web-settings"}
    assert names.pop(mine["api"]) == {"api"}
    assert set(names) <= {RIGHTS}
    assert names[RIGHTS] == {f"fleet:{user}" for user in mine.values()}


def test_the_minting_user_reads_nothing(life: Life) -> None:
    asked = [event for event in somebodys(life) if event["user"]["username"] == MINTER]
    assert asked
    others = [event["requestURI"] for event in asked if event["verb"] not in ("create", "delete")]
    assert others == []
    gone = {target_of(event)["name"] for event in asked if event["verb"] == "delete"}
    assert gone == {f"fleet-{uid}" for uid in life.uids.values()}


def test_the_snapshot_is_read_by_the_reader(life: Life) -> None:
    whole = ("nodes", "namespaces", "pods", "resourcequotas", "limitranges", "horizontalpodautoscalers")
    readers = {
        event["user"]["username"]
        for event in somebodys(life)
        if event["verb"] == "list"
        and target_of(event).get("resource") in whole
        and not target_of(event).get("namespace")
    }
    assert readers == {READER}


def test_every_request_was_allowed_but_those_that_ask_what_is(life: Life) -> None:
    """Nothing is tried under an identity that may not: a refusal would hide in the noise of others."""
    denied = [
        (event["user"]["username"], event["verb"], event["requestURI"])
        for event in somebodys(life)
        if event["responseStatus"]["code"] in (401, 403)
    ]
    assert denied == []


def test_nothing_is_left(life: Life) -> None:
    assert life.left == {name: [] for name in MEMBERS}


def test_no_token_and_no_key_is_in_state_plans_logs_output_or_files(life: Life) -> None:
    folders = (life.folder, life.private, life.pulumi.folder / "state")
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    texts = {str(path): path.read_text(errors="replace") for path in files}
    for part in ("plan.json", "events.json", ".pulumi/stacks/minted/dev.json", "logs/"):
        assert any(part in path for path in texts), part
    assert any("Ownership" in text for text in texts.values())
    config = yaml.safe_load(life.kubeconfig.read_text())
    secrets = [user["user"]["token"] for user in config["users"]]
    admin = life.lab.kubeconfig.read_text()
    secrets += re.findall(r"client-key-data: (\S+)", admin)
    texts |= {f"output {number}": text for number, text in enumerate(life.said)}
    for where, text in texts.items():
        # The first characters of every JWT, of its base64, and what keys begin with.
        for sign in ("eyJ", "ZXlK", "PRIVATE KEY", "client-key-data", "Bearer ", *secrets):
            assert sign not in text, (where, sign)


def test_what_is_written_beside_the_state_nobody_else_can_read(life: Life) -> None:
    asked_for = {life.private / "plan.json", life.private / "events.json"}
    written = [path for path in life.private.rglob("*") if path.is_file() and path not in asked_for]
    assert written
    assert [str(path) for path in written if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


def rows_of(text: str) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["placement"], row["cluster"]): row for row in json.loads(text)["minted"]}


def test_show_tells_who_each_placement_is_and_what_it_may_do(life: Life) -> None:
    rows, mine = rows_of(life.told["show"]), actors(life)
    assert set(rows) == {("web", "eu-1"), ("api", "us-1")}
    web = rows["web", "eu-1"]
    assert (web["user"], web["mode"], web["ttl"]) == (mine["web"], "service-account-token", 900)
    assert f"patch on deployments.apps `web` in namespace `{SPACE}`" in web["rights"]
    assert f"list on pods in namespace `{SPACE}`" in web["rights"]
    assert not [right for right in web["rights"] if "`api`" in right]
    assert (web["gains"], web["loses"], web["error"]) == ([], [], "")
    assert f"minted/web  eu-1     {mine['web']}" in re.sub(" {2,}", lambda gap: gap.group(), life.told["table"])


def test_show_tells_what_would_be_granted_and_taken_away(life: Life) -> None:
    web = rows_of(life.told["broken show"])["web", "eu-1"]
    assert f"patch on deployments.apps `web` in namespace `{SPACE}`" in web["gains"]
    assert web["loses"] == [f"get on configmaps `other` in namespace `{SPACE}`"]


def test_check_finds_all_well_and_says_what_is_not(life: Life) -> None:
    lines = life.told["check"].splitlines()
    assert [line.split()[-1] for line in lines[1:]] == ["ok"] * (len(lines) - 1)
    assert {line.split()[0] for line in lines[1:]} == set(MEMBERS)
    for part in ("clock", "token of the reader", "token of placement `web`", "fence", "reader"):
        assert any(part in line for line in lines), part
    broken = life.told["broken check"]
    assert re.search(r"eu-1 +fence +`fleet-fence` is not in force: whoever hands out rights could take any", broken)
    assert re.search(r"us-1 +reader +\d+ rights lack, first: get on ", broken)
    for member in MEMBERS:
        assert f"Next: kubefleet join {member} --context ADMIN_CONTEXT --namespace {SPACE}" in broken


def test_other_commands_look_under_the_fleets_identities_too(life: Life) -> None:
    live = {row["placement"]: row for row in json.loads(life.told["status"])["minted"]}
    assert (live["web"]["live"], live["web"]["state"]) == (2, "available")
    assert (live["api"]["cluster"], live["api"]["state"]) == ("us-1", "available")
    assert [item["name"] for item in json.loads(life.told["inventory"])["clusters"]] == list(MEMBERS)
    assert "chosen   eu-1" in life.told["explain"]
