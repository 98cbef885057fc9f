"""`Ownership`: the manifests of a placement, its uid and its revision. Deleting it removes the placement everywhere."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pulumi.output import UNKNOWN, Unknown

from kubefleet.overrides.nulls import with_nulls
from kubefleet.resources import _session
from kubefleet.resources._adapter import Adapter, Props
from kubefleet.spec.scale import replicas_path, with_replicas

_OVERRIDES = 1_000_000
"""More than overrides ever change: one number counts both."""
_COMPARED = ("manifests", "overrides", "members", "uid", "secret_versions")


class OwnershipProvider(Adapter):
    """Inputs: `fleet, placement, scope, members, manifests, overrides?`; computed: `uid, revision, secret_versions`,
    and `overrides_version` where there are overrides, or were. A refresh adds the output `drift`: cluster -> lines.
    """

    def identity(self, news: Props) -> str:
        """`<fleet>/<placement>`."""
        return f"{news['fleet']}/{news['placement']}"

    def checked(self, olds: Props, news: Props) -> tuple[Props, list[str]]:
        """Adds uid and revision, and hands the manifests to the stages of this process."""
        uid = olds.get("uid") or hashlib.sha256(news["scope"].encode()).hexdigest()[:16]
        versions = _secret_versions(olds, news["manifests"])
        overrides, version = news.get("overrides"), _overrides_version(olds, news)
        unknown = has_unknown(news["manifests"]) or has_unknown(overrides)
        revision = UNKNOWN if unknown else revision_of(news["manifests"], versions, version)
        _session.manifests[uid] = news["manifests"]
        _session.versions[uid] = {key: count * _OVERRIDES + version for key, count in versions.items()}
        _session.before[uid] = olds.get("manifests") or {}
        _session.overrides_before[uid] = in_order(olds.get("overrides"))
        if overrides:
            _session.overrides[uid] = None if has_unknown(overrides) else in_order(overrides)
        inputs = {**news, "uid": uid, "revision": revision, "secret_versions": versions}
        if version:
            inputs["overrides_version"] = UNKNOWN if has_unknown(overrides) else version
        inputs["members"] = _with_old_access(olds.get("members", {}), news["members"])
        return inputs, []

    def changed(self, olds: Props, news: Props) -> bool:
        """True when the manifests or the way to a member changed, or a refresh has found drift."""
        if drift := olds.get("drift"):
            _session.drifted[news["uid"]] = sorted(drift)
            return True
        return any(olds.get(key) != news.get(key) for key in _COMPARED)

    def refreshed(self, props: Props) -> Props:
        """With what others have changed in the clusters, under `drift`, if anything."""
        from kubefleet.resources._refresh import find_drift

        known = {key: value for key, value in props.items() if key != "drift"}
        drift = find_drift(known)
        return {**known, "drift": drift} if drift else known

    def removed(self, props: Props) -> None:
        """Prune what the placement has on any member, by its inventory objects."""
        from kubefleet.resources._removal import remove_everywhere

        remove_everywhere(props)


def revision_of(manifests: Mapping[str, Any], secret_versions: Mapping[str, int], overrides_version: int = 0) -> str:
    """A hash of the manifests without replicas that scheduling decides.

    Of Secrets and of overrides, which may hold secrets anywhere, a change counter goes in, not the values: a hash that
    stands in clear would be an oracle for them.
    """
    shown = {}
    for key in sorted(manifests):
        manifest = dict(manifests[key])
        if key in secret_versions:
            manifest = {name: value for name, value in manifest.items() if name not in {"data", "stringData"}}
            manifest["version"] = secret_versions[key]
        if replicas_path(manifest) is not None:
            manifest = with_replicas(manifest, None)
        shown[key] = manifest
    if overrides_version:
        shown["overrides"] = {"version": overrides_version}
    text = json.dumps(shown, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def has_unknown(value: Any) -> bool:
    """Whether something in it is not known in this preview."""
    if isinstance(value, Unknown):
        return True
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    return isinstance(value, list) and any(has_unknown(item) for item in value)


def _secret_versions(olds: Props, manifests: Mapping[str, Any]) -> dict[str, int]:
    before, counted = olds.get("manifests", {}), olds.get("secret_versions", {})
    versions = {}
    for key in sorted(manifests):
        if manifests[key].get("kind") == "Secret":
            version = counted.get(key, 0)
            versions[key] = version if version and before.get(key) == manifests[key] else version + 1
    return versions


def _overrides_version(olds: Props, news: Props) -> int:
    """How often they have changed; 0 while there never were any."""
    version = int(olds.get("overrides_version") or 0)
    return version if olds.get("overrides") == news.get("overrides") else version + 1


def in_order(overrides: Any) -> Any:
    """The list that the program has written: in the inputs its items stand by their places."""
    if not isinstance(overrides, dict):
        return with_nulls(overrides)
    return [with_nulls(overrides[key]) for key in sorted(overrides, key=int)]


def _with_old_access(olds: Mapping[str, Any], news: Mapping[str, Any]) -> dict[str, Any]:
    """A member whose access is not known in this preview is reached as before."""
    return {name: olds[name] if has_unknown(member) and name in olds else member for name, member in news.items()}
