"""Health checks as users write them: `{kind: example.com/Widget, cel: "object.status.ready"}`."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator

from kubefleet.health.checks import (
    BadText,
    Check,
    Condition,
    Function,
    JsonPath,
    Rule,
    TolerateUnavailable,
    UnverifiedWait,
)
from kubefleet.health.checks.cel import Cel, flaws_of
from kubefleet.health.checks.json_path import Scalar, flaw_of
from kubefleet.model.subject import Subject
from kubefleet.spec.http_probe import WrittenProbe, parse_http_probe
from kubefleet.spec.leniency import WrittenLeniency, parse_tolerance, parse_wait
from kubefleet.spec.mistakes import Mistake, Spelling, beside, did_you_mean, join
from kubefleet.spec.plugins import HEALTH_CHECKS, load_plugin
from kubefleet.spec.scalars import Text
from kubefleet.spec.subject import one_of, subject_in
from kubefleet.spec.written import Written, read

_RULES: Final = ("cel", "jsonpath", "condition", "function", "http", "tolerate_unavailable", "unverified_wait")
_NEEDS: Final = {"value": "jsonpath", "status": "condition", "port": "http", "scheme": "http", "contains": "http"}
_STATUSES: Final = {True: "True", False: "False"}


def _value(raw: object) -> object:
    if isinstance(raw, str | int | float):
        return int(raw) if isinstance(raw, float) and raw.is_integer() else raw
    raise ValueError("bad value (expected text, a number, true or false)")


class WrittenRule(Written):
    """One subject, one rule."""

    kind: Text | None = None
    object: Text | None = None
    cel: Text | None = None
    jsonpath: Text | None = None
    value: Annotated[Any, BeforeValidator(_value)] = None
    condition: Text | None = None
    status: Annotated[
        Literal["True", "False", "Unknown"],
        BeforeValidator(lambda raw: _STATUSES[raw] if isinstance(raw, bool) else raw),
    ] = "True"
    function: Text | None = None


class WrittenCheck(WrittenLeniency, WrittenProbe, WrittenRule):
    """With HTTP, which gates have with a URL. `mode`: `add` to what the built-in rule of the kind says, or `replace`
    it.
    """

    mode: Literal["add", "replace"] = "add"


def parse_checks(
    raw: object, path: str, keys: Iterable[str], mistakes: list[Mistake], *, every: bool = True
) -> tuple[Check, ...]:
    """All checks of a list that can be used; everything else is added to `mistakes`.

    `keys` are the objects (`apiVersion/Kind/namespace/name`) that the checks may be about. With `every` each check must
    be about one of them (if there are any: what is wrong with the manifests is told elsewhere); without, as of a whole
    fleet, only one that looks misspelt is a mistake. What `mistakes` has
    something of already, as that it is a secret, is not shown in another one.
    """
    if raw is None:
        return ()
    if not isinstance(raw, list | tuple):
        mistakes.append(Mistake(path, "bad value (expected a list of HealthCheck)"))
        return ()
    known = sorted(set(keys))
    told = [mistake.path for mistake in mistakes]
    checks = []
    for index, item in enumerate(raw):
        wrong: list[Mistake] = []
        where = join(path, index)
        written = read(WrittenCheck, item, where, Spelling.PYTHON, wrong)
        check = None if written is None else parse_check(written, where, known, wrong, every=every)
        if written is not None and check is not None and not wrong:
            instead = written.mode == "replace" or isinstance(check.rule, TolerateUnavailable | UnverifiedWait)
            checks.append(replace(check, replaces=instead))
        mistakes += beside(wrong, told)
    return tuple(checks)


def parse_check(
    written: WrittenRule, path: str, known: list[str], mistakes: list[Mistake], *, every: bool
) -> Check | None:
    """One check that adds to the built-in rule, or None after adding to `mistakes`; `known` and `every` as above."""
    given = written.model_fields_set
    for needed, other in _NEEDS.items():
        if needed in given and other not in given:
            mistakes.append(Mistake(join(path, needed), f"`{needed}` without `{other}` (expected beside it)."))
    subject = subject_in(written.kind, written.object, path, known, mistakes, every=every)
    rule = _rule(written, subject, path, mistakes)
    return Check(subject, rule) if subject and rule else None


def _rule(written: WrittenRule, subject: Subject | None, path: str, mistakes: list[Mistake]) -> Rule | None:
    known = type(written).model_fields
    field = one_of({name: getattr(written, name) for name in _RULES if name in known}, path, mistakes)
    if field is None:
        return None
    if isinstance(written, WrittenCheck) and field in _OF_OBJECTS:
        return _OF_OBJECTS[field](written, subject, path, mistakes)
    text = str(getattr(written, field))
    path = join(path, field)
    if field == "cel":
        flaws = flaws_of(text)
        mistakes += [Mistake(path, _told(flaw, ("object",))) for flaw in flaws]
        return None if flaws else Cel(text)
    if field == "jsonpath":
        flaw = flaw_of(text)
        mistakes += [Mistake(path, _told(flaw))] if flaw else []
        value: Scalar | None = written.value
        return None if flaw else JsonPath(text, value)
    if field == "condition":
        return Condition(text, written.status)
    plugin = load_plugin(text, HEALTH_CHECKS, None, path, mistakes)
    return Function(plugin.name, plugin.function) if plugin else None


_OF_OBJECTS: Final[Mapping[str, Callable[[WrittenCheck, Subject | None, str, list[Mistake]], Rule | None]]] = {
    "http": parse_http_probe,
    "tolerate_unavailable": parse_tolerance,
    "unverified_wait": parse_wait,
}
"""Rules that not every object can have."""

_UNDECLARED = "undeclared reference to '"


def _told(flaw: BadText, known: tuple[str, ...] = ()) -> str:
    """Why, and on lines of their own the expression with a caret under the place."""
    hint = ""
    if flaw.why.startswith(_UNDECLARED):
        name = flaw.why.removeprefix(_UNDECLARED).partition("'")[0].partition(".")[0]
        hint = did_you_mean(name, known)
    return "\n      ".join((flaw.why + hint, *flaw.pointed()))
