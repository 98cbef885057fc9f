"""The same work on several clusters, and what came of it."""

import pytest

from kubefleet.kube import MemberError, NoIdentity, Unreachable
from kubefleet.kube.object_ref import ObjectRef
from kubefleet.kube.refusal import Conflict, Refused
from kubefleet.model.phase import Phase
from kubefleet.rollout.each import on_each
from kubefleet.rollout.endings import cut_short

pytestmark = pytest.mark.fast

GOING = {"0" * 16: "shop/old"}
WEB, API = ObjectRef("apps/v1", "Deployment", "shop", "web"), ObjectRef("apps/v1", "Deployment", "shop", "api")


def refused(*held: tuple[ObjectRef, str]) -> Refused:
    return Refused("a", tuple(Conflict(ref, manager, (), "Rename it.") for ref, manager in held))


def outcomes_of(**errors: Exception | None):
    def work(name: str) -> None:
        if error := errors[name]:
            raise error

    return on_each(sorted(errors), str, work, 4, GOING)


def test_done_lost_and_failed_are_told_apart() -> None:
    found = outcomes_of(a=None, b=Unreachable("b", "no answer"), c=MemberError("c", "no"))
    assert (found.done, found.lost, found.failures, found.awaited) == (("a",), {"b": "no answer"}, {"c": "c: no"}, ())


def test_a_cluster_for_which_there_is_no_identity_has_neither_failed_nor_fallen_silent() -> None:
    found = outcomes_of(a=MemberError("a", "no"), b=NoIdentity("b", "the hub is silent"))
    assert (found.lost, found.failures, found.unknown) == ({}, {"a": "a: no"}, {"b": "b: the hub is silent"})
    assert found.refused == {"a": "a: no", "b": "b: the hub is silent"}
    ended = cut_short(found, ("b",))
    assert ended is not None
    assert (ended.phase, ended.reason, ended.broken) == (Phase.FAILED, "b: the hub is silent", False)
    assert cut_short(outcomes_of(a=MemberError("a", "no")), ()) is None


def test_objects_of_a_placement_that_goes_are_awaited() -> None:
    old = f"kubefleet/old.{'0' * 16}"
    found = outcomes_of(a=refused((WEB, old), (WEB, "kube-controller-manager"), (API, old)))
    assert (found.failures, found.awaited) == ({}, ("shop/old",))


@pytest.mark.parametrize("manager", ["helm", f"kubefleet/other.{'1' * 16}"])
def test_one_object_of_somebody_who_stays_is_a_failure(manager: str) -> None:
    found = outcomes_of(a=refused((WEB, f"kubefleet/old.{'0' * 16}"), (API, manager)))
    assert found.awaited == ()
    assert len(found.failures) == 1


def test_what_is_not_a_members_fault_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        outcomes_of(a=ZeroDivisionError())
