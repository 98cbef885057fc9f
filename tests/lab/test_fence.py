"""T1 with its token in hand: what it may write, and that it gets nowhere beyond."""

import time
from typing import Any

import pytest
from joined_member import AGENT, API, CEILING, FEDERATION, OUTSIDE, RBAC, SHOP, USERS, WEB, JoinedMember, forbidden
from lab_objects import until
from rbac_objects import ACTS, AGENTS, CORE, GOOD, acts, binding, cluster_role, handed, role, rule

from identity_objects import SERVED, UID, both, thing
from kubefleet.identity import Action, Rights, derive_rbac, needed_actions
from kubefleet.identity.agent import agent_roles
from kubefleet.identity.ceiling import outside_ceiling
from kubefleet.identity.lint import lint
from kubefleet.identity.roles import RIGHTS, RIGHTS_LABEL, role_manifests
from kubefleet.identity.served import address_of
from kubefleet.kube.object_access import MERGE, apply_body, find
from kubefleet.kube.object_ref import ref_of

pytestmark = pytest.mark.lab

T1 = FEDERATION.rbac_user
FENCE = "ValidatingAdmissionPolicy 'fleet-fence'"
NO_RIGHT = "cannot "


ATTEMPTS = {
    "itself: a role binding": binding(T1),
    "itself: under a name of its own": binding(T1, name=T1, to=T1),
    "itself: cluster-wide": binding(T1, name=T1, to=T1, kind="ClusterRole", namespace=""),
    "itself: as a group": binding("system:authenticated", kind="Role")
    | {"subjects": [{"apiGroup": RBAC, "kind": "Group", "name": "system:authenticated"}]},
    "the reader": binding(FEDERATION.reader_user, name=FEDERATION.reader_user, to=FEDERATION.reader_user),
    "cluster-admin for a placement": binding(to="cluster-admin", kind="ClusterRole", namespace=""),
    "cluster-admin in a namespace": binding(to="cluster-admin", kind="ClusterRole"),
    "edit in a namespace": binding(to="edit", kind="ClusterRole"),
    "its own role for a placement": binding(to="fleet-rbac", kind="ClusterRole", namespace=""),
    "another placement's role": binding(to=API),
    "another placement's role, by its own binding": binding(name=API, to=API),
    "a foreign user": binding("ada", name="fleet:ada", to="fleet:ada"),
    "a foreign user of a like name": binding("fleet:ada", name="fleet:ada", to="fleet:ada"),
    "a system user": binding("system:anonymous", name="fleet:a", to="fleet:a"),
    "a service account": binding() | {"subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": SHOP}]},
    "two subjects": binding() | {"subjects": [{"apiGroup": RBAC, "kind": "User", "name": name} for name in (WEB, API)]},
    "a cluster role bound in a namespace": binding(kind="ClusterRole"),
    "a name that is not the fleet's": role(GOOD, name="web"),
    "a cluster role of another name": cluster_role(name="view-more"),
    "a namespace without the label": role(GOOD, namespace=OUTSIDE),
    "kube-system": role(GOOD, namespace="kube-system"),
    "a binding in kube-system": binding(namespace="kube-system"),
    "no names": role(rule(resourceNames=None)),
    "an empty list of names": role(rule(resourceNames=[])),
    "an empty name": role(rule(resourceNames=[""])),
    "an empty name among others": role(rule(resourceNames=["web", ""])),
    "every verb": role(rule(verbs=["*"])),
    "deletecollection": role(rule(verbs=["deletecollection"])),
    "update": role(rule(verbs=["get", "update"])),
    "impersonate": role(rule(**CORE, resources=["serviceaccounts"], verbs=["impersonate"])),
    "every group": role(rule(apiGroups=["*"])),
    "every resource": role(rule(resources=["*"])),
    "every scale": role(rule(resources=["*/scale"])),
    "one good rule and a bad one": role(GOOD, rule(verbs=["*"])),
    "tokens": role(rule(**CORE, resources=["serviceaccounts/token"], verbs=["create"], resourceNames=["default"])),
    "exec": role(rule(**CORE, resources=["pods/exec"], verbs=["create"])),
    "proxy to services": role(rule(**CORE, resources=["services/proxy"], verbs=["get"])),
    "ephemeral containers": role(rule(**CORE, resources=["pods/ephemeralcontainers"], verbs=["patch"])),
    "roles": role(rule(apiGroups=[RBAC], resources=["roles"], verbs=["patch"], resourceNames=["x"])),
    "escalate": role(rule(apiGroups=[RBAC], resources=["roles"], verbs=["escalate"], resourceNames=["x"])),
    "bind": role(rule(apiGroups=[RBAC], resources=["clusterroles"], verbs=["bind"], resourceNames=["admin"])),
    "endpoint slices": role(rule(apiGroups=["discovery.k8s.io"], resources=["endpointslices"])),
    "a custom resource": role(rule(apiGroups=["argoproj.io"], resources=["rollouts"])),
    "list of Secrets": role(rule(**CORE, resources=["secrets"], verbs=["list"], resourceNames=None)),
    "list of pods and Secrets": role(rule(**CORE, resources=["pods", "secrets"], verbs=["list"], resourceNames=None)),
    "watch of pods": role(rule(**CORE, resources=["pods"], verbs=["list", "watch"], resourceNames=None)),
    "pods of the fleet's home": role(rule(**CORE, resources=["pods"]), namespace="pulumi-kubefleet"),
    "list of pods everywhere": cluster_role(rule(**CORE, resources=["pods"], verbs=["list"], resourceNames=None)),
    "Secrets everywhere": cluster_role(rule(**CORE, resources=["secrets"], verbs=["get"])),
    "deployments everywhere": cluster_role(GOOD),
    "nodes": cluster_role(rule(**CORE, resources=["nodes"], verbs=["patch"])),
    "proxy to nodes": cluster_role(rule(**CORE, resources=["nodes/proxy"], verbs=["get"])),
    "namespaces": cluster_role(rule(**CORE, resources=["namespaces"], verbs=["patch"], resourceNames=[SHOP])),
    "impersonating users": cluster_role(rule(**CORE, resources=["users"], verbs=["impersonate"])),
    "policies": cluster_role(
        rule(
            apiGroups=["admissionregistration.k8s.io"],
            resources=["validatingadmissionpolicies", "validatingadmissionpolicybindings"],
            verbs=["delete"],
            resourceNames=["fleet-fence"],
        )
    ),
    "signing requests": cluster_role(
        rule(apiGroups=["certificates.k8s.io"], resources=["certificatesigningrequests/approval"])
    ),
    "reviews": cluster_role(rule(apiGroups=["authentication.k8s.io"], resources=["tokenreviews"], verbs=["create"])),
    "an APIService": cluster_role(rule(apiGroups=["apiregistration.k8s.io"], resources=["apiservices"])),
    "a URL": cluster_role({"nonResourceURLs": ["/metrics"], "verbs": ["get"]}),
    "aggregation": cluster_role(
        aggregationRule={"clusterRoleSelectors": [{"matchLabels": {"kubernetes.io/bootstrapping": "rbac-defaults"}}]}
    ),
    "aggregated to admin": cluster_role(metadata={"labels": {f"{RBAC}/aggregate-to-admin": "true"}}),
}
ATTEMPTS |= {
    "to act as itself": acts(name=f"fleet:agent:{T1}", resourceNames=[T1]),
    "to act as the reader": acts(name=f"fleet:agent:{FEDERATION.reader_user}", resourceNames=[FEDERATION.reader_user]),
    "to act as the agent": acts(name=f"fleet:agent:{AGENT}", resourceNames=[AGENT]),
    "to act as a foreign user": acts(name="fleet:agent:ada", resourceNames=["ada"]),
    "to act as a user of a like name": acts(name="fleet:agent:fleet:ada", resourceNames=["fleet:ada"]),
    "to act as an admin": acts(name="fleet:agent:system:admin", resourceNames=["system:admin"]),
    "to act as another than its name says": acts(resourceNames=[API]),
    "to act as two": acts(resourceNames=[WEB, API]),
    "to act as it twice over": acts(resourceNames=[WEB, WEB]),
    "to act as anybody": acts(resourceNames=None),
    "to act as nobody": acts(resourceNames=[]),
    "to act as an empty name": acts(name="fleet:agent:", resourceNames=[""]),
    "to act as groups": acts(resources=["groups"]),
    "to act as users and groups": acts(resources=["users", "groups"]),
    "to act with an extra": acts(resources=["userextras/kubefleet.io/operator"]),
    "to act as users of every kind": acts(resources=["*"]),
    "to act in the legacy way": acts(apiGroups=[""], verbs=["impersonate"]),
    "to act in both ways": acts(
        apiGroups=["", "authentication.k8s.io"], verbs=["impersonate", "impersonate:user-info"]
    ),
    "to act, in every group": acts(apiGroups=["*"]),
    "to act, in one group more": acts(apiGroups=["authentication.k8s.io", "apps"]),
    "to act, by every verb": acts(verbs=["*"]),
    "to act, by one verb more": acts(verbs=["impersonate:user-info", "get"]),
    "to act as an account": acts(verbs=["impersonate:serviceaccount"]),
    "to act, and more": acts(GOOD),
    "to act as it, twice": acts(ACTS),
    "to act, and to ask": acts({**ACTS, "verbs": ["impersonate-on:user-info:get"]}),
    "to act as a URL": cluster_role({"nonResourceURLs": ["/metrics"], "verbs": ["get"]}, name=AGENTS),
    "nothing, under an agent's name": cluster_role(name=AGENTS),
    "a placement's rights, under an agent's name": cluster_role(
        rule(apiGroups=["scheduling.k8s.io"], resources=["priorityclasses"]), name=AGENTS
    ),
    "to act, under a placement's name": acts(name=WEB),
    "to act, under a name of its own": acts(name="fleet:agents"),
    "to act, in a namespace": role(ACTS, name=AGENTS),
    "to act, in a namespace, under a placement's name": role(ACTS),
    "a placement's rights in a namespace, under an agent's name": role(GOOD, name=AGENTS),
    "to act, aggregated": acts() | {"metadata": {"name": AGENTS, "labels": {f"{RBAC}/aggregate-to-admin": "true"}}},
    "an agent's role for itself": handed(T1),
    "an agent's role for the placement": handed(WEB),
    "an agent's role for another user": handed("ada"),
    "an agent's role for nobody": handed() | {"subjects": []},
    "an agent's role for a group": handed() | {"subjects": [{"apiGroup": RBAC, "kind": "Group", "name": AGENT}]},
    "an agent's role for an account": handed()
    | {"subjects": [{"kind": "ServiceAccount", "name": "agent", "namespace": SHOP}]},
    "an agent's role for the agent and another": handed()
    | {"subjects": [{"apiGroup": RBAC, "kind": "User", "name": name} for name in (AGENT, WEB)]},
    "an agent's role for the agent, twice": handed()
    | {"subjects": [{"apiGroup": RBAC, "kind": "User", "name": AGENT}] * 2},
    "another role for the agent": handed(to=WEB),
    "another agent's role for the agent": handed(to=f"fleet:agent:{API}"),
    "an agent's role of T1": handed(name=f"fleet:agent:{T1}", to=f"fleet:agent:{T1}"),
    "an agent's role of a foreign user": handed(name="fleet:agent:ada", to="fleet:agent:ada"),
    "cluster-admin for the agent": handed(to="cluster-admin"),
    "cluster-admin for the agent, under a placement's name": handed(name=WEB, to="cluster-admin"),
    "T1's role for the agent": handed(to="fleet-rbac"),
    "a placement's role for the agent": handed(name=WEB, to=WEB),
    "the agent's own name": handed(name=f"fleet:{AGENT}", to=f"fleet:{AGENT}"),
    "a placement's role in a namespace for the agent": binding(AGENT),
    "an agent's role in a namespace": handed(namespace=SHOP),
    "a namespace's role under an agent's name": handed(namespace=SHOP, kind="Role"),
}


