"""Overrides as users write them: `{clusters: [eu-1], object: Deployment/web, json_patch: [...]}`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from kubefleet.model.override import Change, Delete, JsonPatch, Merge, Override
from kubefleet.model.policy import Term
from kubefleet.overrides.bind import variables_of
from kubefleet.overrides.json_patch import OPERATIONS
from kubefleet.overrides.variables import is_variable
from kubefleet.spec.mistakes import Mistake, Spelling, did_you_mean, join
from kubefleet.spec.policy import TermSpec
from kubefleet.spec.scalars import Text
from kubefleet.spec.subject import one_of, subject_in
from kubefleet.spec.written import Written, read

_CHANGES = ("json_patch", "merge", "delete")
_VARIABLES = "`${cluster.name}`, `${cluster.labels.KEY}` or `${cluster.properties.KEY}`"


class WrittenOverride(Written):
    """One rule. What it writes into objects may be a secret: no value of it is ever in a mistake."""

    secret: ClassVar[bool] = True

    kind: Text | None = None
    object: Text | None = None
    clusters: Any = None
    json_patch: list[dict[str, Any]] | None = None
    merge: dict[str, Any] | None = None
    delete: bool | None = None


def parse_overrides(raw: object, path: str, keys: Iterable[str], mistakes: list[Mistake]) -> tuple[Override, ...]:
    """All rules, or none after adding everything that is wrong with them to `mistakes`.

    `keys` are the objects (`apiVersion/Kind/namespace/name`) that they may be about.
    """
    if raw is None:
        return ()
    if not isinstance(raw, list | tuple):
        mistakes.append(Mistake(path, "bad value (expected a list of Override)"))
        return ()
    known, before = sorted(set(keys)), len(mistakes)
    rules = [_rule(item, join(path, index), known, mistakes) for index, item in enumerate(raw)]
    return tuple(rule for rule in rules if rule is not None) if len(mistakes) == before else ()


def check_clusters(overrides: Sequence[Override], names: Iterable[str], path: str, mistakes: list[Mistake]) -> None:
    """Add a mistake for every cluster that is no member."""
    members = sorted(names)
    for index, override in enumerate(overrides):
        for name in sorted(set(override.clusters or ()) - set(members)):
            known = ", ".join(members) or "none is declared"
            message = f"unknown cluster `{name}` (expected a member: {known}).{did_you_mean(name, members)}"
            mistakes.append(Mistake(join(path, index, "clusters"), message))


def _rule(raw: object, path: str, known: list[str], mistakes: list[Mistake]) -> Override | None:
    written = read(WrittenOverride, raw, path, Spelling.PYTHON, mistakes)
    if written is None:
        return None
    subject = subject_in(written.kind, written.object, path, known, mistakes)
    clusters, term = _clusters(written.clusters, join(path, "clusters"), mistakes)
    change = _change(written, path, mistakes)
    if subject is None or change is None:
        return None
    rule = Override(subject, change, clusters, term)
    for name, steps in variables_of(rule):
        if not is_variable(name):
            mistakes.append(Mistake(join(path, *steps), f"unknown variable `${{{name}}}` (expected {_VARIABLES})."))
    return rule


def _clusters(raw: Any, path: str, mistakes: list[Mistake]) -> tuple[tuple[str, ...] | None, Term | None]:
    """Names, or a term of labels and properties."""
    if raw is None:
        return None, None
    if isinstance(raw, Mapping):
        spec = read(TermSpec, raw, path, Spelling.PYTHON, mistakes)
        term = spec.term() if spec is not None else None
        if term is not None and term.nodes:
            mistakes.append(Mistake(join(path, "nodes"), "nodes select no cluster here (expected labels, properties)."))
        return None, term
    names = [raw] if isinstance(raw, str) else raw
    if not isinstance(names, list | tuple) or not names or not all(isinstance(name, str) for name in names):
        mistakes.append(Mistake(path, "bad value (expected names of clusters, or a Term)"))
        return None, None
    return tuple(names), None


def _change(written: WrittenOverride, path: str, mistakes: list[Mistake]) -> Change | None:
    change = one_of({name: getattr(written, name) or None for name in _CHANGES}, path, mistakes)
    if change is None:
        return None
    if change == "delete":
        return Delete()
    if change == "merge":
        return Merge(written.merge or {})
    operations = tuple(written.json_patch or ())
    before = len(mistakes)
    for index, operation in enumerate(operations):
        _check_operation(operation, join(path, "json_patch", index), mistakes)
    return JsonPatch(operations) if len(mistakes) == before else None


def _check_operation(operation: Mapping[str, Any], path: str, mistakes: list[Mistake]) -> None:
    name = operation.get("op")
    needed = OPERATIONS.get(str(name))
    if needed is None:
        message = f"unknown operation (expected one of {', '.join(OPERATIONS)}).{did_you_mean(name, OPERATIONS)}"
        mistakes.append(Mistake(join(path, "op"), message))
        return
    for field in needed:
        if field not in operation:
            mistakes.append(Mistake(join(path, field), f"missing field (expected it with `{name}`)."))
        elif field != "value" and not str(operation[field]).startswith("/"):
            message = "bad path (expected one that begins with a slash, such as `/spec/template`)."
            mistakes.append(Mistake(join(path, field), message))
    for field in sorted(set(operation) - {"op", *needed}):
        message = f"unknown field `{field}` (expected op, {', '.join(needed)}).{did_you_mean(field, needed)}"
        mistakes.append(Mistake(join(path, field), message))
