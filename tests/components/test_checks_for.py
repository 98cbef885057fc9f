"""A placement's rollout gets the fleet's checks that may be about its objects, then its own."""

import asyncio
from typing import Any

import pulumi
import pytest

from pulumi_kubefleet import HealthCheck
from pulumi_kubefleet._checks import checks_for
from pulumi_kubefleet._record import plain

pytestmark = pytest.mark.fast

KEYS = ("apps/v1/Deployment/shop/web", "v1/Service/shop/web")


@pytest.mark.parametrize(
    ("about", "taken"),
    [
        ({"kind": "apps/Deployment"}, True),
        ({"kind": "Deployment"}, True),
        ({"kind": "core/Service"}, True),
        ({"kind": "example.com/Widget"}, False),
        ({"kind": "example.com/Service"}, False),
        ({"object": "Service/web"}, True),
        ({"object": "Service/shop/web"}, True),
        ({"object": "Service/shop/api"}, False),
        ({"kind": "not a kind"}, True),
        ({}, True),
    ],
)
def test_a_check_of_the_fleet_is_taken_where_it_may_be_about_an_object(about: dict[str, Any], taken: bool) -> None:
    check = {**about, "cel": "true"}
    assert checks_for([check], None, KEYS) == ([check] if taken else [])


def test_a_placements_own_checks_come_last_and_are_all_taken() -> None:
    of_fleet = plain([HealthCheck(kind="Deployment", condition="Up")])
    own = plain([HealthCheck(kind="Widget", cel="true", mode="replace")])
    assert checks_for(of_fleet, own, KEYS) == [
        {"kind": "Deployment", "condition": "Up"},
        {"kind": "Widget", "cel": "true", "mode": "replace"},
    ]


@pytest.mark.parametrize("raw", [None, (), "text", {"kind": "Pod"}, 3])
def test_what_is_no_list_is_left_to_the_check_of_the_schedule(raw: Any) -> None:
    assert checks_for(raw, raw, KEYS) == []


def test_a_list_that_is_an_output_is_not_lost() -> None:
    check = {"kind": "Deployment", "cel": "true"}

    async def run() -> None:
        found = checks_for(pulumi.Output.from_input([check]), [check], KEYS)
        assert await found.future() == [check, check]

    asyncio.run(run())
