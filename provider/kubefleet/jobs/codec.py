"""An account as JSON, for Pulumi's state and for the hub."""

from collections.abc import Mapping
from typing import Any, Final

from kubefleet.jobs.account import Account, Shard, ShardState
from kubefleet.jobs.indexes import MOST, decode, encode, span

_SCHEMA: Final = 1


def to_json(account: Account) -> dict[str, Any]:
    """Equal accounts are equal JSON."""
    return {
        "schema": _SCHEMA,
        "total": account.total,
        "generation": account.generation,
        "revision": account.revision,
        "done": encode(account.done),
        "shards": [
            {
                "cluster": shard.cluster,
                "generation": shard.generation,
                "indexes": encode(shard.indexes),
                "slots": shard.slots,
                "revision": shard.revision,
                "state": shard.state.value,
                "uid": shard.uid,
                "completed": encode(shard.completed),
                "failed": encode(shard.failed),
            }
            for shard in account.shards
        ],
    }


def from_json(raw: Mapping[str, Any]) -> Account:
    """The account. Raises ValueError where it is none: a state that was edited by hand is not guessed at."""
    try:
        if raw["schema"] != _SCHEMA:
            raise ValueError(f"unknown schema `{raw['schema']}` of a job's account (expected {_SCHEMA})")
        total = int(raw["total"])
        account = Account(
            total,
            int(raw["generation"]),
            tuple(
                Shard(
                    str(item["cluster"]),
                    int(item["generation"]),
                    decode(item["indexes"]),
                    int(item["slots"]),
                    ShardState(item["state"]),
                    str(item["uid"]),
                    decode(item["completed"]),
                    decode(item["failed"]),
                    str(item["revision"]),
                )
                for item in raw["shards"]
            ),
            decode(raw["done"]),
            str(raw["revision"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"bad account of a job: {type(error).__name__}: {error}") from None
    every = span(0, total)
    sets = (account.done, *(shard.indexes for shard in account.shards))
    if not 0 <= total <= MOST or not all(found.issubset(every) for found in sets):
        raise ValueError("bad account of a job (expected indexes below its total)")
    return account
