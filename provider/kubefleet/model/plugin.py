"""Filters and scorers of the user's own: Python functions, known by the name under which a policy has them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubefleet.model.cluster import Cluster
    from kubefleet.model.request import Request

Function = Callable[["Cluster", "Request"], object]
"""Called with frozen values; asked twice it must answer alike. A filter answers True, False, or why not; a scorer a
number from −100 to 100.
"""


@dataclass(frozen=True, slots=True)
class Plugin:
    """`name` is an import path (`my.module:score`) or that of an entry point. Equal names mean the same function."""

    name: str
    function: Function = field(compare=False, repr=False)
