"""The annotation by which a user orders objects of one kind of work: migrations before servers."""

from collections.abc import Mapping
from typing import Any, Final

ORDER_ANNOTATION: Final = "pulumi-kubefleet/order"


def wave_of(annotations: Mapping[str, Any]) -> int:
    """The wave, 0 where none is given. Raises ValueError when it is not an integer."""
    text = annotations.get(ORDER_ANNOTATION, "0")
    try:
        return int(text)
    except (TypeError, ValueError) as error:
        raise ValueError(f"annotation `{ORDER_ANNOTATION}`: `{text}` (expected an integer)") from error
