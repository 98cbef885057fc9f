"""The executor under nothing but the rights that are derived for it, and what the API server says that it asked."""

import time
from typing import Any

import pytest
from joined_member import CEILING, SHOP, WEB, JoinedMember
from lab_objects import template

from identity_objects import both, rights_allow
from kubefleet.identity import Action, derive_rbac, needed_actions
from kubefleet.identity.ceiling import outside_ceiling
from kubefleet.identity.lint import lint
from kubefleet.kube.member_apply import Wanted, complete, place, remove, stop
from kubefleet.kube.object_access import find
from kubefleet.kube.object_ref import ref_of
from kubefleet.kube.patience import Patience
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.kube.rehearse import rehearse
from kubefleet.rollout.waiting import Waiting

pytestmark = pytest.mark.lab

UID = "d4" * 8
KINDS = ("ConfigMap", "Secret", "ServiceAccount", "Deployment")
IDENTITY = PlacementIdentity(UID, "web", "prod", "shop", "ada")


def patience() -> Patience:
    return Patience(15, time.monotonic() + 90)


def thing(version: str, kind: str, name: str, **rest: Any) -> dict[str, Any]:
    metadata = {"name": name} | ({} if kind == "PriorityClass" else {"namespace": SHOP})
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **rest}


def objects(image: str, settings: str) -> tuple[dict[str, Any], ...]:
    """One of every kind that is waited for in another way, whose template names what is the placement's own."""
    labels = {"matchLabels": {"app": "web"}}
    whole = {**template("web", terminationGracePeriodSeconds=1), "metadata": {"labels": {"app": "web"}}}
    spec = whole["spec"]
    spec["containers"][0] |= {
        "image": image,
        "envFrom": [{"configMapRef": {"name": settings}}, {"secretRef": {"name": "password"}}],
    }
    spec["serviceAccountName"] = "web"
    once = {"metadata": {}, "spec": {**spec, "restartPolicy": "Never"}}
    job = {"spec": {"template": once}}
    sets = {"serviceName": "db", "selector": labels, "template": whole}
    return (
        thing("v1", "ConfigMap", settings, data={"a": "1"}),
        thing("v1", "Secret", "password", stringData={"a": "1"}),
        thing("v1", "ServiceAccount", "web"),
        thing("v1", "Service", "web", spec={"selector": {"app": "web"}, "ports": [{"port": 80}]}),
        thing("policy/v1", "PodDisruptionBudget", "web", spec={"maxUnavailable": 1, "selector": labels}),
        thing("scheduling.k8s.io/v1", "PriorityClass", "derived-high", value=10),
        thing("apps/v1", "Deployment", "web", spec={"replicas": 2, "selector": labels, "template": whole}),
        thing("apps/v1", "StatefulSet", "db", spec={"replicas": 2, **sets}),
        thing("apps/v1", "DaemonSet", "agent", spec={"selector": labels, "template": whole}),
        thing("batch/v1", "Job", f"load-{settings}", spec={"template": once}),
        thing("batch/v1", "CronJob", "nightly", spec={"schedule": "0 0 1 1 *", "jobTemplate": job}),
    )


def test_a_placement_lives_and_dies_by_its_derived_rights(quickstart_lab, member: JoinedMember):
    web = member.by(WEB)
    served = member.admin.apis().resources.values()
    first, second = objects("web:1", "one"), objects("web:2", "two")
    since = quickstart_lab.audited("eu-1")
    warnings: list[str] = []

    def bring(revision: str, manifests: tuple[dict[str, Any], ...], *, keep: bool = False) -> None:
        waiting = Waiting(web, time.monotonic() + 60, 0, lambda _ref, _live: None, warnings.append)
        wanted = Wanted(revision, manifests, ())
        assert rehearse(web, IDENTITY, wanted) == ()
        placed = place(web, IDENTITY, wanted, cluster_uid="c", wait=waiting, patience=patience(), keep=keep)
        waiting(placed.applied)
        assert complete(web, IDENTITY, wanted, patience=patience()).pruned.done

    one = derive_rbac(first, (), served, uid=UID)
    two = derive_rbac(second, (), served, uid=UID)
    for rights in (one, two):
        assert lint(rights) == outside_ceiling(rights, CEILING) == ()
    member.grant(WEB, one)
    bring("r1", first)
    member.grant(WEB, both(one, two))
    bring("r2", second, keep=True)
    member.grant(WEB, two)
    stop(web, IDENTITY, patience())
    assert remove(web, IDENTITY, patience=patience()).done

    assert all(find(member.admin, ref_of(manifest)) is None for manifest in (*first, *second))
    needed = needed_actions(first, (), served, uid=UID) | needed_actions(second, (), served, uid=UID)
    events = [event for event in quickstart_lab.audit("eu-1", since) if is_by(event, WEB)]
    refused = [event for event in events if event["responseStatus"]["code"] in (401, 403)]
    assert refused == []
    asked = {action for event in events if (action := action_of(event))}
    assert {action for action in asked if not rights_allow(both(one, two), action)} == set()
    # And what is granted is what is used; pods are looked at and deleted when an update is in trouble only.
    assert {action.resource for action in needed} - {"pods"} == {action.resource for action in asked} - {"pods"}
    assert warnings == []


def test_what_may_not_be_watched_is_asked_again(quickstart_lab, member: JoinedMember):
    """At most 16 objects of a member are watched: here none."""
    web, since = member.by(WEB), quickstart_lab.audited("eu-1")
    manifests = tuple(item for item in objects("web:1", "one") if item["kind"] in KINDS)
    rights = derive_rbac(manifests, (), member.admin.apis().resources.values(), uid=UID, watches=0)
    member.grant(WEB, rights)
    waiting = Waiting(web, time.monotonic() + 60, 0, lambda _ref, _live: None, lambda _text: None)
    wanted = Wanted("r1", manifests, ())
    waiting(place(web, IDENTITY, wanted, cluster_uid="c", wait=waiting, patience=patience()).applied)
    assert complete(web, IDENTITY, wanted, patience=patience()).inventory.completed
    assert remove(web, IDENTITY, patience=patience()).done
    events = [event for event in quickstart_lab.audit("eu-1", since) if is_by(event, WEB)]
    refused = {event["verb"] for event in events if event["responseStatus"]["code"] == 403}
    assert refused == {"list"}


def is_by(event: Any, user: str) -> bool:
    return bool((event.get("impersonatedUser") or event["user"])["username"] == user)


def action_of(event: Any) -> Action | None:
    """What an event of the audit log asked of an object; None for discovery and reviews of one's own access."""
    what = event.get("objectRef")
    if not what or what.get("apiGroup") == "authorization.k8s.io":
        return None
    parts = ("apiGroup", "resource", "namespace", "name", "subresource")
    return Action(event["verb"], *(what.get(part, "") for part in parts))
