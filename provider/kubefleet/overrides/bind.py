"""Which rules hold on a cluster, and with which values."""

from collections.abc import Sequence

from kubefleet.model.cluster import Cluster
from kubefleet.model.override import Bound, Delete, JsonPatch, Override
from kubefleet.overrides.flaw import Flaw
from kubefleet.overrides.variables import Steps, is_of_property, value_of, variables_in


def bind(overrides: Sequence[Override], cluster: Cluster) -> tuple[Bound, list[Flaw]]:
    """What of them holds on a cluster; a variable that has no value there is a flaw."""
    rules, values, flaws = [], {}, []
    for index, override in enumerate(overrides):
        if not override.selects(cluster):
            continue
        rules.append(index)
        for name, steps in variables_of(override):
            value = value_of(name, cluster)
            if value is None:
                what = "property" if is_of_property(name) else "label"
                key = name.split(".", 2)[-1]
                why = f"`${{{name}}}`: cluster `{cluster.name}` has no {what} `{key}`. Give it one, or select others."
                flaws.append(Flaw((index, *steps), why))
            else:
                values[name] = value
    return Bound(tuple(rules), {name: values[name] for name in sorted(values)}), flaws


def variables_of(override: Override) -> list[tuple[str, Steps]]:
    """The variables in what a rule changes, each with the steps from the rule to it."""
    match override.change:
        case JsonPatch(operations):
            return list(variables_in(operations, ("json_patch",)))
        case Delete():
            return []
        case merge:
            return list(variables_in(merge.patch, ("merge",)))


def needs_properties(overrides: Sequence[Override]) -> bool:
    """Whether it takes more than a member's declaration to tell what holds on it."""
    return any(
        (override.term is not None and override.term.properties)
        or any(is_of_property(name) for name, _ in variables_of(override))
        for override in overrides
    )
