"""What a join gives an agent: whom it may act as, and what it may ask for meanwhile."""

from collections.abc import Iterator
from typing import Any

import pytest

from identity_objects import SERVED, UID, thing
from kubefleet.identity import Action, Rule, needed_actions, rule_of, rules_allow
from kubefleet.identity.agent import agent_manifests, agent_roles, is_legacy
from kubefleet.identity.ceiling import Ceiling
from kubefleet.identity.federation import Federation
from kubefleet.identity.join import join_manifests
from kubefleet.identity.rights import actions_of
from kubefleet.identity.tiers import RBAC_RULES, READER_RIGHTS

pytestmark = pytest.mark.fast

USERS = "fleet:pulumi-kubefleet:fleet-"
NOBODY = Federation(USERS, f"{USERS}rbac", f"{USERS}reader")
ANA = Federation(USERS, f"{USERS}rbac", f"{USERS}reader", "ana")
OLD = Federation(USERS, f"{USERS}rbac", f"{USERS}reader", "ana", legacy=True)
CEILING = Ceiling(("shop",), cluster_scoped=("namespaces",), custom=("rollouts.argoproj.io",))
GROUP = "authentication.k8s.io"
OBJECTS = (
    thing("ConfigMap", "settings"),
    thing("Secret", "password"),
    thing("StatefulSet", "db", spec={"replicas": 2}),
    thing("CronJob", "nightly"),
    thing("PersistentVolumeClaim", "data", spec={"storageClassName": "fast"}),
    thing("Namespace", "shop"),
)


def rules_in(federation: Federation, scope: str, ceiling: Ceiling = CEILING) -> tuple[Rule, ...]:
    """What the agent has in a namespace, with what it has in the whole cluster."""
    roles = [item for item in agent_manifests(federation, ceiling) if item["kind"] in ("ClusterRole", "Role")]
    here = (item for item in roles if item["metadata"].get("namespace", "") in ("", scope))
    return tuple(rule_of(rule) for item in here for rule in item["rules"])


def asks(federation: Federation, action: Action) -> bool:
    """Whether the agent may ask for it while it acts as anybody."""
    verb = f"impersonate-on:user-info:{action.verb}"
    asked = Action(verb, action.group, action.resource, action.namespace, action.name, action.subresource)
    return rules_allow(rules_in(federation, action.namespace), asked)


def test_where_nobody_acts_for_others_nothing_is_made_for_an_agent() -> None:
    assert agent_manifests(NOBODY, CEILING) == ()
    assert "impersonate" not in str(join_manifests(NOBODY, CEILING))


def test_an_agent_may_act_as_the_reader_and_t1_and_as_nobody_else() -> None:
    acting = [rule for rule in rules_in(ANA, "shop") if not any("impersonate-on" in verb for verb in rule.verbs)]
    assert acting == [
        Rule((GROUP,), ("users",), ("impersonate:user-info",), (f"{USERS}rbac", f"{USERS}reader")),
        Rule((GROUP,), ("userextras/kubefleet.io/operator",), ("impersonate:user-info",)),
    ]


def test_every_role_of_it_is_bound_to_the_agent_alone_and_has_no_wildcard() -> None:
    manifests = agent_manifests(ANA, CEILING)
    assert {item["metadata"]["name"] for item in manifests} == {"fleet-agent"}
    subjects = [item["subjects"] for item in manifests if "subjects" in item]
    assert len(subjects) * 2 == len(manifests)
    assert all(each == [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "ana"}] for each in subjects)
    lists = [values for item in manifests for rule in item.get("rules", ()) for values in rule.values()]
    assert not [values for values in lists if "*" in values]
    assert all(verb.startswith("impersonate") for rule in rules_in(ANA, "shop") for verb in rule.verbs)


def everything() -> Iterator[Action]:
    """What a placement, the reader and T1 may need."""
    yield from needed_actions(OBJECTS, (), SERVED, uid=UID)
    yield from actions_of(READER_RIGHTS)
    for rule in RBAC_RULES:
        for resource in rule.resources:
            yield from (
                Action(verb, rule.groups[0], resource) for verb in rule.verbs if verb not in ("bind", "escalate")
            )
    yield Action("create", GROUP, "selfsubjectreviews")
    yield Action("create", "authorization.k8s.io", "selfsubjectrulesreviews")
    yield Action("patch", "argoproj.io", "rollouts", "shop", "web")


def test_it_may_ask_for_all_that_these_need() -> None:
    assert [str(action) for action in everything() if not asks(ANA, action)] == []


@pytest.mark.parametrize(
    "action",
    [
        Action("get", "", "secrets", "default", "a"),
        Action("list", "", "secrets"),
        Action("patch", "", "nodes", "", "a"),
        Action("create", "", "serviceaccounts", "shop", "default", "token"),
        Action("create", "", "pods", "shop", "a", "exec"),
        Action("deletecollection", "", "pods", "shop"),
        Action("update", "", "configmaps", "shop", "a"),
        Action("delete", "", "namespaces", "", "kube-system"),
        Action("patch", "rbac.authorization.k8s.io", "roles", "shop", "a", "x"),
        Action("escalate", "rbac.authorization.k8s.io", "roles", "shop", "a"),
        Action("patch", "admissionregistration.k8s.io", "validatingadmissionpolicies", "", "fleet-fence"),
        Action("patch", "scheduling.k8s.io", "priorityclasses", "", "a"),
    ],
    ids=str,
)
def test_it_may_ask_for_nothing_beyond(action: Action) -> None:
    assert not asks(ANA, action)


def test_it_may_ask_what_is_served_and_how_the_server_is() -> None:
    role = next(item for item in agent_manifests(ANA, CEILING) if item["kind"] == "ClusterRole")
    paths = [rule for rule in role["rules"] if "nonResourceURLs" in rule]
    assert paths == [
        {"nonResourceURLs": ["/api", "/apis", "/readyz", "/version"], "verbs": ["impersonate-on:user-info:get"]}
    ]


def test_in_the_legacy_way_it_has_the_right_to_act_as_them_and_no_other() -> None:
    assert rules_in(OLD, "shop") == (
        Rule(("",), ("users",), ("impersonate",), (f"{USERS}rbac", f"{USERS}reader")),
        Rule((GROUP,), ("userextras/kubefleet.io/operator",), ("impersonate",)),
    )


@pytest.mark.parametrize(("federation", "legacy"), [(ANA, False), (OLD, True)])
def test_the_joins_role_tells_in_which_way_it_is(federation: Federation, legacy: bool) -> None:
    assert is_legacy(rules_in(federation, "shop")) == legacy


@pytest.mark.parametrize(
    ("federation", "group", "verb"), [(ANA, GROUP, "impersonate:user-info"), (OLD, "", "impersonate")]
)
def test_what_lets_it_act_as_a_placement_is_one_rule(federation: Federation, group: str, verb: str) -> None:
    web = f"{USERS}{UID}"
    role, binding = agent_roles(web, federation)
    names: dict[str, Any] = {"name": f"fleet:agent:{web}"}
    assert (role["metadata"], binding["metadata"], binding["roleRef"]["name"]) == (names, names, names["name"])
    assert role["rules"] == [{"apiGroups": [group], "resources": ["users"], "verbs": [verb], "resourceNames": [web]}]
    assert [subject["name"] for subject in binding["subjects"]] == ["ana"]
