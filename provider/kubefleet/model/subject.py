"""Which objects a health check is about: all of a kind, or one by name."""

import re
from dataclasses import dataclass

_KIND = r"[A-Za-z][A-Za-z0-9]*"
_GROUP = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_OF_KIND = re.compile(rf"(?:(?P<group>{_GROUP})/)?(?P<kind>{_KIND})", re.ASCII)
_OF_NAME = re.compile(rf"(?P<kind>{_KIND})/(?:(?P<namespace>[^/\s]+)/)?(?P<name>[^/\s]+)", re.ASCII)
_CORE = "core"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is None is any. The core group, which has no name, is `core` in text and empty here."""

    kind: str
    group: str | None = None
    namespace: str | None = None
    name: str | None = None

    def covers(self, api_version: str, kind: str, namespace: str, name: str) -> bool:
        """Whether it is about this object, in whatever version."""
        group = api_version.rpartition("/")[0]
        asked = ((self.group, group), (self.kind, kind), (self.namespace, namespace), (self.name, name))
        return all(wanted is None or wanted == seen for wanted, seen in asked)

    def covers_key(self, key: str) -> bool:
        """The same of an `apiVersion/Kind/namespace/name`; the API version itself may hold a slash."""
        return self.covers(*key.rsplit("/", 3))


def subject_of_kind(text: str) -> Subject | None:
    """From `Kind` (of any group) or `group/Kind`; None if it is neither."""
    found = _OF_KIND.fullmatch(text)
    if found is None:
        return None
    group = found["group"]
    return Subject(found["kind"], "" if group == _CORE else group)


def subject_of_object(text: str) -> Subject | None:
    """From `Kind/name` (in any namespace or in none) or `Kind/namespace/name`; None if it is neither."""
    found = _OF_NAME.fullmatch(text)
    return Subject(found["kind"], None, found["namespace"], found["name"]) if found else None
