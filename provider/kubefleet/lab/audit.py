"""Reading the audit log of an API server: who wrote what."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, takewhile
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
# What runs a cluster. The other service accounts are somebody's workload or identity, and what they write counts.
_COMPONENTS = re.compile(
    r"system:(lab|kwok|apiserver|kube-controller-manager|kube-scheduler|node:.*|serviceaccount:kube-system:.*)"
)


@dataclass(frozen=True, slots=True)
class Write:
    """A mutating request: not a dry run, not an access or subject review, not a token request."""

    user: str
    verb: str
    resource: str
    namespace: str
    name: str
    code: int


def count_events(log: Path) -> int:
    """How many events a log holds so far."""
    return sum(1 for _ in _lines(log))


def read_events(log: Path, since: int = 0) -> Iterator[Mapping[str, Any]]:
    """The events of a log from number `since` on, in its order; it may still be written."""
    for line in islice(_lines(log), since, None):
        yield json.loads(line)


def writes_in(events: Iterable[Mapping[str, Any]]) -> tuple[Write, ...]:
    """The writes among completed requests, without those of the cluster's own components."""
    return tuple(write for event in events if (write := _write(event)) is not None)


def _lines(log: Path) -> Iterator[bytes]:
    """Whole lines: one without an end is being written, and is left for the next time."""
    with log.open("rb") as lines:
        # Ends at the first such line: its rest, read a moment later, would pass for a line of its own.
        yield from takewhile(lambda line: line.endswith(b"\n"), lines)


def _write(event: Mapping[str, Any]) -> Write | None:
    reference = event.get("objectRef") or {}
    user = (event.get("user") or {}).get("username", "")
    if event.get("stage") != "ResponseComplete" or event.get("verb") not in _MUTATING or _COMPONENTS.fullmatch(user):
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
