from pathlib import Path

import pytest

from kubefleet.model.cluster import ClusterState
from kubefleet.model.policy import DivideBy, Divided
from kubefleet.model.request import Request
from kubefleet.model.selector import Operator
from kubefleet.scheduling import NormalizeOver
from kubefleet.spec.fleet_file import FleetFile, load_fleet_file
from kubefleet.spec.mistakes import MistakesError

pytestmark = pytest.mark.fast

EVERYTHING = """
clusters:
- name: eu-1
  labels: {region: eu, tier: prod}
  taints: [{key: dedicated, value: ml, effect: NoSchedule}]
  properties: {energy-rating: 60}
  kubernetesVersion: v1.36.2
  namespaces: [team-a]
  apis: [apps/v1/Deployment]
  state: cordoned
  nodes:
  - count: 4
    instanceType: Standard_ND96isr_H100_v5
    labels: {topology.kubernetes.io/zone: eu-1a}
    taints: [{key: gpu, effect: PreferNoSchedule}]
    allocatable: {cpu: "96", memory: 1900Gi, nvidia.com/gpu: "8", pods: "110"}
    capacity: {cpu: "100"}
    used: {cpu: "10"}
- {name: us-1}
placements:
- name: web
  namespace: team-a
  labels: {app: web}
  priority: 5
  pod: {requests: {cpu: 500m, memory: 1Gi}, nodeSelector: {disk: ssd}, tolerations: [{operator: Exists}]}
  replicas: {total: 12, by: available, weights: {eu-1: 3}, min: {eu-1: 1}, max: {us-1: 5}}
  copy: 1
  policy:
    type: PickN
    numberOfClusters: 2
    required:
    - labels: {tier: prod}
      labelExpressions: [{key: region, operator: In, values: [eu]}]
      properties: [{name: node-count, operator: Ge, values: ["2"]}]
    preferred:
    - {weight: 100, sortBy: {property: node-count, order: Ascending}}
    - {weight: 20, term: {labels: {tier: prod}}}
    topologySpread: [{topologyKey: region, maxSkew: 1, whenUnsatisfiable: DoNotSchedule, minDomains: 2}]
    tolerations: [{key: dedicated, operator: Equal, value: ml, effect: NoSchedule, tolerationSeconds: 300}]
    fit: filter
  rebalance: ""
previous: {web: {eu-1: 7, us-1: 5}}
edited: [web]
options: {normalizeOver: members}
expect:
  web: {clusters: {eu-1: 7, us-1: 5}, refused: {us-1: [taint-not-tolerated]}, unplaced: 0}
"""


def load(folder: Path, text: str) -> FleetFile:
    file = folder / "fleet.yaml"
    file.write_text(text)
    return load_fleet_file(file)


def only(folder: Path, placement: str) -> Request:
    return load(folder, f"clusters: [{{name: a}}, {{name: b}}]\nplacements: [{placement}]\n").requests[0]


def mistakes_of(folder: Path, text: str) -> list[str]:
    with pytest.raises(MistakesError) as raised:
        load(folder, text)
    return [str(mistake).removeprefix(f"{folder}/") for mistake in raised.value.mistakes]


def test_clusters_are_read_with_all_their_facts(tmp_path: Path) -> None:
    eu, us = load(tmp_path, EVERYTHING).snapshot.clusters
    assert (eu.state, dict(eu.labels)) == (ClusterState.CORDONED, {"region": "eu", "tier": "prod"})
    assert [str(taint) for taint in eu.taints] == ["dedicated=ml:NoSchedule"]
    assert (eu.namespaces, eu.apis) == ({"default", "team-a"}, {"apps/v1/Deployment"})
    assert {name: eu.properties[name].text for name in ("energy-rating", "kubernetes-version", "node-count")} == {
        "energy-rating": "60",
        "kubernetes-version": "v1.36.2",
        "node-count": "4",
    }
    (shape,) = eu.shapes
    assert (shape.count, shape.capacity["cpu"], shape.allocatable["nvidia.com/gpu"]) == (4, 100_000, 8)
    assert [(free["cpu"], nodes) for free, nodes in shape.free] == [(86_000, 4)]
    assert (us.state, us.namespaces, us.apis, us.capacity_known) == (ClusterState.READY, None, None, False)


