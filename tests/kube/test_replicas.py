import json

import pytest

from kubefleet.kube.errors import ApiError
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.kube.replicas import hand_over_replicas, is_autoscaled

pytestmark = pytest.mark.fast

WEB = PlacementIdentity("a" * 16, "web", "prod", "shop")
HPA = {
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}},
}


class Member:
    """A connection that lists HPAs and remembers what is applied."""

    name = "eu-1"

    def __init__(self, *hpas, refused=0):
        self.hpas, self.refused, self.asked, self.applied = hpas, refused, 0, []

    def list(self, path):
        assert path == "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers"
        self.asked += 1
        if self.refused:
            raise ApiError(self.name, "GET", self.refused, "Forbidden", "no")
        return iter(self.hpas)

    def path_of(self, *parts):
        return "/".join(parts)

    def patch(self, path, body, **options):
        assert path == "apps/v1/Deployment/shop/web"
        self.applied.append((body, options))
        return body


def deployment(*managers):
    """Managers are (name, subresource) of those that hold `spec.replicas`."""
    entries = [
        {"manager": name, "operation": "Apply", "subresource": part, "fieldsV1": {"f:spec": {"f:replicas": {}}}}
        for name, part in managers
    ]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "managedFields": entries},
        "spec": {"replicas": 7},
    }


SCALED = deployment(("kube-controller-manager", "scale"))


def test_what_an_autoscaler_of_somebody_else_has_scaled_is_autoscaled():
    assert is_autoscaled(Member(HPA), SCALED, WEB)


def test_what_nobody_scales_any_more_is_not():
    assert not is_autoscaled(Member(), SCALED, WEB)


def test_ours_is_among_the_manifests_or_is_going():
    ours = json.loads(json.dumps(HPA))
    ours["metadata"]["annotations"] = {WEB.owner_annotation: "HorizontalPodAutoscaler/shop/web"}
    assert not is_autoscaled(Member(ours), SCALED, WEB)


def test_where_autoscalers_may_not_be_listed_the_scaling_alone_counts():
    assert is_autoscaled(Member(refused=403), SCALED, WEB)


def test_nothing_is_asked_where_no_autoscaler_has_ever_scaled():
    member = Member(HPA)
    assert not is_autoscaled(member, deployment((WEB.manager, ""), ("kubectl", "scale")), WEB)
    assert member.asked == 0


def test_replicas_that_are_only_ours_are_handed_over_as_they_are():
    member = Member()
    hand_over_replicas(member, {**SCALED, "spec": {}}, deployment((WEB.manager, "")), WEB)
    ((body, options),) = member.applied
    assert body["spec"] == {"replicas": 7}
    assert options["fieldManager"] == "kubefleet-autoscaled"


@pytest.mark.parametrize(
    ("spec", "managers"),
    [({"replicas": 7}, [(WEB.manager, "")]), ({}, [(WEB.manager, ""), ("kube-controller-manager", "scale")]), ({}, [])],
)
def test_nothing_is_handed_over_that_stays_or_that_another_holds_already(spec, managers):
    member = Member()
    hand_over_replicas(member, {**SCALED, "spec": spec}, deployment(*managers), WEB)
    assert member.applied == []
