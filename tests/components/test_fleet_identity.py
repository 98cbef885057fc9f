"""What a program gives a fleet as its identity."""

from types import SimpleNamespace
from typing import Any

import pytest

from pulumi_kubefleet import IdentityFederation
from pulumi_kubefleet._collect import collect

pytestmark = pytest.mark.fast


def mistakes(identity: Any) -> list[str]:
    fleet = SimpleNamespace(
        _unknown={},
        _source="",
        _members=[],
        _placements=[],
        _jobs=[],
        _given_identity=identity,
        _of_all={},
        fleet_name="shop",
    )
    return [str(mistake) for mistake in collect(fleet).mistakes]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("identity", "seen"),
    [("oidc", "a `str`"), ({"mode": "oidc"}, "a `dict`"), (IdentityFederation, "`IdentityFederation`"), (1, "a `int`")],
)
def test_what_is_no_identity_is_a_mistake(identity: Any, seen: str) -> None:
    assert mistakes(identity) == [f"fleet.identity: bad value: {seen} (expected `IdentityFederation(...)`)."]


@pytest.mark.parametrize("identity", [None, IdentityFederation(namespaces=["shop"])])
def test_an_identity_or_none_is_fine(identity: Any) -> None:
    assert mistakes(identity) == []
