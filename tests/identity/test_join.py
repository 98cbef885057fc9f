import json

import pytest

from kubefleet.identity import Rights, Rule, rule_of, rules_allow
from kubefleet.identity.action import Action
from kubefleet.identity.ceiling import Ceiling, outside_ceiling
from kubefleet.identity.federation import Federation
from kubefleet.identity.join import join_manifests
from kubefleet.identity.roles import DIGEST_ANNOTATION, role_manifests

pytestmark = pytest.mark.fast

USERS = "fleet:system:serviceaccount:fleet:"
FEDERATION = Federation(USERS, f"{USERS}fleet-rbac", f"{USERS}fleet-reader")
ACCOUNTS = Federation("system:serviceaccount:pulumi-kubefleet:", "t1", "reader")
CEILING = Ceiling(namespaces=("shop",))
WEB = Rule(("apps",), ("deployments",), ("get", "patch"), ("web",))
HIGH = Rule(("scheduling.k8s.io",), ("priorityclasses",), ("get", "patch"), ("high",))


def test_policies_are_in_force_before_the_roles_that_they_hold():
    kinds = [manifest["kind"] for manifest in join_manifests(FEDERATION, CEILING)]
    last_policy = max(index for index, kind in enumerate(kinds) if kind == "ValidatingAdmissionPolicyBinding")
    first_role = min(index for index, kind in enumerate(kinds) if kind.endswith("Role"))
    assert last_policy < first_role
    assert kinds[:2] == ["Namespace", "Namespace"]


def test_every_policy_fails_closed_and_denies():
    manifests = join_manifests(FEDERATION, CEILING)
    policies = [item["spec"] for item in manifests if item["kind"] == "ValidatingAdmissionPolicy"]
    bindings = [item["spec"] for item in manifests if item["kind"] == "ValidatingAdmissionPolicyBinding"]
    assert len(policies) == len(bindings) == 5
    assert {spec["failurePolicy"] for spec in policies} == {"Fail"}
    assert all(spec["validationActions"] == ["Deny"] for spec in bindings)
    # `Deny` would refuse everybody's requests in a namespace without a placement.
    assert {spec["paramRef"]["parameterNotFoundAction"] for spec in bindings if "paramRef" in spec} == {"Allow"}


def test_the_same_join_is_the_same_text():
    once = json.dumps(join_manifests(FEDERATION, Ceiling(("b", "a"), custom=("y.z", "x.z"))))
    assert once == json.dumps(join_manifests(FEDERATION, Ceiling(("a", "b"), custom=("x.z", "y.z"))))


def test_quotes_in_names_stay_text():
    federation = Federation('fleet:"\\', 'fleet:"\\t1', 'fleet:"\\reader')
    conditions = [
        item["spec"]["matchConditions"][0]["expression"]
        for item in join_manifests(federation, CEILING)
        if item["kind"] == "ValidatingAdmissionPolicy"
    ]
    assert conditions[0] == 'request.userInfo.username == "fleet:\\"\\\\t1"'


def test_a_placements_role_is_named_after_its_user():
    rights = Rights({"": (HIGH,), "shop": (WEB,)})
    user = f"{USERS}web"
    manifests = role_manifests(rights, user, FEDERATION)
    assert [(item["kind"], item["metadata"].get("namespace", "")) for item in manifests] == [
        ("ClusterRole", ""),
        ("Role", "shop"),
        ("ClusterRoleBinding", ""),
        ("RoleBinding", "shop"),
    ]
    assert {item["metadata"]["name"] for item in manifests} == {user}
    assert {item["metadata"]["annotations"][DIGEST_ANNOTATION] for item in manifests} == {rights.digest}
    assert all(
        item["subjects"] == [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}]
        for item in manifests[2:]
    )
    assert {tuple(map(rule_of, item["rules"])) for item in manifests[:2]} == {(HIGH,), (WEB,)}


def test_where_usernames_are_others_their_roles_are_the_fleets_all_the_same():
    user = "system:serviceaccount:pulumi-kubefleet:web"
    assert ACCOUNTS.role_of(user) == f"fleet:{user}"


LETTING_HIGH_IN = Ceiling(("shop",), cluster_scoped=("priorityclasses.scheduling.k8s.io",))
LETTING_NAMESPACES_IN = Ceiling(("shop",), cluster_scoped=("namespaces",))
LETTING_ROLLOUTS_IN = Ceiling(("shop",), custom=("rollouts.argoproj.io",))
ROLLOUT = Rule(("argoproj.io",), ("rollouts",), ("get",), ("r",))
ASK = "Have the member's admin add it to the join's `{}`, or leave the object out"


@pytest.mark.parametrize(
    ("scope", "rule", "ceiling"),
    [
        ("shop", WEB, CEILING),
        ("", HIGH, LETTING_HIGH_IN),
        ("shop", ROLLOUT, LETTING_ROLLOUTS_IN),
        ("", Rule(("",), ("namespaces",), ("get",), ("pulumi-kubefleet",)), CEILING),
        ("", Rule(("",), ("namespaces",), ("get", "patch"), ("shop",)), LETTING_NAMESPACES_IN),
    ],
)
def test_what_is_inside_the_ceiling_passes(scope, rule, ceiling):
    assert outside_ceiling(Rights({scope: (rule,)}), ceiling) == ()


@pytest.mark.parametrize(
    ("scope", "rule", "why"),
    [
        ("blog", WEB, f"namespace `blog` is outside the ceiling. {ASK.format('namespaces')}"),
        (
            "",
            HIGH,
            "get, patch on priorityclasses.scheduling.k8s.io (high) is outside the ceiling. "
            + ASK.format("cluster_scoped"),
        ),
        ("shop", ROLLOUT, f"get on rollouts.argoproj.io (r) is outside the ceiling. {ASK.format('custom')}"),
    ],
)
def test_what_is_outside_the_ceiling_is_told(scope, rule, why):
    assert [flaw.why for flaw in outside_ceiling(Rights({scope: (rule,)}), CEILING)] == [why]


def test_namespaces_beyond_the_ceiling_stay_outside_also_where_namespaces_are_let_in():
    rule = Rule(("",), ("namespaces",), ("patch",), ("kube-system", "shop"))
    ceiling = Ceiling(("shop",), cluster_scoped=("namespaces",))
    assert len(outside_ceiling(Rights({"": (rule,)}), ceiling)) == 1


def test_roles_are_let_in_by_name():
    group = ("rbac.authorization.k8s.io",)
    rule = Rule(group, ("roles",), ("create", "escalate", "patch"), ("reader",))
    assert outside_ceiling(Rights({"shop": (rule,)}), Ceiling(("shop",), escalation=("reader",))) == ()
    assert len(outside_ceiling(Rights({"shop": (rule,)}), Ceiling(("shop",), escalation=("writer",)))) == 1
    assert len(outside_ceiling(Rights({"shop": (rule,)}), CEILING)) == 1


def test_t1_and_the_reader_have_what_they_are_for():
    roles = {
        item["metadata"]["name"]: tuple(map(rule_of, item["rules"]))
        for item in join_manifests(FEDERATION, CEILING)
        if item["kind"] == "ClusterRole"
    }
    reader = roles["fleet-reader"]
    assert rules_allow(reader, Action("list", "", "pods"))
    assert not rules_allow(reader, Action("get", "", "secrets", "shop", "x"))
    assert {verb for rule in reader for verb in rule.verbs} == {"get", "list", "watch"}
    assert {group for rule in roles["fleet-rbac"] for group in rule.groups} == {"rbac.authorization.k8s.io"}
