"""What a member forbids to a placement: a right that somebody took away names its rule and its role, what admission
refuses says so, and neither is asked twice.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from lab_objects import template, until

from kubefleet.federation import joining, make_mode, placement_role
from kubefleet.federation.allowed import lacking
from kubefleet.federation.checking import await_fence
from kubefleet.federation.member import FederatedMember
from kubefleet.federation.modes import Ground
from kubefleet.federation.role import RIGHTS
from kubefleet.identity import Action
from kubefleet.identity.ceiling import Ceiling
from kubefleet.identity.roles import DIGEST_ANNOTATION
from kubefleet.kube.connection import Connection
from kubefleet.kube.member_apply import Wanted, place, remove
from kubefleet.kube.object_access import MERGE, delete_if_there, find
from kubefleet.kube.object_ref import ObjectRef, ref_of
from kubefleet.kube.patience import Patience
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.kube.refusal import NotApplied, Refused
from kubefleet.lab.lab import Lab
from kubefleet.rollout.acting import Acting
from kubefleet.rollout.rights_preview import preview_at

pytestmark = pytest.mark.lab

SPACE, HOME = "fleet-forbidden", "pulumi-kubefleet"
UID = "00000000000000f3"
IDENTITY = PlacementIdentity(UID, "web", "shop", "dev")
USER = f"system:serviceaccount:{HOME}:fleet-{UID}"
ROLES = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{SPACE}/roles"


def thing(version: str, kind: str, name: str, **rest: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": SPACE}, **rest}


CONFIG = thing("v1", "ConfigMap", "a", data={"a": "1"})
ON_HOST = template("web", hostNetwork=True)
WEB = thing("apps/v1", "Deployment", "web", spec={"selector": {"matchLabels": {"app": "web"}}, "template": ON_HOST})


def patience() -> Patience:
    return Patience(15, time.monotonic() + 60)


@dataclass
class Placement:
    """One placement at the joined member; what it has brought there is removed at the end of a test."""

    member: FederatedMember
    wanted: Wanted

    @property
    def acting(self) -> Acting:
        return Acting(UID, placement_role(UID, "web"), lambda _: self.member, Ceiling((SPACE,)), 900)

    def connect(self, *objects: dict[str, Any]) -> Connection:
        self.wanted = Wanted("r", objects)
        return self.acting.connect("eu-1", lambda: self.wanted, patience())

    def place(self, connection: Connection) -> None:
        place(connection, IDENTITY, self.wanted, cluster_uid="c", wait=lambda _: None, patience=patience())


@pytest.fixture(scope="module")
def joined(connection: Connection) -> Iterator[FederatedMember]:
    mode = make_mode("service-account-token", Ground(lambda _: connection, lambda _: ""))
    manifests = joining.joining(mode, Ceiling((SPACE,)))
    tuple(joining.join(connection, manifests))
    member = FederatedMember("eu-1", connection, mode)
    await_fence(member.acting_as(RIGHTS), Patience(30))
    yield member
    tuple(joining.leave(connection, manifests))
    for ref in (ObjectRef("v1", "Namespace", "", name) for name in (SPACE, HOME)):
        delete_if_there(connection, ref)
        until(lambda ref=ref: find(connection, ref) is None, 60)


@pytest.fixture
def placement(joined: FederatedMember) -> Iterator[Placement]:
    one = Placement(joined, Wanted("r", ()))
    yield one
    acting = one.acting
    assert remove(acting.connect("eu-1", lambda: one.wanted, patience()), IDENTITY, patience=patience()).done
    acting.withdraw("eu-1")


def forbidden(lab: Lab, since: int) -> list[tuple[str, str]]:
    """(verb, resource) of the placement's requests that were answered with 403."""
    time.sleep(0.1)
    events = [event for event in lab.audit("eu-1", since) if event["user"]["username"] == USER]
    done = [event for event in events if event["stage"] == "ResponseComplete"]
    return [(event["verb"], event["objectRef"]["resource"]) for event in done if event["responseStatus"]["code"] == 403]