def shop(kind: str, name: str, **rest: Any) -> dict[str, Any]:
    return thing(kind, name, SHOP, **rest)


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS.keys())
def test_the_fence_denies(member: JoinedMember, attempt: dict[str, Any]):
    member.denied(T1, attempt, FENCE)
    member.denied(T1, attempt, FENCE, post=True)


@pytest.mark.parametrize(
    "manifest",
    [
        shop("ConfigMap", "mine"),
        shop("Secret", "mine"),
        shop("Pod", "mine", spec={"containers": [{"name": "a", "image": "a"}]}),
        thing("Namespace", "fence-more"),
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": "fence-mine"},
            "spec": {"policyName": "fleet-fence", "validationActions": ["Audit"]},
        },
    ],
    ids=lambda manifest: manifest["kind"],
)
def test_t1_may_write_nothing_but_rbac(member: JoinedMember, manifest):
    member.denied(T1, manifest, NO_RIGHT)


def test_t1_may_let_the_agent_act_as_a_placement_and_end_it(member: JoinedMember):
    """What the attempts come close to."""
    acting = Action("impersonate:user-info", "authentication.k8s.io", "users", "", WEB)
    assert not member.allows(AGENT, acting)
    for manifest in agent_roles(WEB, FEDERATION):
        member.apply(T1, manifest)
    assert [item["rules"] for item in agent_roles(WEB, FEDERATION)[:1]] == [[ACTS]]
    until(lambda: member.allows(AGENT, acting))
    for user in (T1, API, "system:admin"):
        legacy, group = Action("impersonate", "", "users", "", user), "authentication.k8s.io"
        assert not member.allows(AGENT, legacy)
        # As T1 and the reader it may act by its join.
        assert member.allows(AGENT, Action("impersonate:user-info", group, "users", "", user)) == (user == T1)
    for kind in ("clusterrolebindings", "clusterroles"):
        member.t1.delete(f"/apis/{RBAC}/v1/{kind}/{AGENTS}")
    until(lambda: not member.allows(AGENT, acting))


