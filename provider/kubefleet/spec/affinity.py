"""Affinity between placements, as users write it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from kubefleet.model.affinity import CLUSTER, Affinity, PlacementSelector
from kubefleet.spec.mistakes import Spelling
from kubefleet.spec.scalars import LabelKey, Labels, Whole, check_placement_name
from kubefleet.spec.written import Written, read

PlacementName = Annotated[str, BeforeValidator(check_placement_name)]


class PlacementSelectorSpec(Written):
    """Placements by name, by label, or by both."""

    names: Annotated[list[PlacementName], Field(max_length=100)] = []
    labels: Labels = {}

    @model_validator(mode="after")
    def _selects(self) -> "PlacementSelectorSpec":
        if not self.names and not self.labels:
            raise ValueError("neither names nor labels of placements (expected at least one of the two)")
        return self

    def selector(self) -> PlacementSelector:
        """The frozen value."""
        return PlacementSelector(tuple(sorted(set(self.names))), tuple(sorted(self.labels.items())))


class AffinitySpec(Written):
    """One rule. It is required, unless it has a weight."""

    placements: PlacementSelectorSpec
    topology_key: LabelKey = CLUSTER
    required: bool | None = None
    weight: Annotated[Whole, Field(ge=0, le=100)] = 0

    @model_validator(mode="after")
    def _either(self) -> "AffinitySpec":
        if self.required and self.weight:
            raise ValueError(f"weight {self.weight} of a required rule (expected none). Leave one of the two out.")
        if self.required is False and not self.weight:
            raise ValueError("a preference without a weight (expected 1 to 100)")
        return self

    def affinity(self) -> Affinity:
        """The frozen value."""
        return Affinity(self.placements.selector(), self.topology_key, self.weight)


def parse_apart(raw: Iterable[Mapping[str, Any]], fleet: str) -> tuple[Affinity, ...]:
    """Anti-affinities of a placement as a program has written them, and as other stacks have to read them.

    They have been checked with the whole policy: those that cannot be read are left out.
    """
    specs = (read(AffinitySpec, item, "", Spelling.PYTHON, []) for item in raw)
    rules = (spec.affinity() for spec in specs if spec is not None)
    return tuple(replace(rule, placements=rule.placements.seen_from_afar(fleet)) for rule in rules)
