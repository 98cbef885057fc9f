"""What functions of the user's own say of clusters. Each is asked twice, so that one that guesses is found out;
whatever goes wrong costs that function on that cluster, never the plan.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from numbers import Rational, Real

from kubefleet.model.cluster import Cluster, ClusterState
from kubefleet.model.plugin import Plugin
from kubefleet.model.reason import Code, Reason, make_reason
from kubefleet.model.request import Request
from kubefleet.scheduling.cycle import Cycle

NAME = "function"
"""The plugin of reasons; the function stands among their figures."""
MOST = 100
"""Scores go from −100 to 100."""
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What a function said of one cluster: a `score`, whether it refuses and `why`, or how it `failed`."""

    score: int = 0
    refuses: bool = False
    why: str = ""
    failed: str = ""


Reading = Callable[[object], Answer]
"""An answer from what a function returned. Raises TypeError or ValueError for what it may not return."""


def as_verdict(returned: object) -> Answer:
    """Of a filter: True, False, or a text, which is why not."""
    if isinstance(returned, bool):
        return Answer(refuses=not returned)
    if isinstance(returned, str) and returned.strip():
        return Answer(refuses=True, why=_one_line(returned))
    raise TypeError(f"returned {_shown(returned)} (expected True, False, or a text that says why not)")


def as_score(returned: object) -> Answer:
    """Of a scorer: a number, rounded half up."""
    expected = f"(expected a number from −{MOST} to {MOST})"
    if isinstance(returned, bool) or not isinstance(returned, Real):
        raise TypeError(f"returned {_shown(returned)} {expected}")
    if not -MOST <= float(returned) <= MOST:
        # NaN is not between any two numbers.
        raise ValueError(f"returned {_shown(returned)} {expected}")
    exact = Fraction(returned) if isinstance(returned, Rational) else Fraction(float(returned))
    return Answer(score=math.floor(exact + Fraction(1, 2)))


def ask(cycle: Cycle, plugin: Plugin, request: Request, reading: Reading) -> tuple[Answer, ...]:
    """One answer per cluster; asked once in a plan for each distinct request. Of clusters that gave no answer
    nothing is known: of these no function is asked.
    """

    def make() -> tuple[Answer, ...]:
        clusters = cycle.columns.clusters
        known = (cluster.state is not ClusterState.UNREACHABLE for cluster in clusters)
        return tuple(
            _ask_twice(plugin, cluster, request, reading) if asked else Answer()
            for cluster, asked in zip(clusters, known, strict=True)
        )

    return cycle.columns.once((NAME, plugin.name, reading, cycle.columns.number(request)), make)


def failure(plugin: Plugin, cluster: str, answer: Answer) -> Reason:
    """Why a function has no say on a cluster."""
    return make_reason(Code.PLUGIN_FAILED, NAME, cluster, function=plugin.name, why=answer.failed)


def failed_scorers(cycle: Cycle, request: Request) -> tuple[Reason, ...]:
    """Clusters that have no points of a scorer because it failed there, by scorer and cluster."""
    names = cycle.columns.names
    return tuple(
        failure(prefer.function, names[i], answer)
        for prefer in request.policy.preferred
        if prefer.function is not None
        for i, answer in enumerate(ask(cycle, prefer.function, request, as_score))
        if answer.failed
    )


def _ask_twice(plugin: Plugin, cluster: Cluster, request: Request, reading: Reading) -> Answer:
    try:
        answers = [reading(plugin.function(cluster, request)) for _ in range(2)]
    # A function that wants to end the process is one that fails.
    except (Exception, SystemExit) as error:
        told = isinstance(error, TypeError | ValueError) and str(error).startswith("returned ")
        return Answer(failed=_one_line(str(error) if told else f"{type(error).__name__}: {error}"))
    if answers[0] != answers[1]:
        first, second = (_told(answer) for answer in answers)
        return Answer(failed=f"answered {first}, then {second} (expected the same twice)")
    return answers[0]


def _told(answer: Answer) -> str:
    if answer.refuses:
        return f"`{answer.why}`" if answer.why else "False"
    return f"{answer.score}"


def _shown(returned: object) -> str:
    return f"{type(returned).__name__} `{_one_line(repr(returned))}`"


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."