def test_t1_may_neither_change_nor_delete_the_fence_nor_what_others_may(member: JoinedMember):
    policies = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/fleet-fence"
    for call in (member.t1.get, member.t1.delete):
        forbidden(lambda call=call: call(policies), NO_RIGHT)
    for name in ("cluster-admin", "fleet-rbac", "fleet-reader"):
        for kind in ("clusterroles", "clusterrolebindings"):
            path = f"/apis/{RBAC}/v1/{kind}/{name}"
            before = member.admin.get(path)["metadata"]["resourceVersion"]
            forbidden(lambda path=path: member.t1.delete(path), FENCE)
            forbidden(lambda path=path: member.t1.patch(path, {"metadata": {"labels": {"a": "b"}}}, MERGE), FENCE)
            assert member.admin.get(path)["metadata"]["resourceVersion"] == before


def test_t1_may_not_widen_what_it_has_written(member: JoinedMember):
    member.apply(T1, role(GOOD))
    path = f"/apis/{RBAC}/v1/namespaces/{SHOP}/roles/{WEB}"
    for change in (
        [{"op": "remove", "path": "/rules/0/resourceNames"}],
        [{"op": "add", "path": "/rules/0/verbs/-", "value": "*"}],
        [{"op": "add", "path": "/rules/0/resourceNames/-", "value": ""}],
    ):
        forbidden(lambda change=change: member.t1.patch(path, change, "application/json-patch+json"), FENCE)
    assert member.admin.get(path)["rules"] == [GOOD]


