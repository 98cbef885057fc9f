"""Access by a ClusterProfile, as a program writes it."""

from typing import Any

import pytest

from kubefleet.model.access import ClusterProfile, Kubeconfig
from kubefleet.spec.member import parse_member
from kubefleet.spec.mistakes import Mistake, Spelling

pytestmark = pytest.mark.fast

PLUGIN = {"command": "gcloud", "args": ["token"]}
PROFILE = {"name": "eu-1", "provider": "google", "hub": {"context": "hub"}}


def parsed(access: dict[str, Any]) -> tuple[Any, list[str]]:
    mistakes: list[Mistake] = []
    member = parse_member("eu-1", {"access": access}, "members.eu-1", Spelling.PYTHON, mistakes)
    return member and member.access, [f"{mistake.path}: {mistake.message}" for mistake in mistakes]


def test_it_names_a_hub_a_provider_and_a_plugin() -> None:
    access, mistakes = parsed({"profile": PROFILE, "exec": PLUGIN})
    assert mistakes == []
    assert access == ClusterProfile("eu-1", "default", "google", Kubeconfig("hub"), "gcloud", ("token",))


@pytest.mark.parametrize(
    ("access", "told"),
    [
        ({"profile": PROFILE}, "members.eu-1.access.exec: missing field"),
        ({"profile": {"name": "eu-1"}, "exec": PLUGIN}, "members.eu-1.access.profile.hub: missing field"),
        ({"profile": PROFILE, "exec": PLUGIN, "context": "x"}, "members.eu-1.access.context: a field beside a profile"),
        ({"profile": {**PROFILE, "hub": {}}, "exec": PLUGIN}, "members.eu-1.access.profile.hub: no way to reach"),
        (
            {"profile": {**PROFILE, "hub": {"profile": PROFILE, "exec": PLUGIN}}, "exec": PLUGIN},
            "members.eu-1.access.profile.hub: a hub by a profile",
        ),
    ],
)
def test_what_is_wrong_is_told_by_path(access: dict[str, Any], told: str) -> None:
    found, mistakes = parsed(access)
    assert found is None
    assert any(mistake.startswith(told) for mistake in mistakes), mistakes
