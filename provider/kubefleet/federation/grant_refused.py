"""What a member's refusal of rights for a placement means, for whoever has to mend it."""

from typing import Final

from kubefleet.identity.fence import NAME as FENCE
from kubefleet.kube.errors import ApiError
from kubefleet.kube.object_ref import ObjectRef

_DENIED: Final = "denied request: "


def explain_grant(ref: ObjectRef, user: str, error: ApiError) -> str:
    """Why the role or binding `ref` of `user` was refused: one line. What the fence says takes an admin of the member,
    whose join lets in less than the program claims.
    """
    by, denied, said = error.message.partition(_DENIED)
    if not denied or f"'{FENCE}'" not in by:
        return f"{ref} for {user}: {error.message}"
    where = f"in namespace `{ref.namespace}`" if ref.namespace else "in the cluster"
    remedy = "Have the member's admin join it again with the ceiling that the program has"
    return f"its fence lets `{user}` have no such right {where}: {said}. {remedy}"
