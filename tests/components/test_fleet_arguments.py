"""What `Fleet` passes on has the arguments of what it makes: a new one cannot be forgotten in one of the two places."""

import inspect
from typing import Any

import pytest

from pulumi_kubefleet import Fleet
from pulumi_kubefleet.member import MemberCluster
from pulumi_kubefleet.placement import Placement

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(("method", "component"), [(Fleet.member, MemberCluster), (Fleet.placement, Placement)])
def test_arguments_and_their_defaults_are_the_same(method: Any, component: Any) -> None:
    def by_keyword(function: Any) -> dict[str, Any]:
        parameters = inspect.signature(function).parameters.values()
        return {item.name: (item.default, item.annotation) for item in parameters if item.kind is item.KEYWORD_ONLY}

    assert by_keyword(method) == by_keyword(component.__init__)
