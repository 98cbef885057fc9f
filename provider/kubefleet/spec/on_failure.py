"""What a strategy says of failures, as users write it."""

from typing import Literal

from kubefleet.model.on_failure import OnFailure, Then
from kubefleet.model.share import Share
from kubefleet.spec.mistakes import Mistake, join
from kubefleet.spec.shares import parse_share
from kubefleet.spec.written import Written


class WrittenOnFailure(Written):
    """`{on_failure: continue, max_failures: "10%"}`: fields of every strategy."""

    on_failure: Literal["pause", "rollback", "continue"] = "pause"
    max_failures: int | str | None = None


def parse_on_failure(written: WrittenOnFailure, path: str, mistakes: list[Mistake]) -> OnFailure:
    """What is written, with everything wrong with it added to `mistakes`."""
    then = Then(written.on_failure)
    if written.max_failures is None:
        if then is Then.CONTINUE:
            message = "`continue` without `max_failures` (expected how many clusters may fail, such as 1 or 10%)."
            mistakes.append(Mistake(join(path, "on_failure"), message))
        return OnFailure(then)
    where = join(path, "max_failures")
    if then is not Then.CONTINUE:
        message = f'`max_failures` with `{then}` (expected beside on_failure="continue": else the first one counts).'
        mistakes.append(Mistake(where, message))
    most = parse_share(written.max_failures, where, "clusters", mistakes)
    if then is Then.CONTINUE and most == Share(0):
        mistakes.append(Mistake(where, "none may fail (expected at least 1). Leave both out to stop at the first one."))
    return OnFailure(then, most)
