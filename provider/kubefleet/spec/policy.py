"""Policies as users write them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from kubefleet.model.plugin import Plugin
from kubefleet.model.policy import Fit, Policy, PolicyType, Prefer, SpreadGroup, Term, TopologySpread
from kubefleet.model.selector import Expr, Operator
from kubefleet.spec.affinity import AffinitySpec
from kubefleet.spec.expressions import LabelExprSpec, PropertyExprSpec
from kubefleet.spec.mistakes import Mistake, Spelling, join
from kubefleet.spec.node_requirement import NodeRequirementSpec
from kubefleet.spec.plugins import FILTERS, SCORERS, load_plugin
from kubefleet.spec.scalars import LabelKey, Labels, Name, Text, Whole
from kubefleet.spec.toleration import TolerationSpec
from kubefleet.spec.written import Written, read


class TermSpec(Written):
    """One alternative: everything in it must hold."""

    labels: Labels = {}
    label_expressions: list[LabelExprSpec] = []
    properties: list[PropertyExprSpec] = []
    nodes: list[NodeRequirementSpec] = []

    def term(self) -> Term:
        """The frozen value; plain labels become `In` expressions."""
        labels = [Expr(key, Operator.IN, (value,)) for key, value in self.labels.items()]
        labels += [spec.expr() for spec in self.label_expressions]
        properties = {spec.expr() for spec in self.properties}
        nodes = {spec.nodes() for spec in self.nodes}
        return Term(tuple(sorted(set(labels))), tuple(sorted(properties)), tuple(sorted(nodes)))


class SortSpec(Written):
    """Clusters sorted by a numeric property."""

    property: Text
    order: Literal["Ascending", "Descending"]


class PreferSpec(Written):
    """A preference: a term, an order or a function, never two of them."""

    weight: Annotated[Whole, Field(ge=-100, le=100)]
    term: TermSpec | None = None
    sort_by: SortSpec | None = None
    function: Text | None = None

    @model_validator(mode="after")
    def _one_of(self) -> "PreferSpec":
        given = [way for way in ("term", "sort_by", "function") if getattr(self, way) is not None]
        if len(given) != 1:
            seen = " and ".join(f"`{way}`" for way in given) or "nothing"
            raise ValueError(f"a preference by {seen} (expected exactly one of a term, an order and a function)")
        return self

    def prefer(self, functions: Mapping[str, Plugin]) -> Prefer:
        """The frozen value; functions are by name."""
        if self.function is not None:
            return Prefer(self.weight, function=functions[self.function])
        if self.sort_by is None:
            return Prefer(self.weight, term=self.term.term() if self.term else None)
        return Prefer(self.weight, sort_by=self.sort_by.property, descending=self.sort_by.order == "Descending")


class SpreadSpec(Written):
    """Kubernetes' topology spread, over clusters."""

    topology_key: LabelKey
    max_skew: Annotated[Whole, Field(ge=1, le=1_000_000)] = 1
    when_unsatisfiable: Literal["DoNotSchedule", "ScheduleAnyway"] = "DoNotSchedule"
    min_domains: Annotated[Whole, Field(ge=1, le=1_000_000)] | None = None

    @model_validator(mode="after")
    def _hard_only(self) -> "SpreadSpec":
        if self.min_domains is not None and self.when_unsatisfiable != "DoNotSchedule":
            raise ValueError("a minimum of domains with ScheduleAnyway (expected DoNotSchedule)")
        return self

    def spread(self) -> TopologySpread:
        """The frozen value."""
        hard = self.when_unsatisfiable == "DoNotSchedule"
        return TopologySpread(self.topology_key, self.max_skew, hard, self.min_domains)


class SpreadGroupSpec(Written):
    """Over how many groups of clusters the chosen ones stand."""

    topology_key: LabelKey
    min_groups: Annotated[Whole, Field(ge=1, le=1000)] = 1
    max_groups: Annotated[Whole, Field(ge=1, le=1000)] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "SpreadGroupSpec":
        if self.max_groups is not None and self.max_groups < self.min_groups:
            raise ValueError(f"at most {self.max_groups} groups (expected at least the minimum, {self.min_groups})")
        return self

    def group(self) -> SpreadGroup:
        """The frozen value."""
        return SpreadGroup(self.topology_key, self.min_groups, self.max_groups)


