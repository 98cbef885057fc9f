"""What a template says of the end of the whole job, judged on its account: a shard sees only its own indexes.

As the Job controller judges one Job (KEP-3998, KEP-3850).
"""

from collections.abc import Mapping
from typing import Any

from kubefleet.jobs.indexes import MOST, Indexes, parse_indexes


def succeeded(template: Mapping[str, Any], done: Indexes) -> bool:
    """Whether a rule of the template's `successPolicy` holds, although not all of its indexes are done. Raises
    ValueError where a rule has bad indexes.
    """
    policy = (template.get("spec") or {}).get("successPolicy") or {}
    return any(_holds(rule, done) for rule in policy.get("rules") or ())


def _holds(rule: Mapping[str, Any], done: Indexes) -> bool:
    wanted = rule.get("succeededIndexes")
    among = done if wanted is None else done & parse_indexes(str(wanted), MOST)
    count = rule.get("succeededCount")
    if count is not None:
        return len(among) >= int(count)
    return wanted is not None and len(among) == len(parse_indexes(str(wanted), MOST))


def failed_too_many(template: Mapping[str, Any], failed: Indexes) -> bool:
    """Whether more indexes have failed for good than the template's `maxFailedIndexes`."""
    most = (template.get("spec") or {}).get("maxFailedIndexes")
    return most is not None and len(failed) > int(most)
