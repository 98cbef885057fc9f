import pytest

from kubefleet.spec.declared import parse_placement
from kubefleet.spec.mistakes import Mistake
from kubefleet.spec.singleton import stops_first

pytestmark = pytest.mark.fast

RECREATED = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"strategy": {"type": "Recreate"}}}
ROLLED = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {}}


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        (RECREATED, True),
        (ROLLED, False),
        ({"apiVersion": "apps/v1", "kind": "StatefulSet"}, True),
        ({"apiVersion": "batch/v1", "kind": "CronJob"}, True),
        ({"apiVersion": "v1", "kind": "PersistentVolumeClaim"}, True),
        ({"apiVersion": "batch/v1", "kind": "Job"}, False),
        ({"apiVersion": "example.com/v1", "kind": "CronJob"}, False),
    ],
)
def test_what_stops_first_unless_it_says_otherwise(manifest: dict, expected: bool) -> None:
    assert stops_first(None, [ROLLED, manifest]) is expected
    assert stops_first("surge", [manifest]) is False
    assert stops_first("stop_first", [manifest]) is True


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"move": "sideways"}, "placements.web.move: unknown value `sideways`"),
        ({"move": "stop_first", "strategy": {"type": "SpreadUpdate"}}, "placements.web.move: `move` beside a strategy"),
        ({"move": "stop_first", "strategy": {"type": "RollingUpdate"}}, ""),
    ],
)
def test_what_is_wrong_with_it_is_told(given: dict, told: str) -> None:
    mistakes: list[Mistake] = []
    parse_placement("web", given, mistakes)
    assert ", ".join(map(str, mistakes))[: len(told)] == told
    assert bool(mistakes) is bool(told)
