"""What an API server authorizes: one verb on one object, or on a whole collection."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Action:
    """One request as RBAC sees it (the `ResourceAttributes` of an access review).

    `group` is empty for core, `resource` is the plural. `namespace` is empty for cluster-scoped resources, and for all
    namespaces at once. `name` is empty for a whole collection; a list or watch whose field selector is
    `metadata.name=x` counts as one of the object `x`.
    """

    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def kind(self) -> str:
        """`deployments.apps`, `pods`, `pods/exec`: as kubectl writes it."""
        plural = f"{self.resource}/{self.subresource}" if self.subresource else self.resource
        return f"{plural}.{self.group}" if self.group else plural

    def __str__(self) -> str:
        which = f" `{self.name}`" if self.name else ""
        where = f" in namespace `{self.namespace}`" if self.namespace else ""
        return f"{self.verb} on {self.kind}{which}{where}"
