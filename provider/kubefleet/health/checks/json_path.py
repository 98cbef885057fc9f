"""JSONPath (RFC 9535): what stands at a place of the live object. kubectl's `{.status.phase}` is read too."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from kubefleet.health.checks.bad_text import BadText
from kubefleet.health.status import Health, available, progressing

Scalar = str | int | float | bool
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class JsonPath:
    """Available where something stands at the path, and all of it equals `value` (None: whatever it is)."""

    path: str
    value: Scalar | None = None

    def __str__(self) -> str:
        return f"`{self.path}`"

    def __call__(self, live: Mapping[str, Any]) -> Health:
        """Nothing there, or null, is Progressing."""
        expected = "something" if self.value is None else f"`{_text(self.value)}`"
        try:
            found = [item for item in _compiled(rooted(self.path)).findall(live) if item is not None]
        # A filter of the path may meet anything in the object.
        except Exception as error:
            return progressing(f"{self}: {' '.join(str(error).split())}")
        if not found:
            return progressing(f"{self} is not there (expected {expected})")
        for item in found:
            if self.value is not None and not _same(item, self.value):
                return progressing(f"{self} is {_shown(item)} (expected {expected})")
        return available(f"{self} is {_shown(found[0])}")


def flaw_of(path: str) -> BadText | None:
    """What is wrong with a path; None if it can be used."""
    from jsonpath.exceptions import JSONPathError

    query = rooted(path)
    try:
        _compiled(query)
    except JSONPathError as error:
        at = getattr(error.token, "index", -1)
        # The library's own text of an error cannot be made where it stands at the end.
        why = str(error.args[0]) if error.args else "it cannot be read"
        return BadText(
            f"{why} (expected a path such as `$.status.phase`)", query, 1, (at if at >= 0 else len(query)) + 1
        )
    return None


def rooted(path: str) -> str:
    """As RFC 9535 writes it: kubectl's braces go, and the root is named."""
    inner = path.strip()
    if inner.startswith("{") and inner.endswith("}"):
        inner = inner[1:-1].strip()
    return f"${inner}" if inner.startswith((".", "[")) else inner


@lru_cache(maxsize=1000)
def _compiled(query: str) -> Any:
    """Imported here: few placements have such a check."""
    from jsonpath import JSONPathEnvironment

    return JSONPathEnvironment(strict=True).compile(query)


def _same(seen: object, wanted: Scalar) -> bool:
    """Equal as JSON has it: true is not 1, 1.0 is."""
    return isinstance(seen, bool) == isinstance(wanted, bool) and seen == wanted


def _shown(item: object) -> str:
    if isinstance(item, Mapping | list):
        return "an object" if isinstance(item, Mapping) else "a list"
    return f"`{_text(item)}`"


def _text(item: object) -> str:
    """A text that could be taken for something else is quoted."""
    if isinstance(item, bool):
        return str(item).lower()
    text = " ".join(str(item).split())
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    return (
        f'"{text}"' if isinstance(item, str) and (not text or text[0].isdigit() or text in {"true", "false"}) else text
    )
