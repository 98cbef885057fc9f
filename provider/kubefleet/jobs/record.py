"""What is kept of a job between two looks at it, and how two copies of that are made one."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from immutabledict import immutabledict

from kubefleet.jobs.account import Account, Shard, created
from kubefleet.jobs.codec import from_json, to_json

_SCHEMA: Final = 1


@dataclass(frozen=True, slots=True)
class JobRecord:
    """`silent`: unix seconds since when a member gives no answer; `leased`: those by which all that it has of the job
    stops by itself, where nobody extends it; `gang`: what gangs keep, as JSON. `writes` counts how often the record was
    written.
    """

    account: Account
    silent: Mapping[str, float] = field(default_factory=immutabledict)
    leased: Mapping[str, float] = field(default_factory=immutabledict)
    gang: Any = None
    writes: int = 0


def record_to_json(record: JobRecord) -> dict[str, Any]:
    """Equal records are equal JSON."""
    return {
        "schema": _SCHEMA,
        "writes": record.writes,
        "account": to_json(record.account),
        "silent": dict(sorted(record.silent.items())),
        "leased": dict(sorted(record.leased.items())),
        "gang": record.gang,
    }


def record_from_json(raw: Mapping[str, Any]) -> JobRecord:
    """The record. Raises ValueError where it is none, or one of a later version of this package."""
    try:
        if raw["schema"] != _SCHEMA:
            raise ValueError(f"unknown schema `{raw['schema']}` of a job's record (expected {_SCHEMA})")
        silent, leased = (
            immutabledict({str(name): float(at) for name, at in raw[key].items()}) for key in ("silent", "leased")
        )
        return JobRecord(from_json(raw["account"]), silent, leased, raw["gang"], int(raw["writes"]))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"bad record of a job: {type(error).__name__}: {error}") from None


def united(mine: JobRecord, other: JobRecord) -> JobRecord:
    """Of two copies the one with the later plan leads, of the same plan the one with more writes, else `mine`. What the
    other knows to be done is done; what it knows of a shard counts where both mean the same Job.

    Of another revision of the template the other says nothing: that may have been started anew since.
    """
    leads, follows = (other, mine) if _rank(other) > _rank(mine) else (mine, other)
    account, told = leads.account, follows.account
    if account.revision != told.revision:
        return leads
    known = {(shard.cluster, shard.generation): shard for shard in told.shards}
    for shard in account.shards:
        there = known.get((shard.cluster, shard.generation))
        if there is not None and there.token == shard.token and not shard.uid and there.uid:
            account = created(account, shard.cluster, shard.generation, there.uid)
    shards = tuple(_with_results(shard, known.get((shard.cluster, shard.generation))) for shard in account.shards)
    done = account.done | (told.done & account.every)
    return replace(leads, account=replace(account, shards=shards, done=done))


def _rank(record: JobRecord) -> tuple[int, int]:
    return record.account.generation, record.writes


def _with_results(shard: Shard, there: Shard | None) -> Shard:
    if there is None or there.uid != shard.uid or there.token != shard.token:
        return shard
    completed = shard.completed | there.completed
    return replace(shard, completed=completed, failed=(shard.failed | there.failed) - completed)
