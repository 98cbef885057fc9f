"""What it costs to act as no admin: a token, the review of a preview, and a whole `up`, in turns with an admin's.

Goals: a token in less than 20 ms; the review of 1,000 objects on 3 members in less than 3 s; an `up` of changed
placements in at most 1.3 × the time of one with the declared access, the smallest of five each.
"""

import tempfile
from pathlib import Path

from rows import Row, make_row
from stacks import UP, Stack, engine, timed

from kubefleet.federation import READER, RIGHTS, make_mode, placement_role
from kubefleet.federation.allowed import lacking
from kubefleet.federation.joining import join, joining
from kubefleet.federation.modes import Ground
from kubefleet.federation.token_request import request_token
from kubefleet.identity import needed_actions
from kubefleet.identity.ceiling import Ceiling
from kubefleet.kube import fan_out
from kubefleet.kube.connect import connect
from kubefleet.kube.connection import Connection
from kubefleet.lab.lab import Lab

MEMBERS = ("eu-1", "eu-2", "us-1")
SPACE, HOME = "bench", "pulumi-kubefleet"
OBJECTS, TOKENS, ROUNDS, PLACEMENTS = 1_000, 50, 5, 5
WEB = placement_role("00000000000000be", "web")
FLEET = """
import pulumi
from pulumi_kubefleet import *
fleet = Fleet("{name}"{identity})
for member in {members}:
    fleet.member(member, context=member)
for number in range({placements}):
    item = {{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {{"name": f"{name}-{{number}}"}}}}
    item["data"] = {{"a": "{value}"}}
    fleet.placement(f"p{{number}}", namespace="{space}", policy=PickAll(), manifests=[item])
"""


def rows() -> list[Row]:
    """Measured on a lab of its own."""
    with tempfile.TemporaryDirectory() as name, Lab("quickstart", folder=Path(name) / "labs") as lab:
        members = [connect(member, lab.access(member)) for member in MEMBERS]
        for member in members:
            member.post("/api/v1/namespaces", {"metadata": {"name": SPACE}})
        minting, review = _minting(members[0]), _review(members)
        admin, federated = _ups(lab, Path(name))
    size = f"{PLACEMENTS} placements, {len(MEMBERS)} members"
    return [
        make_row("identity/token", minting, "s", f"mean of {TOKENS}", goal=0.02),
        make_row("identity/review", review, "s", f"{OBJECTS} objects, {len(MEMBERS)} members", goal=3),
        make_row("identity/up-as-admin", admin, "s", size),
        make_row("identity/up", federated, "s", size, goal=1.3 * admin),
    ]


def _minting(member: Connection) -> float:
    """Seconds a token."""
    member.post(f"/api/v1/namespaces/{SPACE}/serviceaccounts", {"metadata": {"name": READER.account}})

    def mint() -> None:
        for _ in range(TOKENS):
            request_token(member, SPACE, READER, (), 600)

    mint()
    return timed(mint) / TOKENS


def _review(members: list[Connection]) -> float:
    """Seconds to find what a placement lacks on all members, that has half of the rights it needs."""
    objects = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{number}", "namespace": SPACE}}
        for number in range(OBJECTS)
    ]

    def prepared(member: Connection) -> Connection:
        mode = make_mode("service-account-token", Ground(lambda _: member, lambda _: "", namespace=SPACE))
        mode.provide(member.name, WEB)
        role = {"metadata": {"name": SPACE}}
        names = [f"c{number}" for number in range(0, OBJECTS, 2)]
        verbs = ["create", "delete", "get", "patch"]
        rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": verbs, "resourceNames": names}
        path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{SPACE}"
        member.post(f"{path}/roles", {**role, "rules": [rule]})
        subject = {"kind": "ServiceAccount", "name": WEB.account, "namespace": SPACE}
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": SPACE}
        member.post(f"{path}/rolebindings", {**role, "roleRef": reference, "subjects": [subject]})
        return member.acting_with(mode.source(member.name, WEB))

    acting = [prepared(member) for member in members]
    needed = needed_actions(objects, (), members[0].apis().resources.values(), uid="00000000000000be")
    for connection in acting:
        connection.apis()

    def review() -> None:
        for outcome in fan_out(acting, lambda connection: lacking(connection, needed)):
            assert outcome.get()

    return min(timed(review) for _ in range(3))


def _ups(lab: Lab, folder: Path) -> tuple[float, float]:
    """The smallest seconds of an `up` that changes every placement: by the declared access, and as no admin."""
    for member in MEMBERS:
        admin = connect(member, lab.access(member))
        mode = make_mode("service-account-token", Ground(lambda _, admin=admin: admin, lambda _: ""))
        for _ in join(admin, joining(mode, Ceiling((SPACE,)))):
            continue
        assert {READER.account, RIGHTS.account} <= {
            item["metadata"]["name"] for item in admin.list(f"/api/v1/namespaces/{HOME}/serviceaccounts")
        }
    pulumi = engine(lab, folder)
    identity = f', identity=IdentityFederation(namespaces=["{SPACE}"])'
    written = {"admin": "", "nobody": identity}
    stacks = {name: Stack(pulumi, folder / name, _program(name, given, 0)) for name, given in written.items()}
    for stack in stacks.values():
        stack.run(*UP)
    times: dict[str, list[float]] = {name: [] for name in stacks}
    for value in range(1, ROUNDS + 1):
        for name, stack in stacks.items():
            stack.write(_program(name, written[name], value))
            times[name].append(stack.seconds(*UP))
    return min(times["admin"]), min(times["nobody"])


def _program(name: str, identity: str, value: int) -> str:
    return FLEET.format(name=name, identity=identity, members=MEMBERS, placements=PLACEMENTS, value=value, space=SPACE)
