"""The account of a job on the hub: whoever goes on with the job, from whichever machine, finds it there.

A ConfigMap `fleet-job-<uid>`, written with compare-and-swap. One object holds 1 MiB: a larger record is in several
others, which are never changed and which the first one names. No template and no secret is in it.
"""

import base64
import gzip
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from kubefleet.dispatch.hub_objects import create_in, hub_name, undisturbed
from kubefleet.dispatch.owned import MANAGER
from kubefleet.jobs.record import JobRecord, record_from_json, record_to_json
from kubefleet.jobs.shard_job import JOB_LABEL
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError, BadAnswer, MemberError
from kubefleet.kube.failure import Broken
from kubefleet.kube.inventory_object import KIND_LABEL
from kubefleet.kube.object_access import MERGE, delete_if_there, delete_live, find
from kubefleet.kube.object_ref import ObjectRef

KIND: Final = "job-account"
_KEY: Final = "record.json.gz"
_PARTS, _WRITES, _WRITER = "parts", "writes", "writer"
_MOST: Final = 1000 * 1024
"""Bytes in one object: a ConfigMap's values are 1 MiB at most."""
_ATTEMPTS: Final = 5


class Contended(MemberError):
    """Somebody else has written the account since it was read."""


class HubAccount:
    """One process's view of it. `writer` names the process; `who` says who is at work on the job, for messages.

    Methods raise as `Connection` does.
    """

    def __init__(
        self, hub: Connection, namespace: str, uid: str, writer: str, who: Callable[[], str] = lambda: ""
    ) -> None:
        self._hub = undisturbed(hub)
        self._namespace = namespace
        self._uid = uid
        self._writer = writer
        self._who = who
        self._live: Mapping[str, Any] | None = None

    def read(self) -> JobRecord | None:
        """What is there; None where nothing is. Raises BadAnswer for what is no account."""
        for _ in range(_ATTEMPTS):
            self._live = find(self._hub, self._ref(hub_name(self._uid)))
            if self._live is None:
                return None
            packed = self._packed(self._live)
            if packed is not None:
                return self._record(packed)
            # Somebody has written a newer one, and removed the parts of this one.
        raise BadAnswer(self._hub.name, f"ConfigMap {hub_name(self._uid)}: a part of it is not there")

    def write(self, record: JobRecord) -> JobRecord:
        """Replace what was read or written last; gives the record as it is then, with one more write.

        Raises Contended where somebody else has written since.
        """
        record = replace(record, writes=record.writes + 1)
        whole = gzip.compress(json.dumps(record_to_json(record), separators=(",", ":")).encode(), mtime=0)
        # Parts first: the one that is swapped names only what is there.
        names = [self._put_part(part) for part in _split(whole)] if len(whole) > _MOST else []
        before = _parts(self._live) if self._live is not None else ()
        self._swap(
            {
                "data": {_PARTS: ",".join(names), _WRITES: str(record.writes), _WRITER: self._writer},
                "binaryData": {_KEY: None if names else _base64(whole)},
            }
        )
        for name in sorted(set(before) - set(names)):
            delete_if_there(self._hub, self._ref(name))
        return record

    def delete(self) -> None:
        """Remove all that the job has there, what processes that died have left too."""
        maps = f"/api/v1/namespaces/{self._namespace}/configmaps"
        for item in self._hub.list(maps, labelSelector=f"{KIND_LABEL}={KIND},{JOB_LABEL}={self._uid}"):
            try:
                delete_live(self._hub, {"apiVersion": "v1", "kind": "ConfigMap", **item})
            except ApiError as error:
                if error.status != 404:
                    raise
        self._live = None

    def _packed(self, live: Mapping[str, Any]) -> bytes | None:
        names = _parts(live)
        if not names:
            return _unpacked(live)
        parts = [find(self._hub, self._ref(name)) for name in names]
        if any(part is None for part in parts):
            return None
        return b"".join(_unpacked(part) for part in parts if part is not None)

    def _record(self, packed: bytes) -> JobRecord:
        try:
            return record_from_json(json.loads(gzip.decompress(packed)))
        except (ValueError, OSError, EOFError) as error:
            raise BadAnswer(self._hub.name, f"ConfigMap {hub_name(self._uid)}: {error}") from error

    def _put_part(self, part: bytes) -> str:
        """Named by what is in it: one that is there already is the same."""
        name = f"{hub_name(self._uid)}-{hashlib.sha256(part).hexdigest()[:16]}"
        body = {**self._head(name), "immutable": True, "binaryData": {_KEY: _base64(part)}}
        create_in(self._hub, f"/api/v1/namespaces/{self._namespace}/configmaps", self._namespace, body)
        return name

    def _swap(self, change: Mapping[str, Any]) -> None:
        path = f"/api/v1/namespaces/{self._namespace}/configmaps"
        name = hub_name(self._uid)
        for _ in range(_ATTEMPTS):
            try:
                if self._live is None:
                    body = {**self._head(name), **change}
                    made = create_in(self._hub, path, self._namespace, body)
                    if made is None:
                        raise self._contended(find(self._hub, self._ref(name)))
                    self._live = made
                else:
                    version = {"metadata": {"resourceVersion": self._live["metadata"]["resourceVersion"]}}
                    self._live = self._hub.patch(f"{path}/{name}", {**version, **change}, MERGE, fieldManager=MANAGER)
                return
            except Broken:
                pass  # it may have been carried out
            except ApiError as error:
                if error.status not in (404, 409):
                    raise
            live = find(self._hub, self._ref(name))
            if live is not None and all(_data(live).get(key) == change["data"][key] for key in (_WRITES, _WRITER)):
                self._live = live
                return
            if _version(live) != _version(self._live):
                raise self._contended(live)
        raise self._contended(self._live)

    def _contended(self, live: Mapping[str, Any] | None) -> Contended:
        who = self._who() or (_data(live).get(_WRITER) if live is not None else "") or "somebody"
        done = "has written" if live is not None else "has removed"
        return Contended(
            self._hub.name,
            f"{who} {done} the account of the job since it was read (expected one process at a time). "
            "Nothing more was done; run it again when that one has ended",
        )

    def _head(self, name: str) -> dict[str, Any]:
        labels = {KIND_LABEL: KIND, JOB_LABEL: self._uid}
        metadata = {"name": name, "namespace": self._namespace, "labels": labels}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}

    def _ref(self, name: str) -> ObjectRef:
        return ObjectRef("v1", "ConfigMap", self._namespace, name)


def _split(whole: bytes) -> Iterator[bytes]:
    return (whole[start : start + _MOST] for start in range(0, len(whole), _MOST))


def _parts(live: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(filter(None, str(_data(live).get(_PARTS) or "").split(",")))


def _data(live: Mapping[str, Any]) -> Mapping[str, str]:
    return live.get("data") or {}


def _version(live: Mapping[str, Any] | None) -> str:
    return "" if live is None else str(live["metadata"]["resourceVersion"])


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unpacked(live: Mapping[str, Any]) -> bytes:
    """Nothing where there is nothing, or what is no base64."""
    try:
        return base64.b64decode((live.get("binaryData") or {}).get(_KEY) or "", validate=True)
    except ValueError:
        return b""