class PolicySpec(Written):
    """A whole policy. The limits are KubeFleet's."""

    type: Literal["PickAll", "PickFixed", "PickN"]
    number_of_clusters: Annotated[Whole, Field(ge=0, le=1000)] | None = None
    cluster_names: Annotated[list[Name], Field(max_length=100)] | None = None
    required: Annotated[list[TermSpec], Field(max_length=10)] = []
    preferred: Annotated[list[PreferSpec], Field(max_length=10)] = []
    topology_spread: Annotated[list[SpreadSpec], Field(max_length=10)] = []
    spread_groups: Annotated[list[SpreadGroupSpec], Field(max_length=10)] = []
    affinity: Annotated[list[AffinitySpec], Field(max_length=10)] = []
    anti_affinity: Annotated[list[AffinitySpec], Field(max_length=10)] = []
    tolerations: Annotated[list[TolerationSpec], Field(max_length=100)] = []
    filters: Annotated[list[Text], Field(max_length=10)] = []
    fit: Literal["filter", "score", "ignore"] = "filter"
    min_clusters: Annotated[Whole, Field(ge=0, le=1000)] = 0

    def policy(self, filters: Mapping[str, Plugin], scorers: Mapping[str, Plugin]) -> Policy:
        """The frozen value; functions are by name."""
        return Policy(
            type=PolicyType(self.type),
            number=self.number_of_clusters or 0,
            names=tuple(sorted(set(self.cluster_names or ()))),
            required=tuple(spec.term() for spec in self.required),
            preferred=tuple(spec.prefer(scorers) for spec in self.preferred),
            topology_spread=tuple(spec.spread() for spec in self.topology_spread),
            tolerations=tuple(spec.toleration() for spec in self.tolerations),
            fit=Fit(self.fit),
            filters=tuple(filters[name] for name in self.filters),
            spread_groups=tuple(spec.group() for spec in self.spread_groups),
            affinity=tuple(spec.affinity() for spec in self.affinity),
            anti_affinity=tuple(spec.affinity() for spec in self.anti_affinity),
            min_clusters=self.min_clusters,
        )


def parse_policy(
    raw: Mapping[str, object], path: str, spelling: Spelling, mistakes: list[Mistake], folder: Path | None = None
) -> Policy | None:
    """A policy from plain data, or None after adding everything that is wrong with it to `mistakes`. `folder` is where
    modules with functions may lie, besides where Python looks anyway.
    """
    before = len(mistakes)
    spec = read(PolicySpec, raw, path, spelling, mistakes)
    if spec is None:
        return None
    mistakes += _fields_of_type(spec, path, spelling)
    filters = [(join(path, "filters", index), name) for index, name in enumerate(spec.filters)]
    scorers = [
        (join(path, "preferred", index, "function"), prefer.function)
        for index, prefer in enumerate(spec.preferred)
        if prefer.function is not None
    ]
    filtering = _functions(filters, FILTERS, folder, mistakes)
    scoring = _functions(scorers, SCORERS, folder, mistakes)
    return spec.policy(filtering, scoring) if len(mistakes) == before else None


def _functions(
    named: list[tuple[str, str]], group: str, folder: Path | None, mistakes: list[Mistake]
) -> dict[str, Plugin]:
    """Functions by name, from where each is named. None may be named twice: what explains a plan tells them by name."""
    found: dict[str, Plugin] = {}
    for path, name in named:
        if name in found:
            mistakes.append(Mistake(path, f"function `{name}` is named twice (expected once)"))
        elif plugin := load_plugin(name, group, folder, path, mistakes):
            found[name] = plugin
    return found


def _fields_of_type(spec: PolicySpec, path: str, spelling: Spelling) -> list[Mistake]:
    """Fields that the policy's type needs or that have no meaning for it."""
    mistakes: list[Mistake] = []

    def wrong(field: str, message: str) -> None:
        shown = field if spelling is Spelling.PYTHON else PolicySpec.model_fields[field].alias or field
        mistakes.append(Mistake(join(path, shown), message))

    if spec.type == "PickN" and spec.number_of_clusters is None:
        wrong("number_of_clusters", "missing field (expected 0 to 1000 with PickN)")
    if spec.type != "PickN" and spec.number_of_clusters is not None:
        wrong("number_of_clusters", f"a number with {spec.type} (expected PickN). Leave it out.")
    if spec.type == "PickFixed" and not spec.cluster_names:
        wrong("cluster_names", "no names with PickFixed (expected at least one cluster)")
    if spec.type != "PickFixed" and spec.cluster_names is not None:
        wrong("cluster_names", f"names with {spec.type} (expected PickFixed). Leave them out.")
    for name in sorted({name for name in spec.cluster_names or () if (spec.cluster_names or []).count(name) > 1}):
        wrong("cluster_names", f"cluster `{name}` is named twice (expected once)")
    spreads, groups = spec.topology_spread, spec.spread_groups
    for field, keys in (
        ("topology_spread", [entry.topology_key for entry in spreads]),
        ("spread_groups", [entry.topology_key for entry in groups]),
    ):
        for key in sorted({key for key in keys if keys.count(key) > 1}):
            wrong(field, f"topology key `{key}` is named twice (expected once)")
    most = _most_clusters(spec)
    for entry in groups:
        if most is not None and entry.min_groups > most:
            wrong("spread_groups", f"at least {entry.min_groups} groups of {most} clusters (expected at most {most})")
    if most is not None and spec.min_clusters > most:
        wrong("min_clusters", f"at least {spec.min_clusters} of {most} clusters (expected at most {most})")
    return mistakes


def _most_clusters(spec: PolicySpec) -> int | None:
    """How many clusters there can be; None where that is left open."""
    if spec.type == "PickN":
        return spec.number_of_clusters
    return len(set(spec.cluster_names)) if spec.cluster_names else None
