"""`Join` in a stack of a member's admin: checked by itself, as no `Schedule` does it."""

from typing import Any

import pytest
from pulumi.output import UNKNOWN

from kubefleet.model.phase import Phase
from kubefleet.resources.join import JoinProvider
from kubefleet.resources.outcome import OutcomeProvider

pytestmark = pytest.mark.fast

ALONE: dict[str, Any] = {
    "schema": 1,
    "member": "eu-1",
    "mistakes": [],
    "access": {"context": "eu-1"},
    "identity": {"mode": "auto", "namespaces": ["shop"]},
    "operators": ["ana"],
}


def told(news: dict[str, Any]) -> list[str]:
    return [failure.reason for failure in JoinProvider().check({}, news).failures]


def test_what_is_right_is_an_input_and_mistakes_are_none() -> None:
    found = JoinProvider().check({}, {**ALONE, "phase": None, "cluster_uid": None})
    assert found.failures == []
    assert found.inputs == {key: value for key, value in ALONE.items() if key != "mistakes"}


def test_mistakes_name_their_line_and_nothing_else_is_said_of_a_secret() -> None:
    secret = {"path": "members.eu-1.access", "message": "a secret", "where": "__main__.py:3"}
    news = {**ALONE, "mistakes": [secret], "access": {}, "operators": [7]}
    assert told(news) == [
        "__main__.py:3: members.eu-1.access: a secret",
        "members.eu-1.operators[0]: bad value `7` (expected text). Put it in quotes.",
    ]


def test_what_is_not_known_yet_is_not_looked_at() -> None:
    assert told({**ALONE, "access": {"context": UNKNOWN}, "operators": [7]}) == []


def test_the_join_of_a_fleet_is_the_schedules_to_check() -> None:
    assert told({**ALONE, "fleet": "shop", "operators": [7]}) == []


@pytest.mark.parametrize("changed", [{"operators": ["ben"]}, {"access": {"context": "x"}}, {"uid": "7"}])
def test_what_decides_is_applied_again(changed: dict[str, Any]) -> None:
    olds = {**ALONE, "phase": Phase.COMPLETE.value, "reason": "", "cluster_uid": "1"}
    provider = JoinProvider()
    assert provider.diff("eu-1", olds, ALONE).changes is False
    assert provider.diff("eu-1", olds, {**ALONE, **changed}).changes is True
    assert provider.diff("eu-1", {**olds, "phase": Phase.FAILED.value}, ALONE).changes is True


def test_a_failed_join_is_the_commands_error() -> None:
    joins = {"eu-1": {"phase": Phase.FAILED.value, "reason": "eu-1: no way"}}
    found = OutcomeProvider().check({}, {"schema": 1, "fleet": "eu-1", "phases": {}, "joins": joins})
    (failure,) = found.failures
    assert failure.reason.splitlines() == [
        "1 failed. Mend these, then run `pulumi up` again",
        "  eu-1 is not ready for the fleet's identities: eu-1: no way",
    ]
