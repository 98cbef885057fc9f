"""What an expression would say badly: a function gets the live object, and says why it is not well."""

from typing import Any


def not_degraded(widget: dict[str, Any]) -> bool | str:
    degraded = [part["name"] for part in widget["status"]["parts"] if part.get("degraded")]
    return f"degraded: {', '.join(degraded)}" if degraded else True
