"""Role contents at random, seeded: the real fence must agree with what an independent reading of the rules says."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joined_member import AGENT, API, CEILING, FEDERATION, OUTSIDE, RBAC, SHOP, WEB, JoinedMember, forbidden
from rbac_objects import AGENTS, binding

from kubefleet.identity import Rights, rule_of
from kubefleet.identity.ceiling import outside_ceiling
from kubefleet.identity.lint import lint
from kubefleet.identity.roles import RIGHTS, RIGHTS_LABEL
from kubefleet.kube.errors import ApiError
from kubefleet.kube.object_access import apply_body

pytestmark = pytest.mark.lab

T1 = FEDERATION.rbac_user
GROUPS = ["", "apps", "batch", "*", RBAC, "storage.k8s.io", "scheduling.k8s.io", "example.com", "policy"]
RESOURCES = [
    "pods", "pods/exec", "pods/log", "secrets", "configmaps", "serviceaccounts", "serviceaccounts/token", "deployments",
    "deployments/scale", "jobs", "cronjobs", "*", "*/*", "roles", "clusterroles", "namespaces", "nodes", "users",
    "storageclasses", "priorityclasses", "poddisruptionbudgets", "endpoints",
]  # fmt: skip
VERBS = ["get", "list", "watch", "create", "patch", "delete", "update", "deletecollection", "*", "bind", "escalate",
         "impersonate"]  # fmt: skip
NAMES = ["web", "a", "", "*", "pulumi-kubefleet", "fence-shop"]
# Good ones, so that a rule is now and then good as a whole.
PAIRS = [
    ("", "pods"),
    ("", "secrets"),
    ("apps", "deployments"),
    ("batch", "jobs"),
    ("scheduling.k8s.io", "priorityclasses"),
]


def some(values: list[Any], most: int = 3) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True)


def rule(groups: list[str], resources: list[str], verbs: list[str], names: list[str]) -> dict[str, Any]:
    return {"apiGroups": groups, "resources": resources, "verbs": verbs, "resourceNames": names}


def mostly(good: st.SearchStrategy[Any], other: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 4).flatmap(lambda draw: other if draw == 4 else good)


def rules() -> st.SearchStrategy[dict[str, Any]]:
    near = st.builds(
        lambda pair, verbs, names: rule([pair[0]], [pair[1]], verbs, names),
        st.sampled_from(PAIRS),
        mostly(some(VERBS[:6]), some(VERBS, 2)),
        mostly(some(["web", "a"]), some(NAMES, 2) | st.just([])),
    )
    listing = st.builds(rule, some(["", "batch"]), some(["pods", "jobs"]), st.just(["list"]), st.just([]))
    far = st.builds(rule, some(GROUPS, 2), some(RESOURCES), some(VERBS), some(NAMES) | st.just([]))
    return mostly(near, listing | far)


ROLES = st.tuples(
    st.just(WEB),
    mostly(st.just(SHOP), st.sampled_from([OUTSIDE, "pulumi-kubefleet", "kube-system", ""])),
    st.lists(rules(), min_size=1, max_size=3),
)
# Those by which an agent may act as a placement; a group or two, a verb or two, a name or two too many.
ACTING = st.tuples(
    mostly(st.sampled_from([AGENTS, f"fleet:agent:{API}"]), st.sampled_from([WEB, "fleet:agent:", "fleet:agents"])),
    mostly(st.just(""), st.just(SHOP)),
    st.lists(
        st.builds(
            rule,
            mostly(st.just(["authentication.k8s.io"]), some(["authentication.k8s.io", "", "*"], 2)),
            mostly(st.just(["users"]), some(["users", "groups", "userextras/x", "*", "uids"], 2)),
            mostly(st.just(["impersonate:user-info"]), some(["impersonate:user-info", "impersonate", "*", "get"], 2)),
            mostly(st.sampled_from([[WEB], [API]]), some([WEB, API, T1, AGENT, "", "system:admin"], 2) | st.just([])),
        )
        | rules(),
        max_size=2,
    ),
)
USERS = [WEB, API, T1, AGENT, "ada"]
NAMED = [WEB, API, AGENTS, f"fleet:agent:{API}", "fleet:agent:", f"fleet:agent:{T1}", f"fleet:{AGENT}"]
BINDINGS = st.tuples(
    st.sampled_from(NAMED),
    mostly(st.just(""), st.just(SHOP)),
    mostly(st.none(), st.sampled_from([*NAMED, "cluster-admin", "fleet-rbac"])),
    mostly(st.none(), st.sampled_from(["Role", "ClusterRole"])),
    mostly(some(USERS, 1), st.lists(st.sampled_from(USERS), max_size=2)),
    mostly(st.just("User"), st.sampled_from(["Group", "User"])),
)


def permitted(name: str, namespace: str, contents: list[dict[str, Any]]) -> bool:
    """As the design says it, grant by grant, without looking at how the product does."""
    if name.startswith("fleet:agent:"):
        whom = name.removeprefix("fleet:agent:")
        grants = ("authentication.k8s.io", "users", "impersonate:user-info", whom)
        return not namespace and whom in (WEB, API) and [_as_written(rule) for rule in contents] == [grants]
    if namespace not in ("", SHOP, "pulumi-kubefleet"):
        return False
    grants: Iterator[tuple[str, str, str, str | None]] = (
        grant
        for rule in contents
        for grant in product(rule["apiGroups"], rule["resources"], rule["verbs"], rule["resourceNames"] or [None])
    )
    return all(_grant_is_fine(namespace, *grant) for grant in grants) and all(
        # A rule without names is a list of pods or Jobs as a whole, or nothing is.
        rule["resourceNames"] or (rule["verbs"] == ["list"] and namespace == SHOP)
        for rule in contents
    )


def _as_written(rule: dict[str, Any]) -> tuple[str, ...]:
    """All that stands in a rule, one after the other: four texts where each of its lists has one."""
    return tuple(text for key in ("apiGroups", "resources", "verbs", "resourceNames") for text in rule[key])


def may_bind(name: str, to: str, users: list[str], kind: str) -> bool:
    """Whom T1 may give which role: a placement its own, the agent what lets it act as a placement."""
    owner = {WEB: WEB, API: API, AGENTS: AGENT, f"fleet:agent:{API}": AGENT}.get(name)
    return owner is not None and to == name and users == [owner] and kind == "User"


def _grant_is_fine(namespace: str, group: str, resource: str, verb: str, name: str | None) -> bool:
    if verb not in ("get", "list", "watch", "create", "patch", "delete") or name == "":
        return False
    if name is None:
        return (group, resource) in {("", "pods"), ("batch", "jobs")}
    if namespace == "pulumi-kubefleet":
        return (group, resource) in {("", "configmaps"), ("", "secrets")}
    if namespace:
        return (group, resource) in {
            ("", "pods"), ("", "secrets"), ("", "configmaps"), ("", "serviceaccounts"), ("apps", "deployments"),
            ("batch", "jobs"), ("batch", "cronjobs"), ("policy", "poddisruptionbudgets"),
        }  # fmt: skip
    if (group, resource) == ("scheduling.k8s.io", "priorityclasses"):
        return True
    if verb != "get":
        return False
    return (group, resource) == ("storage.k8s.io", "storageclasses") or (
        (group, resource, name) == ("", "namespaces", "pulumi-kubefleet")
    )


def test_the_fence_agrees_with_an_independent_reading(joined_member: JoinedMember):
    seen = {True: 0, False: 0}

    @settings(
        max_examples=600,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(ROLES)
    def agree(drawn: tuple[str, str, list[dict[str, Any]]]) -> None:
        _, namespace, contents = drawn
        expected = permitted(*drawn)
        passed = _passes(joined_member, _role(*drawn))
        assert passed == expected
        rights = Rights({namespace: tuple(map(rule_of, contents))})
        # What the client lets through, the fence lets through, and the other way round: a preview keeps its promise.
        # (No object is called `*`: only the client minds.)
        odd = any("*" in rule["resourceNames"] for rule in contents)
        assert (outside_ceiling(rights, CEILING) == () == lint(rights)) == (expected and not odd)
        seen[passed] += 1

    agree()
    assert min(seen.values()) > 50, seen


def test_the_fence_agrees_on_whom_an_agent_may_act_as(joined_member: JoinedMember):
    seen = {True: 0, False: 0}

    @settings(max_examples=400, derandomize=True, deadline=None, database=None)
    @given(ACTING)
    def agree(drawn: tuple[str, str, list[dict[str, Any]]]) -> None:
        passed = _passes(joined_member, _role(*drawn))
        assert passed == permitted(*drawn)
        seen[passed] += 1

    agree()
    assert min(seen.values()) > 30, seen


def test_the_fence_agrees_on_who_may_have_which_role(joined_member: JoinedMember):
    seen = {True: 0, False: 0}

    @settings(max_examples=400, derandomize=True, deadline=None, database=None)
    @given(BINDINGS)
    def agree(drawn: tuple[str, str, str | None, str | None, list[str], str]) -> None:
        name, namespace, other, role, users, kind = drawn
        to, usual = other or name, "Role" if namespace else "ClusterRole"
        reference = role or usual
        if not namespace and reference == "Role":
            reference = usual  # which no server takes
        body = binding(name=name, to=to, kind=reference, namespace=namespace)
        body |= {"subjects": [{"apiGroup": RBAC, "kind": kind, "name": user} for user in users]}
        expected = may_bind(name, to, users, kind) and reference == usual
        if name.startswith("fleet:agent:"):
            expected = expected and not namespace
        passed = _passes(joined_member, body)
        assert passed == expected
        seen[passed] += 1

    agree()
    assert min(seen.values()) > 30, seen


def _role(name: str, namespace: str, contents: list[dict[str, Any]]) -> dict[str, Any]:
    metadata = {"name": name, "labels": {RIGHTS_LABEL: RIGHTS}} | ({"namespace": namespace} if namespace else {})
    kind = "Role" if namespace else "ClusterRole"
    return {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": metadata, "rules": contents}


def _passes(member: JoinedMember, body: dict[str, Any]) -> bool:
    """Whether T1 may apply it, by a dry run; if not, it is the fence that says so."""

    def apply() -> None:
        apply_body(member.t1, body, manager="fuzz", force=True, dry_run=True)

    try:
        apply()
    except ApiError:
        forbidden(apply, "ValidatingAdmissionPolicy 'fleet-fence'")
        return False
    return True
