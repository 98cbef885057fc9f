"""`IdentityFederation` as it is parsed: which mode `auto` is, what lacks, and that it does not change by itself."""

from typing import Any

import pytest

from kubefleet.identity.settings import EntraApp
from kubefleet.spec.identity import check_mode_kept, parse_identity
from kubefleet.spec.mistakes import Mistake

pytestmark = pytest.mark.fast

HUB = {"hub": {"context": "hub"}}
AZURE = {"mode": "azure", "tenant_id": "t", "client_id": "c", "object_id": "o"}


def wrong(raw: dict[str, Any]) -> list[str]:
    mistakes: list[Mistake] = []
    parse_identity(raw, mistakes)
    return [str(mistake) for mistake in mistakes]


@pytest.mark.parametrize(
    ("raw", "mode"),
    [
        ({}, "service-account-token"),
        (HUB, "oidc"),
        ({**HUB, "mode": "service-account-token"}, "service-account-token"),
        ({"mode": "impersonation"}, "impersonation"),
        ({**HUB, **AZURE}, "azure"),
    ],
)
def test_auto_is_by_the_hub(raw: dict[str, Any], mode: str) -> None:
    settings = parse_identity(raw, [])
    assert settings is not None
    assert settings.mode == mode
    assert (settings.hub is not None) is (mode in ("oidc", "azure"))


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"mode": "oidc"}, ["fleet.identity.mode: mode `oidc` without a hub (expected `hub` of the fleet)."]),
        (
            {"mode": "azure", **HUB},
            [
                "fleet.identity.tenant_id: missing field (expected by mode `azure`)",
                "fleet.identity.client_id: missing field (expected by mode `azure`)",
                "fleet.identity.object_id: missing field (expected by mode `azure`)",
            ],
        ),
        ({"ttl": "5m"}, ["fleet.identity.ttl: bad life `5m` (expected 10m to 1h)."]),
        ({"ttl": "1h"}, []),
    ],
)
def test_what_a_mode_lacks_is_told(raw: dict[str, Any], said: list[str]) -> None:
    assert wrong(raw) == said


def test_a_national_cloud_is_the_programs_and_a_machines_is_not_written_down() -> None:
    here = parse_identity({**AZURE, **HUB, "authority": "login.chinacloudapi.cn"}, [])
    there = parse_identity({**AZURE, **HUB}, [])
    assert here is not None
    assert there is not None
    assert here.entra == EntraApp("t", "c", "o", authority="login.chinacloudapi.cn")
    assert there.entra == EntraApp("t", "c", "o")


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ({}, HUB, "`auto` is `oidc` with a hub, and members have joined in mode `service-account-token`. Write"),
        (HUB, {}, "`auto` is `service-account-token` without a hub, and members have joined in mode `oidc`. Write"),
        ({"mode": "impersonation"}, {}, 'have joined in mode `impersonation`. Write `mode="impersonation"` to keep'),
        ({}, {**HUB, "mode": "oidc"}, ""),
        ({}, {**HUB, "mode": "service-account-token"}, ""),
        ({}, {"namespaces": ["shop"]}, ""),
        ({**HUB, "mode": "oidc"}, HUB, ""),
        (None, HUB, ""),
        (HUB, None, ""),
    ],
)
def test_a_mode_changes_only_where_that_is_written(
    before: dict[str, Any] | None, now: dict[str, Any] | None, said: str
) -> None:
    mistakes: list[Mistake] = []
    check_mode_kept(before, now, mistakes)
    assert len(mistakes) == bool(said)
    assert all(said in str(mistake) and mistake.path == "fleet.identity.mode" for mistake in mistakes)