def test_a_placement_is_read_with_all_that_it_asks(tmp_path: Path) -> None:
    (web,) = load(tmp_path, EVERYTHING).requests
    assert (web.name, web.priority, dict(web.labels), web.rebalance) == ("web", 5, {"app": "web"}, False)
    assert web.divided == Divided(DivideBy.AVAILABLE, {"eu-1": 3}, {"eu-1": 1}, {"us-1": 5})
    (work,) = web.workloads
    assert (work.key, work.namespace, work.replicas, dict(work.pod.requests)) == (
        "web",
        "team-a",
        12,
        {"cpu": 500, "memory": 2**30},
    )
    assert (web.needs_namespaces, web.needs_apis) == ({"team-a"}, {"apps/v1/Deployment"})
    (term,) = web.policy.required
    assert [(expr.key, expr.operator, expr.values) for expr in (*term.labels, *term.properties)] == [
        ("region", Operator.IN, ("eu",)),
        ("tier", Operator.IN, ("prod",)),
        ("node-count", Operator.GE, ("2",)),
    ]
    assert [(item.weight, item.sort_by) for item in web.policy.preferred] == [(100, "node-count"), (20, None)]


def test_the_past_options_and_expectations_are_read(tmp_path: Path) -> None:
    fleet = load(tmp_path, EVERYTHING)
    assert [(item.cluster, dict(item.replicas)) for item in fleet.previous["web"].bindings] == [
        ("eu-1", {"web": 7}),
        ("us-1", {"web": 5}),
    ]
    assert fleet.previous["web"].edited
    assert fleet.options.normalize_over is NormalizeOver.MEMBERS
    assert fleet.expected["web"].clusters == {"eu-1": 7, "us-1": 5}


@pytest.mark.parametrize(
    ("placement", "replicas", "divided"),
    [
        ("{name: web}", 1, False),
        ("{name: web, copy: 3}", 3, False),
        ("{name: web, copy: 3, replicas: {type: Duplicated}}", 3, False),
        ("{name: web, copy: 3, replicas: {total: 7}}", 7, True),
        ("{name: web, replicas: {type: Divided, total: 0}}", 0, True),
    ],
)
def test_replicas_are_whole_copies_unless_they_are_divided(
    tmp_path: Path, placement: str, replicas: int, divided: bool
) -> None:
    web = only(tmp_path, placement)
    assert (web.workloads[0].replicas, web.divided is not None) == (replicas, divided)


@pytest.mark.parametrize(
    ("written", "asks"), [('""', False), ("false", False), ("true", True), ("3", True), ("x", True)]
)
def test_any_value_of_rebalance_asks(tmp_path: Path, written: str, asks: bool) -> None:
    assert only(tmp_path, f"{{name: web, rebalance: {written}}}").rebalance is asks


def test_of_several_scalable_workloads_one_with_a_single_replica_is_not_divided(tmp_path: Path) -> None:
    web = only(
        tmp_path,
        "{name: web, replicas: {}, workloads: [{name: api, replicas: 4}, {name: db, kind: StatefulSet},"
        " {name: log, kind: DaemonSet}]}",
    )
    assert [(work.key, work.replicas, work.divisible) for work in web.workloads] == [
        ("api", 4, True),
        ("db", 1, False),
        ("log", 0, False),
    ]
    assert web.needs_apis == {"apps/v1/Deployment", "apps/v1/StatefulSet", "apps/v1/DaemonSet"}


def test_the_only_scalable_workload_is_divided_even_with_one_replica(tmp_path: Path) -> None:
    web = only(tmp_path, "{name: web, replicas: {}, workloads: [{name: api}, {name: log, kind: Pod}]}")
    assert [work.divisible for work in web.workloads] == [True, False]


def test_manifests_are_read_from_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "k8s").mkdir()
    (tmp_path / "k8s" / "app.yaml").write_text(
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n"
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\n"
        "spec: {replicas: 4, template: {spec: {containers: [{name: a, resources: {requests: {cpu: '2'}}}]}}}\n"
    )
    web = only(tmp_path, "{name: web, namespace: shop, manifests: [k8s], replicas: {by: aggregated}}")
    (work,) = web.workloads
    assert (work.key, work.replicas, dict(work.pod.requests)) == ("Deployment/shop/api", 4, {"cpu": 2000})
    assert (web.needs_namespaces, web.provides_namespaces) == (frozenset(), {"shop"})
    assert web.needs_apis == {"v1/Namespace", "apps/v1/Deployment"}


