"""JSON patches (RFC 6902) on a manifest. Messages name operations and paths, never values."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from kubefleet.overrides.flaw import Unfit

OPERATIONS = {
    "add": ("path", "value"),
    "copy": ("from", "path"),
    "move": ("from", "path"),
    "remove": ("path",),
    "replace": ("path", "value"),
    "test": ("path", "value"),
}
"""What each operation has to have."""


def patched(manifest: Mapping[str, Any], operations: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The manifest after all operations. Raises Unfit at the first one that does not fit."""
    # Only here: a tenth of the start of each command, which few programs need.
    from jsonpath import JSONPatch
    from jsonpath.exceptions import JSONPatchError, JSONPatchTestFailure, JSONPointerError

    result: Any = copy.deepcopy(dict(manifest))
    for index, operation in enumerate(operations):
        try:
            # One at a time, so that the one that fails can be named. A backslash is a letter like any other.
            result = JSONPatch([copy.deepcopy(dict(operation))], unicode_escape=False).apply(result)
        except JSONPatchTestFailure as error:
            raise Unfit((index,), f"the test of `{operation['path']}` does not hold.") from error
        except (JSONPatchError, JSONPointerError, TypeError, ValueError, IndexError, KeyError) as error:
            raise Unfit((index,), _why(operation)) from error
        if not isinstance(result, dict):
            raise Unfit((index,), "it replaces the whole object. Give the path of a part of it.")
    return dict(result)


def _why(operation: Mapping[str, Any]) -> str:
    name, path = operation["op"], operation["path"]
    if name == "add":
        return f"nothing can be added at `{path}` (expected a parent that is there). Add the parent first."
    if name in {"copy", "move"}:
        return f"`{operation['from']}` cannot become `{path}` (expected both, or their parents, to be there)."
    return f"`{path}` is not there (expected the path of something in the object)."