def test_t1_may_not_write_a_role_that_the_guard_would_not_find(member: JoinedMember):
    member.denied(T1, role(GOOD, labels={}), FENCE)
    member.denied(T1, role(GOOD, labels={RIGHTS_LABEL: "other"}), FENCE)
    member.apply(T1, role(GOOD))
    path = f"/apis/{RBAC}/v1/namespaces/{SHOP}/roles/{WEB}"
    bare = {"metadata": {"labels": {RIGHTS_LABEL: None}}}
    forbidden(lambda: member.t1.patch(path, bare, "application/merge-patch+json"), FENCE)
    assert member.admin.get(path)["metadata"]["labels"] == {RIGHTS_LABEL: RIGHTS}


def test_t1_may_not_act_as_anybody(member: JoinedMember):
    for user, resource in ((WEB, "users"), ("system:masters", "groups"), ("default", "serviceaccounts")):
        for verb in ("impersonate", "impersonate:user-info", "impersonate:serviceaccount"):
            namespace = SHOP if resource == "serviceaccounts" else ""
            assert not member.allows(T1, Action(verb, "", resource, namespace, user))
    forbidden(lambda: member.t1.post(f"/api/v1/namespaces/{SHOP}/serviceaccounts/default/token", {}), NO_RIGHT)


def test_the_reader_reads_and_writes_nothing(member: JoinedMember):
    reader = FEDERATION.reader_user
    for resource in ("nodes", "pods", "namespaces", "resourcequotas", "limitranges"):
        assert member.allows(reader, Action("list", "", resource))
    assert member.allows(reader, Action("list", "", "configmaps", "pulumi-kubefleet"))
    for action in (
        Action("list", "", "secrets"),
        Action("get", "", "configmaps", SHOP, "x"),
        Action("patch", "", "configmaps", "pulumi-kubefleet", UID),
        Action("delete", "", "pods", SHOP, "x"),
        Action("create", "", "pods", SHOP, "x", "exec"),
    ):
        assert not member.allows(reader, action)
    member.denied(reader, shop("ConfigMap", "mine"), NO_RIGHT)


