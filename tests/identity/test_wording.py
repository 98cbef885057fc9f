"""Rights in words."""

import random

import pytest

from identity_objects import SERVED, UID, thing
from kubefleet.identity import Action, needed_actions
from kubefleet.identity.wording import in_words

pytestmark = pytest.mark.fast

EACH = "create, delete, get, patch"


def on(name: str, *verbs: str, kind: str = "configmaps", namespace: str = "shop") -> list[Action]:
    return [Action(verb, "", kind, namespace, name) for verb in verbs]


def test_objects_with_the_same_verbs_stand_together() -> None:
    actions = [*on("a", "get", "patch"), *on("b", "patch", "get", kind="services"), *on("", "list", kind="pods")]
    assert in_words(actions) == (
        "get, patch on configmaps `a`, services `b` in namespace `shop`; list on pods in namespace `shop`"
    )


def test_a_placements_own_objects_come_first_and_its_records_last() -> None:
    needed = needed_actions([thing("ConfigMap", "web"), thing("PriorityClass", "high")], (), SERVED, uid=UID)
    assert in_words(needed) == (
        f"{EACH} on configmaps `web` in namespace `shop`; {EACH} on priorityclasses.scheduling.k8s.io `high`; "
        "get on namespaces `pulumi-kubefleet`; and 8 more"
    )


@pytest.mark.parametrize("seed", range(5))
def test_it_does_not_depend_on_an_order_and_counts_what_it_leaves_out(seed: int) -> None:
    actions = [
        action
        for number in range(9)
        for action in on(f"c{number}", "get", *(["patch"] if number % 2 else []), namespace=f"n{number % 4}")
    ]
    whole = in_words(actions)
    random.Random(seed).shuffle(actions)
    assert in_words(actions) == whole
    shown = sum(len(part.split(" on ")[0].split(", ")) * part.count("`c") for part in whole.split("; ")[:-1])
    assert whole.endswith(f"; and {len(actions) - shown} more")


def test_of_many_objects_some_are_shown() -> None:
    actions = [action for number in range(7) for action in on(f"c{number}", "get")]
    shown = ", ".join(f"configmaps `c{number}`" for number in range(4))
    assert in_words(actions) == f"get on {shown} in namespace `shop`; and 3 more"


def test_nothing_is_no_words() -> None:
    assert in_words([]) == ""
