"""Where in the user's program something was declared, so that a mistake names its line."""

import sys
from pathlib import Path

_HERE = str(Path(__file__).parent)


def caller() -> str:
    """`file:line` of the nearest frame outside this package, the file relative to the working directory."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_HERE):
        frame = frame.f_back
    path = Path(frame.f_code.co_filename)
    try:
        shown = path.relative_to(Path.cwd())
    except ValueError:
        shown = Path(path.name)
    return f"{shown}:{frame.f_lineno}"
