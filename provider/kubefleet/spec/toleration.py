"""Taints and tolerations as users write them."""

from collections.abc import Iterable
from typing import Literal

from pydantic import model_validator

from kubefleet.model.taint import Effect, Taint, Toleration
from kubefleet.spec.scalars import LabelKey, LabelValue, Moment, Whole
from kubefleet.spec.written import Written


class TaintSpec(Written):
    """A taint of a member or of a node."""

    key: LabelKey
    value: LabelValue = ""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]

    def taint(self) -> Taint:
        """The frozen value. When it was put there is not known."""
        return Taint(self.key, self.value, Effect(self.effect))


class MemberTaintSpec(TaintSpec):
    """A taint of a member: the scheduler over clusters knows no soft taints."""

    effect: Literal["NoSchedule", "NoExecute"]
    time_added: Moment | None = None

    def taint(self) -> Taint:
        """The frozen value, with the moment that toleration seconds are counted from where one is given."""
        return Taint(self.key, self.value, Effect(self.effect), self.time_added)


def sorted_taints(specs: Iterable[TaintSpec]) -> tuple[Taint, ...]:
    """Each taint once, in an order that does not depend on theirs."""
    return tuple(sorted({spec.taint() for spec in specs}, key=lambda taint: (str(taint), str(taint.added))))


class TolerationSpec(Written):
    """A toleration; the rules are those of core/v1. Its seconds bound NoExecute taints and say nothing of others."""

    key: LabelKey | None = None
    operator: Literal["Equal", "Exists"] = "Equal"
    value: LabelValue | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    toleration_seconds: Whole | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "TolerationSpec":
        if self.operator == "Exists" and self.value:
            raise ValueError(f"value `{self.value}` beside operator Exists (expected none). Leave the value out.")
        if self.operator == "Equal" and not self.key:
            raise ValueError(
                "operator Equal without a key (expected a key). Use operator Exists to tolerate every key."
            )
        return self

    def toleration(self) -> Toleration:
        """The frozen value."""
        return Toleration(self.key or "", self.operator, self.value or "", self.effect or "", self.toleration_seconds)
