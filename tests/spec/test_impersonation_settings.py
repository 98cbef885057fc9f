"""What a program says of an agent: with a hub, which is only asked who runs the command, or without."""

from typing import Any

import pytest

from kubefleet.model.access import Kubeconfig
from kubefleet.spec.identity import parse_identity
from kubefleet.spec.mistakes import Mistake

pytestmark = pytest.mark.fast

WRITTEN: dict[str, Any] = {"mode": "impersonation", "namespaces": ["shop"]}


def test_a_hub_is_asked_where_there_is_one_and_has_no_accounts() -> None:
    mistakes: list[Mistake] = []
    without = parse_identity(WRITTEN, mistakes)
    with_one = parse_identity({**WRITTEN, "hub": {"context": "hub"}, "hub_namespace": "elsewhere"}, mistakes)
    assert mistakes == []
    assert without is not None
    assert with_one is not None
    assert (without.hub, with_one.hub) == (None, Kubeconfig("hub"))
    # Members know its users by the one namespace, whatever the hub has.
    assert without.namespace == with_one.namespace == "pulumi-kubefleet"


def test_the_legacy_way_is_only_for_whoever_writes_it() -> None:
    told = [parse_identity({**WRITTEN, **more}, []) for more in ({}, {"legacy_impersonation": True})]
    assert [settings is not None and settings.legacy_impersonation for settings in told] == [False, True]
