"""Functions of the user's own, found by the names that a policy or a health check has for them."""

import importlib
import re
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from kubefleet.model.plugin import Plugin
from kubefleet.spec.mistakes import Mistake, did_you_mean

FILTERS = "kubefleet.filters"
SCORERS = "kubefleet.scorers"
HEALTH_CHECKS = "kubefleet.health_checks"
GATES = "kubefleet.gates"
"""The groups of entry points."""
_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")


def load_plugin(name: str, group: str, folder: Path | None, path: str, mistakes: list[Mistake]) -> Plugin | None:
    """The function `my.module:name`, or the one of an entry point of the group; None after adding a mistake.

    `folder` is one that modules may lie in besides those that Python knows anyway. To import a module runs it, as a
    program's own `import` would.
    """
    entry = _entry(name, group, path, mistakes)
    if entry is None:
        return None
    if folder is not None and str(folder.resolve()) not in sys.path:
        sys.path.append(str(folder.resolve()))
    importlib.invalidate_caches()
    try:
        module = importlib.import_module(entry.module)
    # A module that wants to end the process is one that cannot be imported.
    except (Exception, SystemExit) as error:
        expected = "expected a module in the folder of the program or file, or one that is installed"
        cause = f"{type(error).__name__}: {' '.join(str(error).split())}"
        mistakes.append(Mistake(path, f"`{entry.module}` cannot be imported ({expected}): {cause}"))
        return None
    found: object = module
    for step in entry.attr.split("."):
        known = [known for known in vars(found) if not known.startswith("_")] if hasattr(found, "__dict__") else []
        found = getattr(found, step, None)
        if found is None:
            message = f"`{entry.module}` has no `{entry.attr}` (expected a function of it).{did_you_mean(step, known)}"
            mistakes.append(Mistake(path, message))
            return None
    if not callable(found):
        mistakes.append(Mistake(path, f"`{name}` is a {type(found).__name__} (expected a function)"))
        return None
    return Plugin(name, found)


def _entry(name: str, group: str, path: str, mistakes: list[Mistake]) -> EntryPoint | None:
    if ":" in name:
        if _PATH.fullmatch(name):
            return EntryPoint(name, name, group)
        mistakes.append(Mistake(path, f"bad name `{name}` (expected `package.module:function`)"))
        return None
    installed = entry_points(group=group)
    named = [entry for entry in installed if entry.name == name]
    if len({entry.value for entry in named}) == 1:
        return named[0]
    if named:
        values = ", ".join(sorted({entry.value for entry in named}))
        mistakes.append(Mistake(path, f"`{name}` is installed twice: {values} (expected one). Write the one meant."))
        return None
    known = sorted({entry.name for entry in installed})
    there = f"an entry point of `{group}`: {', '.join(known)}" if known else f"no entry point of `{group}` is installed"
    hint = did_you_mean(name, known)
    mistakes.append(Mistake(path, f"unknown function `{name}` (expected `package.module:function`; {there}).{hint}"))
    return None
