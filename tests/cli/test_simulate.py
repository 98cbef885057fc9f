import json
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner, Result

from kubefleet.cli.simulate import simulate, simulate_file
from kubefleet.spec.cluster import ClusterSpec
from kubefleet.spec.fleet_file import FleetFileSpec

pytestmark = pytest.mark.fast

MOVING = """
clusters:
- {name: a, taints: [{key: maintenance, value: disk, effect: NoExecute}]}
- {name: b, labels: {tier: prod}}
- {name: c, state: cordoned}
placements:
- name: agent
  pod: {requests: {cpu: "1"}}
  policy: {type: PickFixed, clusterNames: [b], required: [{labels: {tier: test}}]}
- name: web
  replicas: {total: 8}
  policy: {type: PickN, numberOfClusters: 2, preferred: [{weight: 7, term: {labels: {tier: prod}}}]}
previous: {web: {a: 5, c: 3}}
"""


def run(folder: Path, text: str, *options: str) -> Result:
    file = folder / "fleet.yaml"
    file.write_text(text)
    app = typer.Typer()
    app.command()(simulate)
    return CliRunner().invoke(app, [str(file), *options])


def test_json_has_decisions_reasons_scores_and_moves(tmp_path: Path) -> None:
    done = run(tmp_path, MOVING, "-o", "json")
    assert (done.exit_code, done.stderr) == (0, "")
    plan = json.loads(done.stdout)
    for placement in plan["placements"].values():
        for key in TRAIL:
            del placement[key]
    assert plan == {
        "placements": {
            "agent": {
                "clusters": {
                    "b": {"replicas": 1, "score": 0, "scores": {"spread": 0, "preferred": 0, "capacity": 0}},
                },
                "refused": {
                    name: [
                        {"code": "not-named", "plugin": "policy", "message": "not named by the policy", "detail": {}}
                    ]
                    for name in ("a", "c")
                },
                "kept": {},
                "warnings": [
                    {
                        "cluster": "b",
                        "code": "label-mismatch",
                        "plugin": "required",
                        "message": "label does not match: tier In test",
                        "detail": {"key": "tier", "seen": "prod", "wanted": "tier In test"},
                    }
                ],
                "unplaced": 0,
                "later": [],
            },
            "web": {
                "clusters": {
                    "b": {"replicas": 5, "score": 70, "scores": {"spread": 0, "preferred": 7, "capacity": 0}},
                    "c": {"replicas": 3, "score": 0, "scores": {"spread": 0, "preferred": 0, "capacity": 0}},
                },
                "refused": {
                    "a": [
                        {
                            "code": "taint-not-tolerated",
                            "plugin": "taints-no-execute",
                            "message": "taint maintenance=disk:NoExecute not tolerated",
                            "detail": {"effect": "NoExecute", "key": "maintenance", "value": "disk"},
                        }
                    ]
                },
                "kept": {"c": [{"code": "cordoned", "plugin": "eligibility", "message": "cordoned", "detail": {}}]},
                "warnings": [],
                "unplaced": 0,
                "later": [],
            },
        },
        "jobs": {},
        "moves": [{"placement": "web", "from": "a", "to": "b", "replicas": 5, "reason": "taint-no-execute"}],
    }


def test_the_table_says_what_would_make_it_fit(tmp_path: Path) -> None:
    lines = run(tmp_path, SHORT_OF).stdout.splitlines()
    assert "two: 1 unplaced; would fit with a toleration of x:NoSchedule" in lines


def test_yaml_is_the_same_data_as_json(tmp_path: Path) -> None:
    as_json, as_yaml = (run(tmp_path, MOVING, "-o", form).stdout for form in ("json", "yaml"))
    assert yaml.safe_load(as_yaml) == json.loads(as_json)


def test_the_table_has_one_line_a_placement_then_what_stays_and_moves(tmp_path: Path) -> None:
    assert run(tmp_path, MOVING).stdout.splitlines() == [
        "PLACEMENT  CLUSTERS    UNPLACED  WHY",
        "agent      b           -         1/3 clusters fit: 2 not named by the policy",
        "web        b x5, c x3  -         2/3 clusters fit: 1 taint maintenance=disk:NoExecute not tolerated",
        "web kept on c: cordoned",
        "move 5 of web: a -> b, because it is tainted NoExecute maintenance=disk",
        (
            "2 placements on 2 of 3 clusters, 1 move (a tainted NoExecute maintenance=disk), 1 kept for a reason, "
            "all placed"
        ),
    ]