def test_one_number_of_several_divided_workloads_goes_to_each_in_proportion(tmp_path: Path) -> None:
    fleet = load(
        tmp_path,
        "clusters: [{name: a}, {name: b}]\n"
        "placements: [{name: web, replicas: {}, workloads: [{name: api, replicas: 6}, {name: job, replicas: 3}]}]\n"
        "previous: {web: {a: 6, b: 3}}\n",
    )
    assert [dict(item.replicas) for item in fleet.previous["web"].bindings] == [
        {"api": 4, "job": 2},
        {"api": 2, "job": 1},
    ]


def test_more_replicas_than_there_are_now_may_stand(tmp_path: Path) -> None:
    fleet = load(
        tmp_path,
        "clusters: [{name: a}]\nplacements: [{name: web, replicas: {total: 2}}]\nprevious: {web: {a: 9}}\n",
    )
    assert [dict(item.replicas) for item in fleet.previous["web"].bindings] == [{"web": 9}]


def test_a_cluster_with_nothing_before_has_no_binding(tmp_path: Path) -> None:
    fleet = load(tmp_path, "clusters: [{name: a}]\nplacements: [{name: web}]\nprevious: {web: {a: 0}}\n")
    assert fleet.previous["web"].bindings == ()


def test_what_holds_nothing_is_absent(tmp_path: Path) -> None:
    fleet = load(tmp_path, "clusters:\n- {name: a, labels: , nodes: }\nplacements:\nprevious:\n")
    assert (fleet.requests, dict(fleet.previous), fleet.snapshot.clusters[0].capacity_known) == ((), {}, False)


ALL_WRONG = """\
clusters:
- name: eu-1
  lables: {region: eu}
  nodes: [{count: -1, allocatable: {cpu: 8x}, used: {gpu: "1"}}]
- {name: eu-1}
- {name: EU}
placements:
- name: web
  pod: {requests: {cpu: many}}
  policy: {type: PickN, numberOfClusters: 1001, preferred: [{weight: 101, term: {}}]}
- name: api
  policy: {type: PickFixed, clusterNames: [eu-2]}
  replicas: {total: 3, min: {eu-1: 4}, weights: {eu_1: 1}}
- {name: db, replicas: {total: 3, min: {eu-1: 4}, max: {eu-3: 1}}}
- {name: db}
previous: {wbe: {eu-1: 1}, db: {eu-3: 1}}
edited: [wob]
expect: {weeb: {}}
"""


def test_all_mistakes_come_at_once_by_line_each_with_its_path(tmp_path: Path) -> None:
    found = mistakes_of(tmp_path, ALL_WRONG)
    assert [text.split(" ")[0] + " " + text.split(" ")[1] for text in found] == [
        "fleet.yaml:3: clusters.eu-1.lables:",
        "fleet.yaml:4: clusters.eu-1.nodes[0].count:",
        "fleet.yaml:4: clusters.eu-1.nodes[0].allocatable.cpu:",
        "fleet.yaml:5: clusters[1].name:",
        "fleet.yaml:6: clusters.EU.name:",
        "fleet.yaml:9: placements.web.pod.requests.cpu:",
        "fleet.yaml:10: placements.web.policy.numberOfClusters:",
        "fleet.yaml:10: placements.web.policy.preferred[0].weight:",
        "fleet.yaml:12: placements.api.policy.clusterNames:",
        "fleet.yaml:13: placements.api.replicas.weights.eu_1:",
        "fleet.yaml:14: placements.db.replicas.min:",
        "fleet.yaml:14: placements.db.replicas.max.eu-3:",
        "fleet.yaml:15: placements[3].name:",
        "fleet.yaml:16: previous.wbe:",
        "fleet.yaml:16: previous.db.eu-3:",
        "fleet.yaml:17: edited[0]:",
        "fleet.yaml:18: expect.weeb:",
    ]
    assert "Did you mean `labels`?" in found[0]
    assert "Did you mean `eu-1`?" in found[8]
    assert "Did you mean `web`?" in found[13]


