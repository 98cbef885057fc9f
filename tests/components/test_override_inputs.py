"""How overrides go into state: what may be a value of a Secret is a secret there, everything else can be read."""

import asyncio
from typing import Any

import pulumi
import pytest

from kubefleet.resources.ownership import in_order
from pulumi_kubefleet import Override, Term
from pulumi_kubefleet._record import plain
from pulumi_kubefleet.overrides import as_input

pytestmark = pytest.mark.fast


def state(*overrides: Any) -> Any:
    return as_input(plain(list(overrides)))


@pytest.mark.parametrize(
    "subject",
    [{"object": "Secret/door"}, {"object": "Secret/shop/door"}, {"kind": "Secret"}, {"kind": "core/Secret"}, {}],
)
def test_what_goes_into_a_secret_is_a_secret(subject):
    async def ask() -> list[bool]:
        merge = state(Override(merge={"data": {"a": "b"}}, **subject))["0"]["merge"]
        patch = state(Override(json_patch=[{"op": "add", "path": "/data/a", "value": "b"}], **subject))["0"]
        return [await merge.is_secret(), await patch["json_patch"].is_secret()]

    assert asyncio.run(ask()) == [True, True]


def test_what_goes_elsewhere_is_not_and_stands_by_its_place():
    rule = Override(clusters=Term(labels={"a": "b"}), object="ConfigMap/a", merge={"data": {"x": "1"}})
    assert state(rule, rule)["1"] == plain(rule)


@pytest.mark.parametrize("overrides", ["Secret/door", [["a"]], ["merge"]])
def test_what_cannot_be_read_is_a_secret(overrides):
    async def ask() -> bool:
        found = as_input(overrides)
        return await (found if isinstance(found, pulumi.Output) else found["0"]).is_secret()

    assert asyncio.run(ask())


def test_an_output_of_all_of_them_is_a_secret_as_a_whole():
    async def ask() -> bool:
        rules = [{"object": "Secret/a", "merge": {"data": {"a": "b"}}}]
        return await as_input(pulumi.Output.from_input(rules)).is_secret()

    assert asyncio.run(ask())


def test_nothing_in_a_merge_survives_the_way_through_pulumi():
    rules = [{"object": "ConfigMap/a", "merge": {"data": {"a": None, "b": ["x", None]}}} for _ in range(11)]
    assert in_order(as_input(rules)) == rules
