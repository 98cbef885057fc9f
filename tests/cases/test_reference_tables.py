"""Each table of others that this scheduler reproduces is in a case, with the figures of its source.

Sources: KubeFleet's `test/scheduler` (its clusters 7 to 1 are a7 to g1 here), Karmada's and KubeAdmiral's tests of how
replicas are divided (but for KubeAdmiral's 9, 11, 30, which comes from rounding up), and the tables of Webster's method
that the cases name.
"""

import tomllib
from pathlib import Path

import pytest

from kubefleet.spec.fleet_file import FleetFile, load_fleet_file

pytestmark = pytest.mark.fast

FOLDER = Path(__file__).parent
CASES: dict[str, dict[str, str]] = tomllib.loads((FOLDER / "reference_tables.toml").read_text())

COUNTS = {
    "kubefleet": {
        "node-count ascending, weight 100": "b6 d4 g1",
        "node-count descending, weight 100": "a7 c5 e3",
        "a sorter with one value for all": "a7 b6 c5",
        "a sorter by what nobody has": "a7 b6 c5",
        "three sorters, weights 100, 80, 60": "b6 d4 g1",
        "3 of 7 clusters": "a7 b6 c5",
        "10 of 7 clusters": "a7 b6 c5 d4 e3 f2 g1",
        "0 of 7 clusters": "",
        "2 of a required term": "f2 g1",
        "4 of two required terms": "a7 f2 g1",
        "4 with a preferred term": "a7 b6 c5 d4",
        "4 with two preferred terms": "a7 c5 d4 e3",
        "from 1 to 3 clusters": "a7 b6 c5",
        "from 3 to 1 clusters": "a7",
        "spread by region": "a7 c5",
        "spread by region and environment": "a7 c5",
        "preferred spread by region": "a7 c5",
        "preferred spread by region and environment": "a7 c5",
        "spread and a required term": "c5 e3",
        "preferred spread and a preferred term": "a7 b6 c5 e3 f2 g1",
        "both spreads and both terms": "b6 c5 f2",
        "picked anew with other rules": "a7 c5 d4",
        "four properties in a term": "e3",
        "four terms of a property": "a7 c5 d4 e3 g1",
        "a label and a property": "e3 f2",
        "a label or properties": "b6 c5",
        "an edited property": "a7 c5 e3 f2",
        "a property that changed": "a7 c5 e3",
        "named clusters with taints": "b6 d4 g1",
        "all clusters without taints": "c5 e3",
        "some tolerated taints": "f2 g1",
    },
    "karmada": {
        "static, 13 over 3:2:1": [7, 4, 2],
        "static, 14 over 3:2:1": [7, 5, 2],
        "dynamic, 12 over 6:8:10": [3, 4, 5],
        "dynamic, 12 over 8:8:10": [4, 4, 4],
        "aggregated, 12 over 6:8:10": [0, 5, 7],
        "dynamic, 12 to 24 over 10:10:10 from 2, 4, 6": [6, 8, 10],
        "aggregated, 12 to 24 over 10:10:10 from 2, 4, 6": [6, 8, 10, 0],
        "steady growth, 5 over 170:110:60": [2, 2, 1],
        "steady growth, 6 over 170:110:60": [3, 2, 1],
        "12 to 24 over 3:2:1 at once": [12, 8, 4],
        "12 to 24 over 3:2:1 in single steps": [12, 8, 4],
    },
    "kubeadmiral": {"50 over 1:1:1, of which c holds 30": [10, 10, 30]},
    "webster": {
        "8 over 100,000:80,000:30,000:20,000": [3, 3, 1, 1, 0],
        "35 over 503:304:193": [17, 11, 7, 0, 0],
        "10 over 25,000:19,000:12,000:8,000": [4, 3, 2, 1, 0],
        "10 over 6,100:5,000:900": [5, 4, 1, 0, 0],
        "26 over 9,061:7,179:5,259:3,319:1,182": [9, 8, 5, 3, 1],
        "105 seats of 1790": [7, 2, 2, 2, 8, 14, 4, 5, 10, 10, 13, 2, 6, 2, 18],
        "120 seats of 1790": [8, 2, 2, 2, 9, 16, 5, 6, 11, 12, 14, 2, 7, 3, 21],
    },
}
"""By source and name: what each cluster gets, in the order of their names; or the clusters that are picked."""

SCORES = {
    "node-count ascending, weight 100": [0, 86, 0, 86, 29, 57, 86],
    "node-count descending, weight 100": [100, 14, 100, 14, 71, 43, 14],
    "a sorter with one value for all": [0, 0, 0, 0, 0, 0, 0],
    "a sorter by what nobody has": [0, 0, 0, 0, 0, 0, 0],
    "three sorters, weights 100, 80, 60": [60, 135, 46, 146, 68, 108, 168],
}
"""Scores of KubeFleet's seven eligible clusters, a7 to g1, scaled over all members."""

NAMES = [(source, name) for source, tables in COUNTS.items() for name in tables]


def case_of(source: str, name: str) -> tuple[FleetFile, str]:
    """The case that holds a table, and its placement."""
    assert name in CASES[source], f"no case has {source}'s table `{name}`: name one in reference_tables.toml"
    stem, placement = CASES[source][name].split("/")
    return load_fleet_file(FOLDER / f"{stem}.yaml"), placement


@pytest.mark.parametrize(("source", "name"), NAMES)
def test_a_case_expects_the_figures_of_the_table(source: str, name: str) -> None:
    fleet, placement = case_of(source, name)
    expected = fleet.expected[placement].clusters
    assert expected is not None
    figures = COUNTS[source][name]
    if isinstance(figures, str):
        assert expected == dict.fromkeys(figures.split(), 1)
    else:
        assert [expected.get(cluster.name, 0) for cluster in fleet.snapshot.clusters] == figures


@pytest.mark.parametrize("name", SCORES)
def test_sorters_score_as_in_kubefleet(name: str) -> None:
    fleet, placement = case_of("kubefleet", name)
    decision = fleet.plan().decision(placement)
    assert decision is not None
    preferred = [score.value for item in decision.candidates for score in item.scores if score.scorer == "preferred"]
    assert preferred == SCORES[name]


def test_every_case_that_is_named_for_a_table_is_in_the_list() -> None:
    assert {(source, name) for source, tables in CASES.items() for name in tables} == set(NAMES)