SHORT_OF = """
clusters:
- {name: a, nodes: [{allocatable: {cpu: "4", memory: 8Gi}}]}
- {name: b, nodes: [{allocatable: {cpu: "4", memory: 8Gi}}]}
- {name: c, nodes: [{allocatable: {cpu: "1", memory: 8Gi}}]}
- {name: d, nodes: [{allocatable: {cpu: "4", memory: 8Gi}}], taints: [{key: x, effect: NoSchedule}]}
placements:
- {name: one, pod: {requests: {cpu: "2"}}, policy: {type: PickN, numberOfClusters: 1}}
- {name: two, pod: {requests: {cpu: "3"}}, policy: {type: PickN, numberOfClusters: 2}}
"""
TRAIL = ("missing", "failures", "relaxations", "funnel", "weights", "ranking", "ties", "nearest")


def test_json_has_filters_in_order_scores_ties_near_misses_and_relaxations(tmp_path: Path) -> None:
    one, two = json.loads(run(tmp_path, SHORT_OF, "-o", "json").stdout)["placements"].values()
    assert [step["filter"] for step in one["funnel"]] == [
        "reachable", "eligibility", "taints-no-execute", "taints", "required", "nodes", "namespaces", "apis",
        "function", "affinity", "anti-affinity", "capacity", "spread", "spread-groups",
    ]  # fmt: skip
    assert [step for step in one["funnel"] if step["refused"]] == [
        {"filter": "taints", "left": 3, "refused": ["d"], "warns": False},
        {"filter": "capacity", "left": 2, "refused": ["c"], "warns": False},
    ]
    assert one["weights"] == {"spread": 10000, "preferred": 10, "capacity": 1}
    assert one["ranking"] == [
        {"cluster": name, "score": 50, "scores": {"spread": 0, "preferred": 0, "capacity": 50}} for name in ("a", "b")
    ]
    assert one["ties"] == [{"chosen": "a", "other": "b"}]
    assert one["nearest"] == ["c", "d"]
    assert (one["missing"], one["relaxations"], one["failures"]) == ([], [], [])
    assert [reason["message"] for reason in two["missing"]] == ["insufficient cpu (need 3, most free 2)"]
    assert two["relaxations"] == [
        {
            "message": message,
            "unplaced": 0,
            "changes": [{"constraint": constraint, "message": message, "detail": detail}],
        }
        for constraint, message, detail in (
            (
                "toleration",
                "a toleration of x:NoSchedule",
                {"effect": "NoSchedule", "key": "x", "value": ""},
            ),
            (
                "nodes",
                "1 more node of cpu 4, memory 8Gi on a",
                {"cluster": "a", "count": 1, "cpu": 4000, "memory": 8 * 2**30},
            ),
            (
                "request",
                "cpu 2 instead of 3 for a pod of two",
                {"from": 3000, "resource": "cpu", "to": 2000, "workload": "two"},
            ),
            ("number", "1 asked for instead of 2", {"from": 2, "to": 1}),
        )
    ]


def test_yaml_is_the_same_data(tmp_path: Path) -> None:
    told = run(tmp_path, SHORT_OF, "-o", "json").stdout
    assert yaml.safe_load(run(tmp_path, SHORT_OF, "-o", "yaml").stdout) == json.loads(told)


def test_wide_adds_the_story_of_every_placement(tmp_path: Path) -> None:
    wide = run(tmp_path, MOVING, "-o", "wide").stdout
    assert wide.startswith(run(tmp_path, MOVING).stdout)
    for part in (
        "agent: 1/3 clusters fit",
        "     70  b                     0               7",
        "web: 2/3 clusters fit",
    ):
        assert part in wide


@pytest.mark.parametrize(
    ("number", "code"),
    [(1, 0), (2, 3)],
    ids=["placed", "unplaced"],
)
def test_exit_code_says_whether_all_is_placed(tmp_path: Path, number: int, code: int) -> None:
    text = (
        f"clusters: [{{name: a}}]\nplacements: [{{name: web, policy: {{type: PickN, numberOfClusters: {number}}}}}]\n"
    )
    done = run(tmp_path, text, "-o", "json")
    assert (done.exit_code, json.loads(done.stdout)["placements"]["web"]["unplaced"]) == (code, number - 1)


