"""Ranges of ordinals: who has which, and how manifests get them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubefleet.spec.ordinals import BLOCK, ranges, serves_ordinals, with_start

pytestmark = pytest.mark.fast

NAMES = st.sets(st.sampled_from("abcdefgh"))


@pytest.mark.parametrize(
    ("clusters", "kept", "expected"),
    [
        (["us", "eu"], {}, {"eu": 0, "us": 1000}),
        (["us", "eu"], {"us": 0}, {"eu": 1000, "us": 0}),
        (["ap", "us"], {"us": 1000}, {"ap": 0, "us": 1000}),
        # One that was left, and may still hold pods, has its range for itself.
        (["ap"], {"eu": 0, "us": 1000}, {"ap": 2000, "eu": 0, "us": 1000}),
        (["eu"], {"eu": 5000}, {"eu": 5000}),
        ([], {}, {}),
    ],
)
def test_a_new_cluster_gets_the_lowest_block_that_is_free(clusters, kept, expected):
    assert ranges(clusters, kept) == expected


@given(st.lists(NAMES, max_size=6))
def test_no_cluster_ever_loses_its_range_or_shares_it(decisions):
    kept: dict[str, int] = {}
    for chosen in decisions:
        before, kept = kept, ranges(chosen, {name: start for name, start in kept.items() if name in chosen})
        assert all(kept[name] == before[name] for name in chosen & before.keys())
        assert len(set(kept.values())) == len(kept) == len(chosen)
        assert all(start % BLOCK == 0 for start in kept.values())


def db(**spec):
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"}, "spec": {"replicas": 3, **spec}}


def test_only_stateful_sets_are_counted_from_there_beyond_what_is_written():
    other = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 1}}
    found = with_start({"db": db(), "own": db(ordinals={"start": 5}), "web": other}, 2000)
    assert found == {"db": db(ordinals={"start": 2000}), "own": db(ordinals={"start": 2005}), "web": other}
    manifests = {"db": db()}
    assert with_start(manifests, 0) is manifests


@pytest.mark.parametrize(
    ("version", "serves"),
    [("v1.31.2", True), ("1.27.0", True), ("v1.26.9", False), ("v1.9.1", False), ("v2.0.0", True), ("", True)],
)
def test_older_clusters_do_not_have_the_field(version, serves):
    assert serves_ordinals(version) is serves
