import pytest

from kubefleet.model.gate import Wait
from kubefleet.spec.before_remove import gates_before_removal, parse_before_remove
from kubefleet.spec.mistakes import Mistake

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("manifest", "addressed"),
    [
        ({"apiVersion": "v1", "kind": "Service", "spec": {"type": "LoadBalancer"}}, True),
        ({"apiVersion": "v1", "kind": "Service", "spec": {}}, False),
        ({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress"}, True),
        ({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute"}, True),
        ({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway"}, False),
        ({"apiVersion": "multicluster.x-k8s.io/v1alpha1", "kind": "ServiceExport"}, True),
        ({"apiVersion": "apps/v1", "kind": "Deployment"}, False),
    ],
)
def test_what_has_an_address_waits_a_minute_unless_it_says_otherwise(manifest: dict, addressed: bool) -> None:
    assert gates_before_removal(None, [manifest]) == ((Wait(60),) if addressed else ())
    assert gates_before_removal((), [manifest]) == ()
    assert gates_before_removal((Wait(5),), [manifest]) == (Wait(5),)


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ([{"type": "Wait", "duration": "5s"}], []),
        ([{"type": "Wait", "duration": "5s"}, {"type": "Approval"}], []),
        ("5s", ["web: no list of gates"]),
        ([{"type": "Wiat"}], ["web[0]: bad gate `Wiat`"]),
        ([{"type": "Wait", "duration": "soon"}], ["web[0].duration: "]),
    ],
)
def test_what_is_wrong_is_told_by_its_place(raw, told: list[str]) -> None:
    mistakes: list[Mistake] = []
    parse_before_remove(raw, "web", mistakes, ())
    assert [str(mistake)[: len(text)] for mistake, text in zip(mistakes, told, strict=True)] == told
