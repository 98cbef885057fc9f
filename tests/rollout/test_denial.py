"""What is denied a placement, and what that makes of a member."""

from typing import Any

import pytest

from identity_objects import SERVED, UID, thing
from kubefleet.federation import placement_role
from kubefleet.federation.denied import Denied
from kubefleet.identity import needed_actions
from kubefleet.identity.ceiling import Ceiling
from kubefleet.identity.settings import OnDenied
from kubefleet.kube import Unreachable
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.model.strategy import RollingUpdate
from kubefleet.rollout.acting import Acting, acting
from kubefleet.rollout.denial import never_granted, not_granted
from kubefleet.rollout.task import Task

pytestmark = pytest.mark.fast

NOBODYS: frozenset[tuple[str, str]] = frozenset()


def needed(*objects: dict[str, Any]) -> frozenset[Any]:
    return needed_actions(objects, (), SERVED, uid=UID)


def test_what_is_inside_the_ceiling_is_granted() -> None:
    objects = needed(thing("ConfigMap", "a"), thing("Secret", "b"), thing("Deployment", "c", spec={}))
    assert never_granted(objects, Ceiling(("shop",)), NOBODYS) == ()


def test_every_reason_is_told_once() -> None:
    outside = [thing("ConfigMap", "a", "blog"), thing("Secret", "b", "blog"), thing("Namespace", "blog")]
    first, second, third = never_granted(needed(*outside, thing("Secret", "b")), Ceiling(("shop",)), {("shop", "b")})
    assert first.startswith("create, delete, get, patch on namespaces (blog) is outside the ceiling.")
    assert second.startswith("namespace `blog` is outside the ceiling.")
    assert third.startswith("Secret `shop/b` is another placement's")


def test_what_an_admin_names_is_let_in_however_sensitive() -> None:
    crd = thing("CustomResourceDefinition", "gadgets.made.test", spec={"group": "made.test", "versions": []})
    named = Ceiling(("shop",), cluster_scoped=("customresourcedefinitions.apiextensions.k8s.io",))
    assert never_granted(needed(crd), named, NOBODYS) == ()
    assert any("a CRD is every namespace's" in why for why in never_granted(needed(crd), Ceiling(("shop",)), NOBODYS))


def test_what_an_admin_has_to_grant_is_named() -> None:
    lacks = {action for action in needed(thing("ConfigMap", "a")) if action.name == "a"}
    assert not_granted("exec", lacks) == (
        "mode `exec` gives no rights, and there is none to create, delete, get, patch on configmaps `a` in namespace "
        "`shop`. Have the member's admin grant it"
    )


class Refusing(Acting):
    """A placement that no member lets have rights."""

    def connect(self, name: str, *_: Any) -> Any:
        raise Denied(name, "no right")


@pytest.mark.parametrize(
    ("on_denied", "error", "told"),
    [
        (OnDenied.FAIL, Denied, "eu-1: no right"),
        (OnDenied.SKIP_CLUSTER, Unreachable, "eu-1: left out: no right"),
    ],
)
def test_a_cluster_that_is_skipped_counts_as_one_that_is_silent(
    on_denied: OnDenied, error: type[Exception], told: str
) -> None:
    one = Refusing(UID, placement_role(UID, "web"), lambda _: pytest.fail("asked"), Ceiling(()), 900, on_denied)
    task = Task(
        identity=PlacementIdentity(UID, "web", "shop", "dev"),
        manifests={},
        revision="r",
        target={"eu-1": {}},
        members=("eu-1",),
        strategy=RollingUpdate(),
        connect=lambda _: pytest.fail("by the declared access"),
        show=print,
        warn=print,
    )
    with pytest.raises(error, match=told):
        acting(task, one).connect("eu-1")
    assert not issubclass(Denied, Unreachable)
