"""Two ways to run a module's changed source in place of the module."""

import importlib.abc
import importlib.machinery
import importlib.util
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any


def put(module: ModuleType, function: str, source: str) -> None:
    """Of a module that is loaded, give one function (or `CLASS.METHOD`) the code and the defaults that it has in the
    source: whoever holds it has them from now on.
    """
    other = ModuleType(module.__name__)
    other.__dict__.update(__file__=module.__file__, __package__=module.__package__)
    exec(compile(source, str(module.__file__), "exec"), other.__dict__)
    held, new = _find(module, function), _find(other, function)
    held.__code__, held.__defaults__, held.__kwdefaults__ = new.__code__, new.__defaults__, new.__kwdefaults__


def _find(holder: Any, path: str) -> FunctionType:
    for name in path.split("."):
        holder = vars(holder)[name]
    # What a property or a cache holds.
    holder = getattr(holder, "fget", holder)
    while hasattr(holder, "__wrapped__"):
        holder = holder.__wrapped__
    if not isinstance(holder, FunctionType):
        raise TypeError(f"{path} is no function")
    return holder


class Changed(importlib.abc.SourceLoader, importlib.abc.MetaPathFinder):
    """Loads one module from the source; an entry of `sys.meta_path`."""

    def __init__(self, module: str, file: Path, source: str) -> None:
        self._module, self._file, self._source = module, file, source

    def find_spec(self, fullname: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        """The module that is changed; all others are found as ever."""
        return (
            importlib.util.spec_from_file_location(fullname, self._file, loader=self)
            if fullname == self._module
            else None
        )

    def get_filename(self, fullname: str) -> str:  # noqa: ARG002 - the protocol's signature
        """Where the module would be."""
        return str(self._file)

    def get_data(self, path: str) -> bytes:
        """Its changed source; there is no byte code."""
        if path != str(self._file):
            raise OSError(path)
        return self._source.encode()
