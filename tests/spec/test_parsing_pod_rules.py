"""What manifests and fleet files say of where pods may be."""

from typing import Any

import pytest
from immutabledict import immutabledict

from kubefleet.model.pod_rules import HostPort, PodRules, Pods, PodSpread, PodTerm
from kubefleet.model.request import Workload
from kubefleet.model.selector import Expr, Operator
from kubefleet.spec.mistakes import Mistake, Spelling
from kubefleet.spec.pod import PodSpec
from kubefleet.spec.workload_cut import cut_workload
from kubefleet.spec.workloads import parse_workloads
from kubefleet.spec.written import read

pytestmark = pytest.mark.fast

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
WEB = (Expr("app", Operator.IN, ("web",)),)
SHOP = frozenset({"shop"})
NO_OPERATOR = {"topologyKey": "zone", "labelSelector": {"matchExpressions": [{}]}}
OTHER_FIELD = {"matchFields": [{"key": "x", "operator": "In"}]}


def parsed(kind: str = "Deployment", spec: dict[str, Any] | None = None, **pod: Any) -> tuple[Workload, list[str]]:
    """A workload whose pods have these fields, and the labels app=web and rev=7."""
    template = {"metadata": {"labels": {"app": "web", "rev": "7"}}, "spec": {"containers": [{"name": "a"}], **pod}}
    manifest = {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": "api", "namespace": "shop"},
        "spec": {"template": template, **(spec or {})},
    }
    mistakes: list[Mistake] = []
    cut = cut_workload(manifest)
    assert cut is not None
    found = parse_workloads([cut], "placements.web", mistakes)
    return (found or (Workload("", "", 0),))[0], [str(mistake) for mistake in mistakes]


def rules(**pod: Any) -> PodRules:
    work, mistakes = parsed(**pod)
    assert mistakes == []
    assert work.rules is not None
    return work.rules


def test_a_pod_without_rules_has_a_namespace_and_labels_and_binds_nothing() -> None:
    found = rules()
    assert (found.namespace, dict(found.labels), found.bind) == ("shop", {"app": "web", "rev": "7"}, False)


@pytest.mark.parametrize(
    ("written", "pods"),
    [
        ({"labelSelector": {"matchLabels": {"app": "web"}}}, Pods(WEB, SHOP)),
        ({"labelSelector": {}}, Pods((), SHOP)),
        ({}, Pods(None, SHOP)),
        ({"labelSelector": {}, "namespaces": ["a", "b"]}, Pods((), frozenset("ab"))),
        ({"labelSelector": {}, "namespaceSelector": {}}, Pods((), frozenset(), ())),
        (
            {"labelSelector": {}, "namespaces": ["a"], "namespaceSelector": {"matchLabels": {"team": "x"}}},
            Pods((), frozenset("a"), (Expr("team", Operator.IN, ("x",)),)),
        ),
        (
            {"labelSelector": {"matchLabels": {"app": "web"}}, "matchLabelKeys": ["rev", "none"]},
            Pods((*WEB, Expr("rev", Operator.IN, ("7",))), SHOP),
        ),
        (
            {"labelSelector": {"matchLabels": {"app": "web"}}, "mismatchLabelKeys": ["rev"]},
            Pods((*WEB, Expr("rev", Operator.NOT_IN, ("7",))), SHOP),
        ),
    ],
)
def test_a_term_is_about_pods_in_its_namespaces(written: dict[str, Any], pods: Pods) -> None:
    found = rules(affinity={"podAntiAffinity": {REQUIRED: [{"topologyKey": "zone", **written}]}})
    assert found.anti_affinity == (PodTerm("zone", pods),)


def test_only_hard_spreads_are_rules() -> None:
    hard = {"topologyKey": "zone", "maxSkew": 2, "labelSelector": {"matchLabels": {"app": "web"}}}
    found = rules(
        topologySpreadConstraints=[
            {**hard, "whenUnsatisfiable": "ScheduleAnyway"},
            {**hard, "whenUnsatisfiable": "DoNotSchedule", "minDomains": 3, "nodeTaintsPolicy": "Honor"},
            {**hard, "nodeAffinityPolicy": "Ignore", "matchLabelKeys": ["rev"]},
        ]
    )
    of_revision = Pods((*WEB, Expr("rev", Operator.IN, ("7",))), SHOP)
    assert found.spread == (
        PodSpread("zone", 2, Pods(WEB, SHOP), min_domains=3, honor_taints=True),
        PodSpread("zone", 2, of_revision, honor_affinity=False),
    )


def test_ports_of_the_node_are_those_that_say_so_and_all_with_its_network() -> None:
    ports = [{"containerPort": 80}, {"containerPort": 443, "hostPort": 8443, "hostIP": "10.0.0.1"}]
    udp = [{"containerPort": 53, "hostPort": 53, "protocol": "UDP"}]
    containers = [{"name": "a", "ports": ports}]
    init = [{"name": "b", "restartPolicy": "Always", "ports": udp}, {"name": "c", "ports": [{"hostPort": 9}]}]
    found = rules(containers=containers, initContainers=init)
    assert found.host_ports == (HostPort(53, "UDP"), HostPort(8443, "TCP", "10.0.0.1"))
    whole = rules(containers=containers, hostNetwork=True)
    assert whole.host_ports == (HostPort(80), HostPort(8443, "TCP", "10.0.0.1"))


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        (HostPort(80), HostPort(80), True),
        (HostPort(80), HostPort(81), False),
        (HostPort(80), HostPort(80, "UDP"), False),
        (HostPort(80), HostPort(80, "TCP", "10.0.0.1"), True),
        (HostPort(80, "TCP", "0.0.0.0"), HostPort(80, "TCP", "10.0.0.1"), True),
        (HostPort(80, "TCP", "10.0.0.1"), HostPort(80, "TCP", "10.0.0.2"), False),
    ],
)
def test_ports_clash_as_in_kubernetes(one: HostPort, other: HostPort, clash: bool) -> None:
    assert one.clashes([other]) is clash
    assert other.clashes([one]) is clash


