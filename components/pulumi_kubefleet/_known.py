"""Parts of what a program wrote that are known only when something else has been created."""

from collections.abc import Callable
from typing import Any

import pulumi


def when_known(part: Any, look: Callable[[Any], Any]) -> Any:
    """`look(part)`; of an Output, another Output of the same, which is unknown and secret as the part is."""
    return part.apply(look) if isinstance(part, pulumi.Output) else look(part)
