from datetime import UTC, datetime, timedelta

import pytest

from kubefleet.model.member import Member
from kubefleet.model.policy import Policy
from kubefleet.model.request import Request
from kubefleet.model.taint import Effect, Taint, Toleration
from kubefleet.resources._tainted import tainted_since, with_moments

pytestmark = pytest.mark.fast

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
AT_NOON = {"eu-1": {"maintenance:NoExecute": "2026-01-01T12:00:00+00:00"}}
TAINTED = Member("eu-1", None, taints=(Taint("maintenance", "", Effect.NO_EXECUTE), Taint("a", "", Effect.NO_SCHEDULE)))
COUNTING = (Request("web", policy=Policy(tolerations=(Toleration("maintenance", "Exists", seconds=300),))),)


def test_a_new_taint_is_dated_now_and_keeps_its_date():
    first = tainted_since((TAINTED,), COUNTING, {}, NOW)
    assert first == AT_NOON
    assert tainted_since((TAINTED,), COUNTING, first, NOW + timedelta(hours=1)) == AT_NOON


def test_a_taint_that_comes_back_is_dated_anew():
    assert tainted_since((Member("eu-1", None),), COUNTING, AT_NOON, NOW) == {}


def test_nothing_is_recorded_while_no_placement_counts_seconds():
    never = (
        Request("web", policy=Policy(tolerations=(Toleration("a", "Exists", seconds=0), Toleration("b", "Exists")))),
    )
    assert tainted_since((TAINTED,), never, {}, NOW) == {}


def test_members_bear_the_moments_and_their_other_taints_none():
    (member,) = with_moments((TAINTED,), AT_NOON)
    assert [taint.added for taint in member.taints] == [NOW, None]


def test_a_moment_that_the_program_gives_wins():
    given = Member("eu-1", None, taints=(Taint("maintenance", "", Effect.NO_EXECUTE, NOW - timedelta(days=1)),))
    assert tainted_since((given,), COUNTING, AT_NOON, NOW) == {}
    assert with_moments((given,), AT_NOON) == (given,)