def test_invalid_input_exits_2_with_every_mistake_on_stderr(tmp_path: Path) -> None:
    done = run(tmp_path, "clusters: [{nmae: a}]\nplacements:\n- {name: web, replicas: {total: -1}}\nxyz: []\n")
    assert (done.exit_code, done.stdout) == (2, "")
    file = tmp_path / "fleet.yaml"
    parts, fields = (
        ", ".join(field.alias or name for name, field in kind.model_fields.items())
        for kind in (FleetFileSpec, ClusterSpec)
    )
    assert done.stderr.splitlines() == [
        f"{file}:1: clusters[0].name: missing field (expected a value for `name`)",
        f"{file}:1: clusters[0].nmae: unknown field `nmae` (expected one of {fields}). Did you mean `name`?",
        f"{file}:3: placements.web.replicas.total: value `-1` is too small (expected at least 0)",
        f"{file}:4: xyz: unknown field `xyz` (expected one of {parts}).",
    ]


EXPECTING = """
clusters: [{name: a}, {name: b, state: cordoned}, {name: c}]
placements: [{name: web, policy: {type: PickN, numberOfClusters: 2}}]
expect: {web: {clusters: {a: 1, c: 1}, refused: {b: [cordoned]}, unplaced: 0}}
"""


def test_check_exits_0_when_the_plan_is_what_the_file_expects(tmp_path: Path) -> None:
    done = run(tmp_path, EXPECTING, "--check")
    assert (done.exit_code, done.stderr) == (0, "")


def test_check_does_not_mind_what_is_unplaced_if_that_is_expected(tmp_path: Path) -> None:
    text = EXPECTING.replace("numberOfClusters: 2", "numberOfClusters: 3").replace("unplaced: 0", "unplaced: 1")
    assert run(tmp_path, text, "--check").exit_code == 0


@pytest.mark.parametrize(
    ("expected", "other", "line"),
    [
        ("{a: 1, c: 1}", "{a: 1}", "web: clusters a x1, c x1 (expected a x1)"),
        ("[cordoned]", "[drained]", "web: refused b cordoned (expected drained)"),
        ("[cordoned]", "[cordoned, drained]", "web: refused b cordoned (expected cordoned, drained)"),
        ("refused: {b:", "refused: {a: [cordoned], b:", "web: refused a for no reason (expected cordoned)"),
        ("unplaced: 0", "unplaced: 1", "web: unplaced 0 (expected 1)"),
    ],
)
def test_check_exits_1_and_names_every_difference(tmp_path: Path, expected: str, other: str, line: str) -> None:
    done = run(tmp_path, EXPECTING.replace(expected, other), "--check")
    assert (done.exit_code, done.stderr.splitlines()) == (1, [line])


def test_check_of_what_is_not_named_checks_nothing(tmp_path: Path) -> None:
    text = EXPECTING.replace("clusters: {a: 1, c: 1}, refused: {b: [cordoned]}, ", "")
    assert run(tmp_path, text, "--check").exit_code == 0


def test_check_needs_something_to_compare_with(tmp_path: Path) -> None:
    done = run(tmp_path, "clusters: [{name: a}]\n", "--check")
    assert done.exit_code == 2
    assert "expect: missing field" in done.stderr


def test_the_quick_starts_fleet_is_placed() -> None:
    plan = simulate_file(Path(__file__).parents[2] / "examples" / "01-quickstart" / "fleet.yaml")
    assert [(decision.placement, decision.unplaced) for decision in plan.decisions] == [("web", 0)]


def test_json_has_the_bounds_of_autoscalers_and_what_was_selected(tmp_path: Path) -> None:
    shop = Path(__file__).parents[1] / "cases" / "manifests" / "shop"
    done = run(
        tmp_path,
        "clusters: [{name: a}, {name: b}]\nplacements:\n"
        f"- {{name: web, namespace: shop, manifests: [{shop}], select: Deployment/api, replicas: {{}}}}\n",
        "-o",
        "json",
    )
    web = json.loads(done.stdout)["placements"]["web"]
    assert web["autoscaled"] == {"Deployment/shop/api": {"a": {"min": 1, "max": 4}, "b": {"min": 1, "max": 4}}}
    assert web["selection"]["absent"] == {"Secret/shop/only-in-the-cluster": "named by Deployment/shop/api"}
