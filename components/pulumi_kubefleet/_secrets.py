"""Secrets where none may be: how a member is reached, health checks and strategies stand in state in plain text."""

from collections.abc import Mapping
from typing import Any

import pulumi

from kubefleet.spec.mistakes import Mistake, join

_OF_ACCESS = (
    "a secret (expected none: what a member declares stands in the state in plain text). Let the exec plugin read "
    "it from its own environment or from a file; what is none, such as a server cut out of a kubeconfig, goes "
    "through pulumi.Output.unsecret."
)
_OF_HEALTH = (
    "a secret (expected none: a health check stands in the state in plain text). Compare with something that is none, "
    "or let a function read it."
)


_OF_STRATEGY = (
    "a secret (expected none: a strategy stands in the state in plain text). Name the environment variable of a token "
    "with `token_env`."
)


async def member_secrets(name: str, raw: Mapping[str, Any]) -> list[Mistake]:
    """A mistake for every secret Output in what a member declares. Waits until each Output says whether it is one."""
    return await _mistakes(raw, f"members.{name}", _OF_ACCESS)


async def fleet_secrets(raw: Mapping[str, Any]) -> list[Mistake]:
    """The same of what a fleet itself declares: how its hub is reached."""
    return await _mistakes(raw, "fleet", _OF_ACCESS)


async def health_secrets(path: str, raw: Any) -> list[Mistake]:
    """The same of health checks."""
    return await _mistakes(raw, path, _OF_HEALTH)


async def strategy_secrets(path: str, raw: Any) -> list[Mistake]:
    """The same of a strategy: what the checks of its gates ask, and whom."""
    return await _mistakes(raw, path, _OF_STRATEGY)


async def _mistakes(raw: Any, path: str, message: str) -> list[Mistake]:
    return [Mistake(found, message) for found in await _secret_paths(raw, path)]


async def _secret_paths(value: Any, path: str) -> list[str]:
    if isinstance(value, pulumi.Output):
        if await value.is_secret():
            return [path]
        value = await value.future(with_unknowns=True)
    if isinstance(value, Mapping):
        parts = [(join(path, str(key)), item) for key, item in value.items()]
    elif isinstance(value, list | tuple):
        parts = [(join(path, index), item) for index, item in enumerate(value)]
    else:
        return []
    return [found for inner, item in parts for found in await _secret_paths(item, inner)]
