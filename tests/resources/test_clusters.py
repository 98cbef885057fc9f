"""Names of members against the clusters that they mean."""

from datetime import UTC, datetime

import pytest
from immutabledict import immutabledict
from pulumi.output import Unknown

from kubefleet.model.cluster import Cluster, ClusterState
from kubefleet.model.decision import Binding, Previous
from kubefleet.model.member import Member
from kubefleet.model.snapshot import Snapshot
from kubefleet.resources._clusters import Identified, identify, under_new_names

pytestmark = pytest.mark.fast


def found(before: dict[str, str], *members: Member, **uids: str) -> Identified:
    states = {"": ClusterState.UNREACHABLE, "planned": ClusterState.PLANNED}
    clusters = tuple(
        Cluster(name, uid=uid if uid not in states else "", state=states.get(uid, ClusterState.READY))
        for name, uid in sorted(uids.items())
    )
    declared = members or tuple(Member(name, None) for name in uids)
    return identify(Snapshot(datetime(2026, 1, 1, tzinfo=UTC), clusters), declared, before)


def test_uids_are_kept_for_the_next_run_and_of_a_silent_member_the_last_one() -> None:
    seen = found({"b": "2"}, a="1", b="")
    assert seen == Identified({"a": "1", "b": "2"}, {}, frozenset(), ())


def test_of_a_member_that_is_still_to_be_created_it_is_not_known() -> None:
    assert isinstance(found({}, a="planned").uids["a"], Unknown)


def test_two_members_that_are_one_cluster_are_a_mistake_that_names_both() -> None:
    (mistake,) = found({}, a="1", b="1").mistakes
    assert (mistake.path, "the same cluster as `a`" in mistake.message) == ("members.b", True)


def test_a_name_that_means_another_cluster_is_a_mistake_unless_it_may() -> None:
    (mistake,) = found({"a": "0"}, a="1").mistakes
    assert mistake.path == "members.a"
    assert "accept_new_uid=True" in mistake.message
    accepted = found({"a": "0"}, Member("a", None, accept_new_uid=True), a="1")
    assert (accepted.mistakes, accepted.replaced, accepted.uids) == ((), {"a"}, {"a": "1"})


def test_a_member_that_left_and_has_a_new_name_is_not_emptied_and_its_decisions_follow() -> None:
    seen = found({"a": "1"}, Member("a", None, leaving=True), Member("z", None), a="1", z="1")
    assert (seen.renamed, seen.mistakes, seen.uids) == ({"a": "z"}, (), {"z": "1"})
    decided = {"web": Previous((Binding("a", immutabledict({"w": 2})),))}
    assert under_new_names(decided, seen) == {"web": Previous((Binding("z", immutabledict({"w": 2})),))}


def test_decisions_on_a_replaced_cluster_are_no_more() -> None:
    seen = found({"a": "0"}, Member("a", None, accept_new_uid=True), a="1")
    assert under_new_names({"web": Previous((Binding("a"),))}, seen) == {"web": Previous()}
