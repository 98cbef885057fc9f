"""Pods that read settings only when they start: which settings a workload reads, and a mark that restarts it."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from kubefleet.model.subject import Subject, subject_of_object
from kubefleet.spec.mistakes import Mistake, did_you_mean, join
from kubefleet.spec.named_objects import address_of, named_objects

RESTART_ANNOTATION: Final = "pulumi-kubefleet/restarted-for"
"""On pod templates: another value makes other pods, as `kubectl rollout restart` does it."""
_SETTINGS: Final = frozenset({"ConfigMap", "Secret"})
_ROLLED: Final = frozenset({("apps/v1", "DaemonSet"), ("apps/v1", "Deployment"), ("apps/v1", "StatefulSet")})
Manifests = Mapping[str, Mapping[str, Any]]


def parse_restart_on(
    raw: Sequence[str], keys: Iterable[str], path: str, mistakes: list[Mistake]
) -> tuple[Subject, ...]:
    """Which objects, `ConfigMap/settings` or `Secret/shop/door`, restart those that read them. `keys` are the objects
    of the placement (`apiVersion/Kind/namespace/name`).
    """
    known = [key for key in keys if key.rsplit("/", 3)[1] in _SETTINGS]
    names = sorted("/".join(key.rsplit("/", 3)[1:]) for key in known)
    found = []
    for index, text in enumerate(raw):
        subject = subject_of_object(text)
        if subject is None or subject.kind not in _SETTINGS or not any(map(subject.covers_key, known)):
            expected = ", ".join(names) or "it has no ConfigMap and no Secret"
            message = f"no settings `{text}` in its manifests (expected one of {expected}).{did_you_mean(text, names)}"
            mistakes.append(Mistake(join(path, index), message))
        else:
            found.append(subject)
    return tuple(found)


def with_restarts(manifests: Manifests, restart_on: Sequence[Subject], versions: Mapping[str, int]) -> Manifests:
    """The manifests, with a mark on the pods of each workload that reads such settings: it changes with their content.

    `versions` count how often a Secret has changed, by key: a hash of its values would be an oracle for them. Raises
    UnknownPartError.
    """
    marks = {
        key: str(versions[key]) if key in versions else _digest(item)
        for key, item in manifests.items()
        if any(subject.covers_key(key) for subject in restart_on)
    }
    if not marks:
        return manifests
    return {
        key: _marked(item, {name: marks[name] for name in _read_by(item, marks)}) for key, item in manifests.items()
    }


def not_restarted(before: Manifests, now: Manifests, restart_on: Sequence[Subject]) -> tuple[tuple[str, str], ...]:
    """Settings that change and workloads that read them, both as `Kind/namespace/name`, whose pods will not restart:
    neither do they change themselves, nor are they told to. Raises UnknownPartError.
    """
    changed = {
        key: item
        for key, item in now.items()
        if item.get("kind") in _SETTINGS
        and key in before
        and before[key] != item
        and not any(subject.covers_key(key) for subject in restart_on)
    }
    return tuple(
        sorted(
            (str(address_of(changed[name])), str(address_of(item)))
            for key, item in now.items()
            if key in before and _template(before[key]) == _template(item)
            for name in _read_by(item, changed)
        )
    )


def _read_by(manifest: Mapping[str, Any], settings: Iterable[str]) -> list[str]:
    """Those of the settings (by key) that the pods of a workload name."""
    if (manifest.get("apiVersion"), manifest.get("kind")) not in _ROLLED:
        return []
    named = {str(address) for address, _ in named_objects(manifest)}
    return sorted(key for key in settings if "/".join(key.rsplit("/", 3)[1:]) in named)


def _digest(manifest: Mapping[str, Any]) -> str:
    content = {key: manifest[key] for key in ("data", "binaryData") if key in manifest}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:10]


def _marked(manifest: Mapping[str, Any], marks: Mapping[str, str]) -> Mapping[str, Any]:
    if not marks:
        return manifest
    spec = manifest["spec"]
    template = spec.get("template") or {}
    metadata = template.get("metadata") or {}
    mark = hashlib.sha256(json.dumps(marks, sort_keys=True).encode()).hexdigest()[:10]
    annotations = {**(metadata.get("annotations") or {}), RESTART_ANNOTATION: mark}
    marked = {**template, "metadata": {**metadata, "annotations": annotations}}
    return {**manifest, "spec": {**spec, "template": marked}}


def _template(manifest: Mapping[str, Any]) -> Any:
    spec = manifest.get("spec")
    return spec.get("template") if isinstance(spec, Mapping) else None