@pytest.mark.parametrize(
    ("operator", "values", "matches"),
    [("Gt", ["9"], True), ("Gt", ["10"], False), ("Lt", ["11"], True), ("Lt", ["x"], False), ("Gt", ["-3"], True)],
)
def test_node_affinity_compares_integers(operator: str, values: list[str], matches: bool) -> None:
    terms = [{"matchExpressions": [{"key": "gen", "operator": operator, "values": values}]}]
    work, _ = parsed(affinity={"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": terms}}})
    ((expr,),) = work.pod.node_affinity
    assert expr.matches_labels({"gen": "10"}) is matches
    assert not expr.matches_labels({"gen": "new"})
    assert not expr.matches_labels({})


def test_a_term_of_node_affinity_that_says_nothing_matches_no_node() -> None:
    work, _ = parsed(affinity={"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [{}]}}})
    ((expr,),) = work.pod.node_affinity
    assert not expr.matches_labels({"any": "label"})


@pytest.mark.parametrize(
    ("pod", "why"),
    [
        ({"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "d"}}]}, "volumes"),
        ({"volumes": [{"name": "d", "emptyDir": {}}]}, ""),
        ({"spec": {"volumeClaimTemplates": [{}]}, "kind": "StatefulSet"}, "volumes"),
        ({"resourceClaims": [{"name": "gpu"}]}, "devices"),
        ({"priorityClassName": "high"}, "preempted"),
        ({"schedulerName": "mine"}, "scheduler mine"),
        ({"schedulerName": "default-scheduler"}, ""),
    ],
)
def test_what_cannot_be_known_is_named(pod: dict[str, Any], why: str) -> None:
    unsure = rules(**pod).unsure
    assert len(unsure) == bool(why)
    assert why in "".join(unsure)


@pytest.mark.parametrize(
    ("pod", "message"),
    [
        ({"affinity": {"podAffinity": {REQUIRED: [{}]}}}, "no topologyKey in a rule about pods"),
        ({"topologySpreadConstraints": [{"topologyKey": "zone", "maxSkew": 0}]}, "bad maxSkew `0`"),
        ({"affinity": {"podAffinity": {REQUIRED: ["web"]}}}, "malformed affinity, topology spread or ports"),
        (
            {"affinity": {"podAffinity": {REQUIRED: [NO_OPERATOR]}}},
            "unknown operator `None` on `None` (expected one of In, NotIn, Exists, DoesNotExist)",
        ),
        (
            {"affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [OTHER_FIELD]}}}},
            "unknown field `x` in matchFields (expected metadata.name)",
        ),
    ],
)
def test_a_bad_rule_is_a_mistake_by_path(pod: dict[str, Any], message: str) -> None:
    _, (mistake,) = parsed(**pod)
    assert mistake.startswith(f"placements.web.manifests[Deployment/shop/api]: {message}")


def test_a_fleet_file_says_the_same_as_a_manifest() -> None:
    affinity = {
        "nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Exists"}]}]}},
        "podAffinity": {REQUIRED: [{"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "web"}}}]},
        "podAntiAffinity": {REQUIRED: [{"topologyKey": "host", "namespaceSelector": {}}]},
    }
    spread = [{"topologyKey": "zone", "maxSkew": 1, "labelSelector": {"matchLabels": {"app": "web"}}}]
    work, _ = parsed(
        affinity=affinity,
        topologySpreadConstraints=spread,
        containers=[{"ports": [{"hostPort": 80}], "resources": {"requests": {"cpu": "1"}}}],
    )
    raw = {
        "labels": {"app": "web", "rev": "7"},
        "requests": {"cpu": "1"},
        "affinity": affinity,
        "topologySpreadConstraints": spread,
        "hostPorts": [{"hostPort": 80}],
    }
    mistakes: list[Mistake] = []
    spec = read(PodSpec, raw, "pod", Spelling.FILE, mistakes)
    assert spec is not None
    assert not mistakes
    assert spec.rules("shop") == work.rules
    assert spec.pod_shape() == work.pod


def test_a_misspelt_field_of_a_fleet_file_is_found_by_path() -> None:
    mistakes: list[Mistake] = []
    raw = {"affinity": {"podAntiAffinity": {REQUIRED: [{"topologykey": "zone"}]}}}
    read(PodSpec, raw, "pod", Spelling.FILE, mistakes)
    text = "\n".join(map(str, mistakes))
    assert f"pod.affinity.podAntiAffinity.{REQUIRED}[0].topologykey: unknown field `topologykey`" in text
    assert "Did you mean `topologyKey`?" in text


def test_labels_of_namespaces_decide_where_they_are_asked_for() -> None:
    pods = Pods((), frozenset({"a"}), (Expr("team", Operator.IN, ("x",)),))
    assert pods.has("a", {})
    assert pods.has("b", {}, immutabledict({"team": "x"}))
    assert not pods.has("b", {}, immutabledict({"team": "y"}))