OBJECTS = (
    shop("ConfigMap", "settings", data={"a": "1"}),
    shop("Secret", "password"),
    shop("Service", "web", spec={"ports": [{"port": 80}], "selector": {"app": "web"}}),
    thing("PriorityClass", "fence-high", value=10),
    shop("PersistentVolumeClaim", "data", spec={"storageClassName": "fast"}),
)


def rights_of(objects, previous=(), uid=UID) -> Rights:
    rights = derive_rbac(objects, [address_of(item) for item in previous], SERVED, uid=uid)
    assert lint(rights) == ()
    assert outside_ceiling(rights, CEILING) == ()
    return rights


def test_what_is_derived_passes_the_fence_and_allows_exactly_what_is_needed(member: JoinedMember):
    rights = rights_of(OBJECTS)
    member.grant(WEB, rights)
    assert all(member.allows(WEB, action) for action in needed_actions(OBJECTS, (), SERVED, uid=UID))
    for manifest in (item for item in OBJECTS if item["kind"] != "PersistentVolumeClaim"):
        member.apply(WEB, manifest)
        assert find(member.by(WEB), ref_of(manifest)) is not None
    for manifest in (shop("ConfigMap", "other"), shop("Secret", "other"), thing("ConfigMap", "settings", OUTSIDE)):
        member.denied(WEB, manifest, NO_RIGHT)
        member.denied(WEB, manifest, NO_RIGHT, post=True)
    # Without its name a creation is none of an object that is named: POST where apply may.
    for manifest in (shop("ConfigMap", "extra"), shop("Secret", "extra")):
        member.denied(WEB, manifest, NO_RIGHT, post=True)
    forbidden(lambda: list(member.by(WEB).list(f"/api/v1/namespaces/{SHOP}/configmaps")), NO_RIGHT)
    forbidden(lambda: member.by(WEB).delete(f"/api/v1/namespaces/{SHOP}/configmaps"), NO_RIGHT)


def test_one_placement_cannot_touch_what_is_anothers(member: JoinedMember):
    member.grant(WEB, rights_of(OBJECTS))
    member.grant(API, rights_of([shop("ConfigMap", "api")], uid="b2" * 8))
    secret = OBJECTS[1]
    member.apply(WEB, secret)
    path = f"/api/v1/namespaces/{SHOP}/secrets/password"
    before = member.admin.get(path)
    forbidden(lambda: member.by(API).get(path), NO_RIGHT)
    forbidden(lambda: member.by(API).delete(path), NO_RIGHT)
    forbidden(lambda: apply_body(member.by(API), secret, manager="x", force=True), NO_RIGHT)
    records = f"/api/v1/namespaces/pulumi-kubefleet/configmaps/{UID}"
    forbidden(lambda: member.by(API).get(records), NO_RIGHT)
    assert member.admin.get(path) == before


def test_rights_widen_before_a_change_and_end_with_what_is_new(member: JoinedMember):
    old, new = [shop("ConfigMap", "old")], [shop("ConfigMap", "new")]
    delete_old, write_new = (
        Action("delete", "", "configmaps", SHOP, "old"),
        Action("patch", "", "configmaps", SHOP, "new"),
    )
    first, second = rights_of(old), rights_of(new)
    member.grant(WEB, first)
    member.grant(WEB, both(first, second))
    assert member.allows(WEB, delete_old)
    assert member.allows(WEB, write_new)
    for manifest in role_manifests(second, WEB, FEDERATION):
        member.apply(T1, manifest)
    assert not eventually_allows(member, delete_old)
    assert member.allows(WEB, write_new)


def eventually_allows(member: JoinedMember, action: Action) -> bool:
    """What RBAC says once the API server has heard of the last change."""
    end = time.monotonic() + 5
    while member.allows(WEB, action) and time.monotonic() < end:
        time.sleep(0.05)
    return member.allows(WEB, action)


def test_removing_the_roles_ends_everything(member: JoinedMember):
    rights = rights_of(OBJECTS)
    member.grant(WEB, rights)
    for manifest in role_manifests(rights, WEB, FEDERATION):
        member.t1.delete(
            member.t1.path_of(manifest["apiVersion"], manifest["kind"], manifest["metadata"].get("namespace", ""), WEB)
        )
    assert not eventually_allows(member, Action("get", "", "configmaps", SHOP, "settings"))
    member.denied(WEB, OBJECTS[0], NO_RIGHT)


def test_unknown_users_have_nothing(member: JoinedMember):
    member.denied(f"{USERS}nobody", OBJECTS[0], NO_RIGHT)