@pytest.mark.parametrize(
    ("placement", "message"),
    [
        ("{name: web, replicas: {}}", "placements.web.replicas.total: missing field"),
        (
            "{name: web, replicas: {type: Duplicated, total: 3}}",
            "placements.web.replicas.total: a total of whole copies",
        ),
        ("{name: web, replicas: {type: Duplicated, min: {a: 1}}}", "placements.web.replicas.min: a field of divided"),
        ("{name: web, replicas: {total: 9, min: {a: 3}, max: {a: 2}}}", "replicas.min.a: minimum 3 above maximum 2"),
        ("{name: web, pod: {}, workloads: [{name: x}]}", "placements.web.workloads: `workloads` beside `pod`"),
        ("{name: web, copy: 2, workloads: [{name: x}]}", "placements.web.copy: `copy` beside `workloads`"),
        ("{name: web, replicas: {total: 2}, workloads: [{name: x}]}", "replicas.total: `total` beside `workloads`"),
        ("{name: web, workloads: []}", "placements.web.workloads: 0 entries are too few"),
        ("{name: web, workloads: [{name: x}, {name: x}]}", "workloads[1].name: workload `x` is there twice"),
        ("{name: web, workloads: [{name: x, kind: Job, replicas: 2}]}", "workloads[0].replicas: replicas of a Job"),
        ("{name: web, workloads: [{name: x, kind: Deploy}]}", "Did you mean `Deployment`?"),
        ("{name: web, policy: {type: PickSome}}", "placements.web.policy.type: unknown value `PickSome`"),
        ("{name: web, policy: [PickAll]}", "placements.web.policy: bad value a list"),
        ("{name: web, priority: 1.5}", "placements.web.priority: bad number `1.5`"),
        ("{name: web, pod: {requests: {memory: 8Ei}}}", "pod.requests.memory: bad quantity `8Ei` (expected less than"),
        ("{name: web, policy: {type: PickAll, afinity: []}}", "policy.afinity: unknown field `afinity`"),
        ("{name: web, freeze: true}", "placements.web.freeze: unknown field `freeze`"),
        ("web", "placements[0]: bad value `web` (expected a mapping of fields)"),
    ],
)
def test_a_mistake_in_a_placement_names_its_path(tmp_path: Path, placement: str, message: str) -> None:
    found = mistakes_of(tmp_path, f"clusters: [{{name: a}}]\nplacements: [{placement}]\n")
    assert len(found) == 1
    assert message in found[0]
    assert found[0].startswith("fleet.yaml:2: ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "fleet.yaml: 0 documents in the file"),
        ("clusters: []\n---\nclusters: []\n", "fleet.yaml: 2 documents in the file"),
        ("- a\n", "fleet.yaml:1: bad value a list (expected a mapping of fields)"),
        ("clusters: []\nclusters: []\n", "fleet.yaml:2: duplicate key `clusters` (first on line 1)"),
        ("a: 1\nb: [1\n", "fleet.yaml:3: invalid YAML: "),
        ("clusters: {}\n", "fleet.yaml:1: clusters: bad value a mapping (expected a list)"),
        ("options: {normalizeOver: member}\n", "options.normalizeOver: unknown value `member`"),
    ],
)
def test_a_file_that_is_no_fleet_is_one_mistake(tmp_path: Path, text: str, message: str) -> None:
    (found,) = mistakes_of(tmp_path, text)
    assert message in found


def test_a_file_that_is_not_there_is_one_mistake(tmp_path: Path) -> None:
    with pytest.raises(MistakesError) as raised:
        load_fleet_file(tmp_path / "absent.yaml")
    assert str(raised.value) == f"{tmp_path}/absent.yaml: cannot read the file: No such file or directory"


def test_a_mistake_in_a_manifest_names_its_own_file(tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text("kind: Deployment\n")
    found = mistakes_of(tmp_path, "placements: [{name: web, manifests: [app.yaml]}]\n")
    assert found
    assert all(text.startswith("app.yaml:1: placements.web.manifests[0]: ") for text in found)


def test_several_copies_on_one_cluster_before_are_a_mistake(tmp_path: Path) -> None:
    (found,) = mistakes_of(tmp_path, "clusters: [{name: a}]\nplacements: [{name: web}]\nprevious: {web: {a: 3}}\n")
    assert "previous.web.a: `3` copies on one cluster" in found
