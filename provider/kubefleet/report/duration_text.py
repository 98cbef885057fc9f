"""Durations as users write them."""


def duration_text(seconds: int) -> str:
    """`1h30m`, `10m`, `45s`; `0s` for nothing."""
    parts = (("h", seconds // 3600), ("m", seconds // 60 % 60), ("s", seconds % 60))
    return "".join(f"{count}{unit}" for unit, count in parts if count) or "0s"
