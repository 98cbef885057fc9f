"""Waiting until what was applied is available."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from kubefleet.health import Health, Status, health
from kubefleet.health.checks import Check
from kubefleet.kube import Connection
from kubefleet.kube.errors import MemberError
from kubefleet.kube.follow import follow
from kubefleet.kube.object_access import find
from kubefleet.kube.object_ref import ObjectRef
from kubefleet.kube.together import together
from kubefleet.rollout.claims import binding_modes_for

Seen = Callable[[ObjectRef, Mapping[str, Any]], None]
_ASK_AGAIN: Final = 5.0
_ABSENT: Final = Health(Status.PROGRESSING, "it was not found")


class Unhealthy(MemberError):
    """An object has failed, or did not become available in time."""

    def __init__(self, member: str, ref: ObjectRef, why: str) -> None:
        self.object = ref
        super().__init__(member, f"{ref} is not available: {why}")


@dataclass(slots=True)
class Waiting:
    """Waits for objects of one cluster during one step; to be called once for each wave.

    `deadline` is a moment of `time.monotonic`, `seen` gets each live object as it changes. An object whose health
    nobody can tell passes when it has been so for `unverified_wait` seconds; `warn` then gets one line about it.
    `checks` are the user's own.
    """

    connection: Connection
    deadline: float
    unverified_wait: float
    seen: Seen
    warn: Callable[[str], None]
    checks: tuple[Check, ...] = ()
    _watched: dict[ObjectRef, "_Watched"] = field(init=False, repr=False, default_factory=dict)

    def __call__(self, refs: Iterable[ObjectRef]) -> None:
        """Return when all of them are available or have passed.

        Raises Unhealthy as soon as one has failed or when time is up, and what reading raises.
        """
        objects = [self._watched.setdefault(ref, _Watched(ref)) for ref in sorted(refs)]
        found = together(self.connection, objects, lambda item: find(self.connection, item.ref))
        for item, live in zip(objects, found, strict=True):
            self._judge(item, live)
        # Those that nobody can tell come last: their time passes while the others are waited for.
        for item in sorted(objects, key=lambda item: item.unverified):
            self._wait(item)

    def _wait(self, item: "_Watched") -> None:
        while not item.available:
            passes = self._passes(item)
            end = min(self.deadline, passes) if item.unverified else self.deadline
            if self._asks(item.ref):
                # What others answer changes without an event.
                end = min(end, time.monotonic() + _ASK_AGAIN)
            self._watch(item, end)
            now = time.monotonic()
            if item.unverified and now >= self._passes(item):
                # A server that went silent has told nothing since: only a new look lets it pass.
                self._judge(item, find(self.connection, item.ref))
                if item.unverified:
                    self._pass(item)
                    return
            if not item.available and now >= self.deadline:
                raise Unhealthy(self.connection.name, item.ref, f"{item.says} when its time was up")

    def _passes(self, item: "_Watched") -> float:
        """When it passes, if nobody can tell its health until then."""
        return item.unverified_since + self._wait_of(item)

    def _wait_of(self, item: "_Watched") -> float:
        return self.unverified_wait if item.health.passes_after is None else item.health.passes_after

    def _asks(self, ref: ObjectRef) -> bool:
        address = (ref.api_version, ref.kind, ref.namespace, ref.name)
        return any(check.asks and check.subject.covers(*address) for check in self.checks)

    def _watch(self, item: "_Watched", end: float) -> None:
        """Look at the object once, then until it is available, or unverified when it was not, or the other way round.

        At most until `end`.
        """
        ref, was_unverified = item.ref, item.unverified

        def until(live: Mapping[str, Any] | None) -> bool:
            self._judge(item, live)
            return item.available or item.unverified != was_unverified

        follow(self.connection, ref, until=until, within=max(0.0, end - time.monotonic()))

    def _judge(self, item: "_Watched", live: Mapping[str, Any] | None) -> None:
        """Learn how the object is now; raises Unhealthy if it has failed."""
        if live is None:
            item.learn(_ABSENT)
            return
        item.learn(health(live, binding_modes=binding_modes_for(self.connection, live), checks=self.checks))
        self.seen(item.ref, live)
        if item.health.status is Status.FAILED:
            raise Unhealthy(self.connection.name, item.ref, item.says)

    def _pass(self, item: "_Watched") -> None:
        if not item.told:
            item.told = True
            self.warn(
                f"{self.connection.name}: {item.ref}: health is unverified: passed after {self._wait_of(item):g} s"
            )


@dataclass(slots=True)
class _Watched:
    """One object: its health when last seen, since when nobody can tell it, whether that it passed was told."""

    ref: ObjectRef
    health: Health = _ABSENT
    unverified_since: float = 0.0
    told: bool = False

    @property
    def available(self) -> bool:
        return self.health.status is Status.AVAILABLE

    @property
    def unverified(self) -> bool:
        return self.health.status is Status.UNVERIFIED

    @property
    def says(self) -> str:
        reason = self.health.reason or str(self.health.status)
        return f"health is unverified ({reason})" if self.unverified else reason

    def learn(self, found: Health) -> None:
        if found.status is Status.UNVERIFIED and not self.unverified:
            self.unverified_since = time.monotonic()
        self.health = found
