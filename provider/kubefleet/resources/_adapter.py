"""What every dynamic provider of ours does alike: whole numbers, no traceback, soft failures."""

import os
import tempfile
import traceback
from collections.abc import Mapping
from typing import Any

from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)

from kubefleet.model.phase import Phase
from kubefleet.resources import _engine, _session
from kubefleet.resources._private import private_folder

PROVIDER_KEY = "__provider"
Props = dict[str, Any]


class Adapter(ResourceProvider):
    """Base of the providers. A subclass says what its inputs are, whether they changed, and what to do.

    Stateless, without arguments: what Pulumi pickles into every resource's state is a reference to the class, so the
    import paths of the subclasses are frozen for ever.
    """

    serialize_as_secret_always = False

    def __init__(self) -> None:
        super().__init__()

    def identity(self, news: Props) -> str:
        """The resource's id, never empty."""
        raise NotImplementedError  # pragma: no cover - every provider has one

    def checked(self, olds: Props, news: Props) -> tuple[Props, list[str]]:
        """Complete the inputs (olds = old inputs, maybe empty); mistakes are returned as texts."""
        return news, []

    def changed(self, olds: Props, news: Props) -> bool:
        """Whether anything is to be done (olds = old outputs)."""
        return olds != news

    def applied(self, olds: Props | None, news: Props) -> Props:
        """Do it; returns the outputs. Never raises for what the world does."""
        return news

    def refreshed(self, props: Props) -> Props:
        """What it is now (props = outputs)."""
        return props

    def removed(self, props: Props) -> None:
        """Undo it. Raises `OneLine` if it could not."""

    def check(self, olds: Props, news: Props) -> CheckResult:
        """See `pulumi.dynamic.ResourceProvider`."""
        _engine.install()
        _session.checked.set()
        try:
            inputs, mistakes = self.checked(_plain(olds), _plain(news))
        except Exception as error:
            inputs, mistakes = _plain(news), [_unexpected(error)]
        return CheckResult(inputs, [CheckFailure("", text) for text in mistakes])

    def diff(self, id_: str, olds: Props, news: Props) -> DiffResult:
        """See `pulumi.dynamic.ResourceProvider`."""
        return DiffResult(changes=self.changed(_plain(olds), _plain(news)))

    def create(self, props: Props) -> CreateResult:
        """See `pulumi.dynamic.ResourceProvider`."""
        news = _plain(props)
        return CreateResult(self.identity(news), self._applied_softly(None, news))

    def update(self, id_: str, olds: Props, news: Props) -> UpdateResult:
        """See `pulumi.dynamic.ResourceProvider`."""
        return UpdateResult(self._applied_softly(_plain(olds), _plain(news)))

    def read(self, id_: str, props: Props) -> ReadResult:
        """See `pulumi.dynamic.ResourceProvider`."""
        _engine.install()
        known = _plain(props)
        try:
            return ReadResult(id_, self.refreshed(known))
        except Exception as error:
            _engine.show(_unexpected(error), ephemeral=False, warning=True)
            return ReadResult(id_, known)

    def delete(self, id_: str, props: Props) -> None:
        """See `pulumi.dynamic.ResourceProvider`."""
        _engine.install()
        try:
            self.removed(_plain(props))
        except _engine.OneLine:
            raise
        except Exception as error:
            raise _engine.OneLine(_unexpected(error)) from error

    def _applied_softly(self, olds: Props | None, news: Props) -> Props:
        try:
            return self.applied(olds, news)
        except Exception as error:
            reason, pending = _unexpected(error), list((olds or {}).get("pending") or ())
            # The last resource of a fleet has nobody behind it that would turn a phase into an error.
            _engine.show(reason, ephemeral=False, warning=True)
            return {**news, "phase": Phase.FAILED.value, "reason": reason, "pending": pending}


def _plain(props: Mapping[str, Any]) -> Props:
    """Without the provider's own key, and with whole numbers: every number arrives as a float."""
    return {key: _whole(value) for key, value in props.items() if key != PROVIDER_KEY}


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return value


def _unexpected(error: Exception) -> str:
    """One line for the user; the traceback goes to a file that only the user can read."""
    handle, name = tempfile.mkstemp(prefix="error-", suffix=".log", dir=private_folder())
    with os.fdopen(handle, "w") as log:
        log.write("".join(traceback.format_exception(error)))
    return f"unexpected {type(error).__name__}. The details are in {name}; please report them"
