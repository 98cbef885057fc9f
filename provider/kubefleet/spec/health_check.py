"""Health checks as users write them: `{kind: example.com/Widget, cel: "object.status.ready"}`."""

from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator

from kubefleet.health.checks import BadText, Check, Condition, Function, JsonPath, Rule
from kubefleet.health.checks.cel import Cel, flaws_of
from kubefleet.health.checks.json_path import Scalar, flaw_of
from kubefleet.model.subject import Subject, subject_of_kind, subject_of_object
from kubefleet.spec.mistakes import Mistake, Spelling, did_you_mean, join
from kubefleet.spec.plugins import HEALTH_CHECKS, load_plugin
from kubefleet.spec.scalars import Text
from kubefleet.spec.written import Written, read

_SUBJECTS: Final = ("kind", "object")
_RULES: Final = ("cel", "jsonpath", "condition", "function")
_NEEDS: Final = {"value": "jsonpath", "status": "condition"}
_ALIKE: Final = 0.8
_STATUSES: Final = {True: "True", False: "False"}


def _value(raw: object) -> object:
    if isinstance(raw, str | int | float):
        return int(raw) if isinstance(raw, float) and raw.is_integer() else raw
    raise ValueError("bad value (expected text, a number, true or false)")


class WrittenCheck(Written):
    """One subject, one rule. `mode`: `add` to what the built-in rule of the kind says, or `replace` it."""

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
        check = _check(item, join(path, index), known, wrong, every=every)
        if check is not None and not wrong:
            checks.append(check)
        mistakes += [mistake for mistake in wrong if not _is_within(mistake.path, told)]
    return tuple(checks)


def _is_within(path: str, others: list[str]) -> bool:
    return any(path == other or path.startswith((f"{other}.", f"{other}[")) for other in others)


def _check(raw: object, path: str, known: list[str], mistakes: list[Mistake], *, every: bool) -> Check | None:
    written = read(WrittenCheck, raw, path, Spelling.PYTHON, mistakes)
    if written is None:
        return None
    given = written.model_fields_set
    for needed, other in _NEEDS.items():
        if needed in given and other not in given:
            mistakes.append(Mistake(join(path, needed), f"`{needed}` without `{other}` (expected beside it)."))
    subject = _subject(written, path, known, mistakes, every=every)
    rule = _rule(written, path, mistakes)
    return Check(subject, rule, replaces=written.mode == "replace") if subject and rule else None


def _one_of(names: tuple[str, ...], written: WrittenCheck, path: str, mistakes: list[Mistake]) -> str | None:
    """The one of these fields that is there."""
    there = [name for name in names if getattr(written, name) is not None]
    if len(there) == 1:
        return there[0]
    seen = " and ".join(f"`{name}`" for name in there) or "none"
    mistakes.append(Mistake(path, f"{seen} of {', '.join(names)} (expected exactly one of them)."))
    return None


def _subject(
    written: WrittenCheck, path: str, known: list[str], mistakes: list[Mistake], *, every: bool
) -> Subject | None:
    field = _one_of(_SUBJECTS, written, path, mistakes)
    if field is None:
        return None
    text = str(getattr(written, field))
    subject = subject_of_kind(text) if field == "kind" else subject_of_object(text)
    path = join(path, field)
    if subject is None:
        expected = "`Kind` or `group/Kind`" if field == "kind" else "`Kind/name` or `Kind/namespace/name`"
        mistakes.append(Mistake(path, f"bad {field} `{text}` (expected {expected})."))
    elif field == "kind" and len(groups := _groups(subject, known)) > 1:
        spelt = ", ".join(_kind_of(f"{group}/v1" if group else "v1", subject.kind) for group in groups)
        mistakes.append(Mistake(path, f"`{text}` is ambiguous (expected one of {spelt})."))
    elif known and not any(subject.covers_key(key) for key in known):
        words = sorted({_kind(key) if field == "kind" else _object(key) for key in known})
        if every:
            what = f"none of its objects is of kind `{text}`" if field == "kind" else f"it has no object `{text}`"
            alike = words if "/" in text else [word.rpartition("/")[2] for word in words]
            mistakes.append(Mistake(path, f"{what} (expected one of {', '.join(words)}).{did_you_mean(text, alike)}"))
        elif near := _misspelt(text, words):
            mistakes.append(Mistake(path, f"no placement has an object of `{text}`. Did you mean `{near}`?"))
    return subject


def _groups(subject: Subject, known: list[str]) -> list[str]:
    """The API groups of the objects that it is about."""
    return sorted({key.rsplit("/", 3)[0].rpartition("/")[0] for key in known if subject.covers_key(key)})


def _kind(key: str) -> str:
    api_version, kind, _, _ = key.rsplit("/", 3)
    return _kind_of(api_version, kind)


def _kind_of(api_version: str, kind: str) -> str:
    """As a check would name it: `apps/Deployment`, `core/Pod`."""
    return f"{api_version.rpartition('/')[0] or 'core'}/{kind}"


def _object(key: str) -> str:
    return "/".join(part for part in key.rsplit("/", 3)[1:] if part)


def _misspelt(text: str, words: list[str]) -> str | None:
    """A known word of which one part differs in a letter or two: `Role` is not a misspelt `RoleBinding`."""
    parts = text.split("/")
    for word in words:
        others = word.split("/")[-len(parts) :]
        unlike = [pair for pair in zip(parts, others, strict=False) if pair[0] != pair[1]]
        if len(others) == len(parts) and len(unlike) == 1:
            mine, other = unlike[0]
            if SequenceMatcher(None, mine, other).ratio() >= _ALIKE:
                return word
    return None


def _rule(written: WrittenCheck, path: str, mistakes: list[Mistake]) -> Rule | None:
    field = _one_of(_RULES, written, path, mistakes)
    if field is None:
        return None
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


_UNDECLARED = "undeclared reference to '"


def _told(flaw: BadText, known: tuple[str, ...] = ()) -> str:
    """Why, and on lines of their own the expression with a caret under the place."""
    hint = ""
    if flaw.why.startswith(_UNDECLARED):
        name = flaw.why.removeprefix(_UNDECLARED).partition("'")[0].partition(".")[0]
        hint = did_you_mean(name, known)
    return "\n      ".join((flaw.why + hint, *flaw.pointed()))
