"""Node requirements as users write them: so many nodes, each of which is what is asked."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from kubefleet.model.accelerator import normalise
from kubefleet.model.fabric import FABRICS
from kubefleet.model.node_facts import ACCELERATOR, ALLOCATABLE, NAMED, PLAIN_RESOURCES
from kubefleet.model.policy import Nodes
from kubefleet.model.selector import Expr, Operator
from kubefleet.spec.expressions import check_values
from kubefleet.spec.mistakes import did_you_mean
from kubefleet.spec.scalars import Scalar, Text, Whole
from kubefleet.spec.written import Written

_FABRIC = "network/fabric"
_KNOWN = tuple(sorted({*NAMED, *PLAIN_RESOURCES}))


class NodeExprSpec(Written):
    """What has to hold of one node: on a resource, its accelerator, its network, or a label of it."""

    name: Text
    operator: Literal["Eq", "Ne", "Gt", "Ge", "Lt", "Le", "In", "NotIn", "Exists", "DoesNotExist"]
    values: list[Scalar] = []

    @model_validator(mode="after")
    def _is_known(self) -> "NodeExprSpec":
        check_values(self.name, Operator(self.operator), self.values)
        resource = self.name.removeprefix(ALLOCATABLE)
        plain = resource in PLAIN_RESOURCES or resource.startswith("hugepages-") or self.name in NAMED
        if not plain and ("/" not in resource or resource.startswith(("network/", "accelerator/"))):
            raise ValueError(
                f"unknown fact of a node `{self.name}` (expected {', '.join(_KNOWN)}, {ALLOCATABLE}<resource>, or an "
                f"extended resource or label such as nvidia.com/gpu).{did_you_mean(self.name, _KNOWN)}"
            )
        for value in self.values if self.name == _FABRIC else ():
            if value not in FABRICS:
                raise ValueError(
                    f"unknown fabric `{value}` (expected one of {', '.join(FABRICS)}).{did_you_mean(value, FABRICS)}"
                )
        return self

    def expr(self) -> Expr:
        """The frozen value; an accelerator in whatever spelling becomes its normalised name."""
        values = set(self.values)
        if self.name == ACCELERATOR:
            values = {normalise(value) or value for value in values}
        return Expr(self.name, Operator(self.operator), tuple(sorted(values)))


class NodeRequirementSpec(Written):
    """At least so many nodes, for each of which all expressions hold; with `free` on what is free on them."""

    at_least: Annotated[Whole, Field(ge=1, le=100_000)] = 1
    each: Annotated[list[NodeExprSpec], Field(min_length=1, max_length=20)]
    free: bool = False

    def nodes(self) -> Nodes:
        """The frozen value."""
        return Nodes(tuple(sorted({spec.expr() for spec in self.each})), self.at_least, self.free)
