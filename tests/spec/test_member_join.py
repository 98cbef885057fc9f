"""What a member's admin writes in a stack of their own: all mistakes at once, by path."""

from typing import Any

import pytest

from kubefleet.spec.member_join import check_member_join
from kubefleet.spec.mistakes import Mistake

pytestmark = pytest.mark.fast

JOIN: dict[str, Any] = {"access": {"context": "eu-1"}, "identity": {"mode": "auto", "namespaces": ["shop"]}}
HUB = {"context": "hub"}


def told(name: str = "eu-1", **changed: Any) -> list[str]:
    raw = {key: value for key, value in {**JOIN, **changed}.items() if value is not None}
    mistakes: list[Mistake] = []
    check_member_join(name, raw, mistakes)
    return [str(mistake) for mistake in mistakes]


def test_what_is_right_is_taken() -> None:
    assert told() == []
    assert told(operators=["ana"], uid="7", authentication_config="/etc/auth.yaml") == []
    assert told(identity={"namespaces": ["shop"], "hub": HUB}) == []
    assert told(identity={"namespaces": ["shop"], "mode": "impersonation"}, operators=["ana"]) == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"name": "EU"}, "members.EU: bad name `EU`"),
        ({"access": None}, "members.eu-1: no way to reach the cluster (expected `context` or `access` of its admin)."),
        ({"access": {"server": "https://a", "ca": "x"}}, "members.eu-1.access.exec: missing field"),
        ({"identity": None}, "members.eu-1.identity: missing field (expected `IdentityFederation(...)`)"),
        ({"identity": {"mode": "auto"}}, "members.eu-1.identity.namespaces: none (expected those where placements"),
        ({"identity": {"namespaces": ["shop"], "mode": "oidc"}}, "members.eu-1.identity.mode: mode `oidc` without"),
        ({"identity": {"namespaces": ["shop"], "hub": {}}}, "members.eu-1.hub: no way to reach"),
        ({"identity": {"namespaces": ["shop"], "ttl": "1s"}}, "members.eu-1.identity.ttl: bad life `1s`"),
        (
            {"identity": {"namespaces": ["shop"], "hub": HUB}, "operators": ["ana"]},
            "members.eu-1.operators: in mode `oidc` accounts are on the hub (expected none). Name them in",
        ),
        (
            {"identity": {"namespaces": ["shop"], "mode": "impersonation"}},
            "members.eu-1.operators: 0 in mode `impersonation` (expected one: the agent",
        ),
        (
            {"identity": {"namespaces": ["shop"], "mode": "impersonation"}, "operators": ["ana", "ci"]},
            "members.eu-1.operators: 2 in mode `impersonation` (expected one: the agent",
        ),
        ({"operators": [7]}, "members.eu-1.operators[0]: bad value `7`"),
        ({"operator": ["ana"]}, "members.eu-1.operator: unknown field `operator`"),
    ],
)
def test_a_mistake_has_its_path_and_the_way_out(changed: dict[str, Any], expected: str) -> None:
    found = told(**changed)
    assert len(found) == 1
    assert found[0].startswith(expected)


def test_all_mistakes_are_told_at_once() -> None:
    found = told(access={}, identity={"mode": "auto", "ttl": "1s"})
    paths = ["members.eu-1.access", "members.eu-1.identity.ttl", "members.eu-1.identity.namespaces"]
    assert [line.partition(": ")[0] for line in found] == paths
