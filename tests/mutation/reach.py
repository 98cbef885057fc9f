"""Which lines of some files are run."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

Line = tuple[str, int]
"""File and number."""


@contextmanager
def watched(files: frozenset[str]) -> Iterator[set[Line]]:
    """What is run of these files meanwhile. Takes several times as long."""
    lines: set[Line] = set()

    def inside(frame: FrameType, event: str, _: object) -> Any:
        if event == "line":
            lines.add((frame.f_code.co_filename, frame.f_lineno))
        return inside

    def called(frame: FrameType, *_: object) -> Any:
        return inside if frame.f_code.co_filename in files else None

    before = sys.gettrace()
    sys.settrace(called)
    try:
        yield lines
    finally:
        sys.settrace(before)
