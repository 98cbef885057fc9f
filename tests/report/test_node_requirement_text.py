"""What is said of nodes that are not as required. Which clusters pass is in the cases."""

from pathlib import Path

import pytest

from kubefleet.report.fit_line import fit_line
from kubefleet.report.reason_text import reason_text
from kubefleet.spec.fleet_file import load_fleet_file

pytestmark = pytest.mark.fast

CLUSTERS = """
clusters:
- name: a
  nodes:
  - {count: 6, instanceType: big, allocatable: {memory: 58Gi}, capacity: {memory: 62Gi}, used: {memory: 50Gi}}
- name: b
  nodes:
  - {count: 1, instanceType: Standard_HC44rs, allocatable: {memory: 330Gi}, capacity: {memory: 346Gi}}
  - {count: 2, allocatable: {memory: 32Gi}}
- {name: c, nodes: [{count: 2, instanceType: Standard_NC96ads_A100_v4, allocatable: {memory: 840Gi}}]}
- {name: d, nodes: []}
placements:
- {name: web, policy: {type: PickAll, required: [{nodes: [{REQUIREMENT}]}]}}
"""
BIG, SMALL = "64Gi nominal, 62Gi capacity, 58Gi allocatable", "32Gi nominal, 32Gi capacity, 32Gi allocatable"


def explained(tmp_path: Path, requirement: str) -> tuple[dict[str, list[str]], str]:
    file = tmp_path / "fleet.yaml"
    file.write_text(CLUSTERS.replace("REQUIREMENT", requirement))
    fleet = load_fleet_file(file)
    decision = fleet.plan().decision("web")
    assert decision is not None
    texts = {name: [reason_text(reason) for reason in reasons] for name, reasons in decision.refused.items()}
    return texts, fit_line(decision, len(fleet.snapshot.clusters))


def test_of_a_resource_all_three_figures_of_the_nearest_nodes_are_shown(tmp_path: Path) -> None:
    texts, line = explained(tmp_path, "atLeast: 2, each: [{name: memory, operator: Ge, values: [128Gi]}]")
    assert texts == {
        "a": [f"0 of 2 nodes as required (nearest: 6 big, memory Ge 128Gi: {BIG})"],
        "b": [f"1 of 2 nodes as required (nearest: 2 nodes, memory Ge 128Gi: {SMALL})"],
        "d": ["0 of 2 nodes as required"],
    }
    assert line == (
        "1/4 clusters fit: 2 too few nodes with memory Ge 128Gi (need 2, most 1), 1 too few nodes (need 2, most 0)"
    )


def test_of_free_capacity_what_is_free_is_shown_too(tmp_path: Path) -> None:
    texts, line = explained(tmp_path, "free: true, each: [{name: memory, operator: Ge, values: [60Gi]}]")
    assert texts["a"] == [f"0 of 1 nodes free as required (nearest: 6 big, memory Ge 60Gi: 8Gi free, {BIG})"]
    assert "1 too few nodes free with memory Ge 60Gi (need 1, most 0)" in line


def test_what_a_node_is_made_of_is_named_before_how_much(tmp_path: Path) -> None:
    texts, _ = explained(
        tmp_path,
        "each: [{name: memory, operator: Ge, values: [2Ti]}, {name: accelerator, operator: Eq, values: [H100]}]",
    )
    assert texts["c"] == [
        "0 of 1 nodes as required (nearest: 2 Standard_NC96ads_A100_v4, accelerator Eq H100: A100-80GB)"
    ]
    assert texts["a"] == ["0 of 1 nodes as required (nearest: 6 big, accelerator Eq H100: absent)"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (".nan", "property is missing: energy Ge 50 (`nan` is no number)"),
        ("60kWh", "property does not match: energy Ge 50 (`60kWh` is no quantity)"),
        ("40", "property does not match: energy Ge 50"),
    ],
)
def test_a_bad_property_is_told_with_its_reason(tmp_path: Path, value: str, text: str) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_text(
        f"clusters: [{{name: a, properties: {{energy: {value}}}}}]\nplacements: [{{name: web, policy: {{type: PickAll, "
        "required: [{properties: [{name: energy, operator: Ge, values: ['50']}]}]}}]\n"
    )
    decision = load_fleet_file(file).plan().decision("web")
    assert decision is not None
    assert [reason_text(reason) for reason in decision.refused["a"]] == [text]
