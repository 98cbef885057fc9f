"""A refused role in words."""

import pytest

from kubefleet.federation.grant_refused import explain_grant
from kubefleet.kube.errors import ApiError
from kubefleet.kube.object_ref import ObjectRef

pytestmark = pytest.mark.fast

FENCE = (
    "roles \"fleet:u\" is forbidden: ValidatingAdmissionPolicy 'fleet-fence' with binding 'b' denied request: outside"
)
REMEDY = "Have the member's admin join it again with the ceiling that the program has"


@pytest.mark.parametrize(
    ("namespace", "message", "told"),
    [
        ("shop", FENCE, f"its fence lets `u` have no such right in namespace `shop`: outside. {REMEDY}"),
        ("", FENCE, f"its fence lets `u` have no such right in the cluster: outside. {REMEDY}"),
        ("shop", FENCE.replace("fleet-fence", "other"), f"Role shop/r for u: {FENCE.replace('fleet-fence', 'other')}"),
        ("shop", 'roles "r" is forbidden: no', 'Role shop/r for u: roles "r" is forbidden: no'),
    ],
)
def test_what_the_fence_says_takes_an_admin_of_the_member(namespace: str, message: str, told: str) -> None:
    ref = ObjectRef("rbac.authorization.k8s.io/v1", "Role", namespace, "r")
    assert explain_grant(ref, "u", ApiError("eu-1", "PATCH /", 403, "Forbidden", message)) == told
