"""A member that lets a placement have no rights."""

from kubefleet.kube.errors import MemberError


class Denied(MemberError):
    """A placement may not act at a member, and has not. `why` is one line that ends with what to do."""

    def __init__(self, member: str, why: str) -> None:
        self.why = why
        super().__init__(member, why)
