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
        # An Output has no text of its own: `str` of one is a page of advice.
        seen = f"`{text}`" if isinstance(text, str | int | float) else f"a value of type {type(text).__name__}"
        raise ValueError(f"annotation `{ORDER_ANNOTATION}`: {seen} (expected an integer)") from error
