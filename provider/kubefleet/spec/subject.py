"""`kind` and `object`: which objects something that a user writes is about."""

from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Final

from kubefleet.model.subject import Subject, subject_of_kind, subject_of_object
from kubefleet.spec.mistakes import Mistake, did_you_mean, join

_ALIKE: Final = 0.8


def one_of(fields: Mapping[str, object], path: str, mistakes: list[Mistake]) -> str | None:
    """The one of these fields that holds something; None after adding to `mistakes`."""
    there = [name for name, value in fields.items() if value is not None]
    if len(there) == 1:
        return there[0]
    seen = " and ".join(f"`{name}`" for name in there) or "none"
    mistakes.append(Mistake(path, f"{seen} of {', '.join(fields)} (expected exactly one of them)."))
    return None


def subject_in(
    kind: str | None,
    object: str | None,  # noqa: A002 - the field's name
    path: str,
    known: list[str],
    mistakes: list[Mistake],
    *,
    every: bool = True,
) -> Subject | None:
    """What exactly one of `kind` and `object` names among the `known` objects (`apiVersion/Kind/namespace/name`; none:
    anything goes); None after adding to `mistakes`. Without `every` only what looks misspelt has to be there.
    """
    field = one_of({"kind": kind, "object": object}, path, mistakes)
    if field is None:
        return None
    text = str(kind if field == "kind" else object)
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
