"""Reading the audit log of an API server: who wrote what."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MUTATING = frozenset({"create", "update", "patch", "delete", "deletecollection"})
_REVIEWS = frozenset(
    {
        "localsubjectaccessreviews",
        "selfsubjectaccessreviews",
        "selfsubjectreviews",
        "selfsubjectrulesreviews",
        "subjectaccessreviews",
        "tokenreviews",
    }
)
_OWN = "system:"


@dataclass(frozen=True, slots=True)
class Write:
    """A mutating request: not a dry run, not an access or subject review, not a token request."""

    user: str
    verb: str
    resource: str
    namespace: str
    name: str
    code: int


def read_events(log: Path) -> Iterator[Mapping[str, Any]]:
    """Whole events of a log that is still being written; a line without an end is left for the next time."""
    with log.open("rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):
                yield json.loads(line)


def writes_in(events: Iterable[Mapping[str, Any]], since: int = 0) -> tuple[Write, ...]:
    """The writes among completed requests from event number `since` on, without those of the cluster's components."""
    found = []
    for number, event in enumerate(events):
        if number >= since and (write := _write(event)) is not None:
            found.append(write)
    return tuple(found)


def _write(event: Mapping[str, Any]) -> Write | None:
    reference = event.get("objectRef") or {}
    user = (event.get("user") or {}).get("username", "")
    if event.get("stage") != "ResponseComplete" or event.get("verb") not in _MUTATING or user.startswith(_OWN):
        return None
    if reference.get("resource") in _REVIEWS or reference.get("subresource") == "token":
        return None
    options = event.get("requestObject") or {}
    if "dryRun=" in event.get("requestURI", "") or (event["verb"].startswith("delete") and options.get("dryRun")):
        return None
    resource = "/".join(part for part in (reference.get("resource", ""), reference.get("subresource", "")) if part)
    return Write(
        user,
        event["verb"],
        resource,
        reference.get("namespace", ""),
        reference.get("name", ""),
        int((event.get("responseStatus") or {}).get("code") or 0),
    )
