"""Every case file is planned and compared with what it expects."""

from pathlib import Path

import pytest

from kubefleet.spec.expected import ExpectedSpec
from kubefleet.spec.fleet_file import load_fleet_file

pytestmark = pytest.mark.fast

FOLDER = Path(__file__).parent
CASES = sorted(FOLDER.glob("*.yaml"))
ANYTHING = ExpectedSpec().expected()


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_plan_is_what_the_case_expects(path: Path) -> None:
    fleet = load_fleet_file(path)
    assert fleet.differences(fleet.plan()) == ()


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_placement_of_a_case_is_expected_somewhere(path: Path) -> None:
    fleet = load_fleet_file(path)
    assert fleet.requests
    for request in fleet.requests:
        assert fleet.expected.get(request.name, ANYTHING) != ANYTHING, f"the case expects nothing of {request.name}"


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_cluster_is_chosen_or_refused_with_a_reason(path: Path) -> None:
    fleet = load_fleet_file(path)
    names = {cluster.name for cluster in fleet.snapshot.clusters}
    for decision in fleet.plan().decisions:
        chosen = {binding.cluster for binding in decision.bindings}
        assert chosen | set(decision.refused) == names
        assert chosen.isdisjoint(decision.refused)
        assert all(decision.refused.values())


@pytest.mark.parametrize(
    ("option", "scores"),
    [
        ("members", [86, 57, 29, 86, 0, 86, 0]),
        # (8 - x) / (8 - 2) over the seven candidates alone
        ("candidates", [100, 67, 33, 100, 0, 100, 0]),
    ],
)
def test_kubefleets_property_sorter_scores(tmp_path: Path, option: str, scores: list[int]) -> None:
    text = (FOLDER / "kubefleet-fixture-property-sorter.yaml").read_text()
    file = tmp_path / "fleet.yaml"
    file.write_text(text.replace("normalizeOver: members", f"normalizeOver: {option}"))
    decision = load_fleet_file(file).plan().decision("web")
    assert decision is not None
    preferred = [score.value for item in decision.candidates for score in item.scores if score.scorer == "preferred"]
    assert preferred == scores