def test_a_right_that_was_taken_away_names_its_rule_and_its_role(
    placement: Placement, connection: Connection, quickstart_lab: Lab
) -> None:
    web = placement.connect(CONFIG)
    role = connection.get(f"{ROLES}/fleet:{USER}")
    kept = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"], "resourceNames": ["a"]}]
    connection.patch(f"{ROLES}/fleet:{USER}", {"rules": kept}, MERGE)
    patched = Action("patch", "", "configmaps", SPACE, "a")
    until(lambda: lacking(web, [patched]))
    since = quickstart_lab.audited("eu-1")
    with pytest.raises(NotApplied) as error:
        placement.place(web)
    digest = role["metadata"]["annotations"][DIGEST_ANNOTATION][:12]
    assert error.value.why == (
        f"forbidden: no right to patch, create on configmaps `a` in namespace `{SPACE}`. Role `fleet:{USER}` with the "
        f"rights `{digest}` should grant it. Run `pulumi up` again: it writes that anew."
    )
    assert find(connection, ref_of(CONFIG)) is None
    assert forbidden(quickstart_lab, since) == [("patch", "configmaps")]
    # And so it does.
    placement.place(placement.connect(CONFIG))
    assert find(connection, ref_of(CONFIG)) is not None


def test_what_admission_refuses_is_no_missing_right(
    placement: Placement, connection: Connection, quickstart_lab: Lab
) -> None:
    web = placement.connect(WEB)
    since = quickstart_lab.audited("eu-1")
    with pytest.raises(NotApplied, match=r"refused by admission: .*'fleet-guard'"):
        placement.place(web)
    assert find(connection, ref_of(WEB)) is None
    assert forbidden(quickstart_lab, since) == [("patch", "deployments")]


def test_rights_of_a_run_that_was_refused_go_with_the_next(placement: Placement, connection: Connection) -> None:
    theirs = thing("v1", "Secret", "theirs")
    connection.post(f"/api/v1/namespaces/{SPACE}/secrets", theirs)
    with pytest.raises(Refused):
        placement.place(placement.connect(CONFIG, theirs))
    read = Action("get", "", "secrets", SPACE, "theirs")
    assert lacking(placement.connect(CONFIG), [read]) == ()

    found = preview_at(placement.acting, "eu-1", placement.wanted)
    assert found.told.endswith(
        f"; loses 4 rights: create, delete, get, patch on secrets `theirs` in namespace `{SPACE}`"
    )
    acting = placement.acting
    web = acting.connect("eu-1", lambda: placement.wanted, patience())
    placement.place(web)
    acting.narrow("eu-1", placement.wanted)
    assert until(lambda: lacking(web, [read])) == (read,)
    assert preview_at(placement.acting, "eu-1", placement.wanted).told == ""
    connection.delete(f"/api/v1/namespaces/{SPACE}/secrets/theirs")


def test_what_the_member_would_not_take_from_the_fleet_shows_before_anything_is_written(
    placement: Placement, connection: Connection, quickstart_lab: Lab
) -> None:
    since = quickstart_lab.audited("eu-1")
    elsewhere = {**CONFIG, "metadata": {"name": "a", "namespace": "default"}}
    claiming = Acting(UID, placement_role(UID, "web"), lambda _: placement.member, Ceiling((SPACE, "default")), 900)
    (why,) = preview_at(claiming, "eu-1", Wanted("r", (elsewhere,))).denied
    assert "the namespace is outside the ceiling" in why
    assert why.startswith("there is no right to create, delete, get, patch on configmaps `a` in namespace `default`;")
    found = preview_at(claiming, "eu-1", Wanted("r", (CONFIG,)))
    assert (found.denied, len(found.gains), found.loses) == ((), 13, frozenset())
    assert found.told.startswith(f"acts as `{USER}` (mode `service-account-token`, tokens of 15m); gains 13 rights: ")
    assert quickstart_lab.writes("eu-1", since) == ()
