"""The programs that the lab and Pulumi need: found where the machine has them, else built once into a cache folder.

`python -m kubefleet.lab.programs [NAME ...]` makes them ready (kube, kwok and pulumi when none is named).
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kubefleet.lab._build import ensure_built
from kubefleet.lab._display import display
from kubefleet.lab._errors import ProgramError
from kubefleet.lab._go import find_go
from kubefleet.lab._installed import Source, installed
from kubefleet.lab._progress import Event, Listener, PassedOver, Phase, Progress, silent
from kubefleet.lab._recipes import RECIPES, Recipe, pinned_version, recipe_of, tools_folder
from kubefleet.lab._store import Store, cache_folder

QUICK_START = ("kube", "kwok", "pulumi")
INTERRUPTED = 130
# Where the engine in use has none beside itself, it is looked for on PATH, else put into a folder of its own.
HOST = "pulumi-language-python"


@dataclass(frozen=True, slots=True)
class Program:
    """An executable that is ready to be started."""

    name: str
    version: str
    """Without a leading `v`; empty where it is installed and does not say."""
    source: Source
    path: Path


@dataclass(frozen=True, slots=True)
class ProgramVersion:
    """A program that this package can build, by its version, and the one that would be used now."""

    name: str
    pinned: str
    program: Program | None
    """None: neither installed nor built yet."""


def find(name: str, *, progress: Listener = silent) -> Program | None:
    """The program `name` as it would be started now, without building anything; None when it must be built first.

    `kube` and the other names of sets stand for their first executable.

    Raises:
        ProgramError: nothing is called `name`.
    """
    recipe = _recipe(name)
    found = _found(recipe, _store(), progress)
    return None if found is None else found.get(name, next(iter(found.values())))


def ensure(*names: str, progress: Listener | None = None) -> dict[str, Program]:
    """Make programs ready, and return every executable of the sets that they belong to, by its name.

    `kube` is the set etcd, kube-apiserver, kube-controller-manager, kube-scheduler; `pulumi` brings what runs Python
    programs. A build takes minutes (`seconds` in the table of recipes), one that is there already milliseconds. Safe to
    call from several processes at once: one builds, the others wait. `progress` gets the events; by default they are
    shown on standard error.

    Raises:
        ProgramError: nothing is called so, Go is missing or too old, or a build failed.
    """
    recipes = list(dict.fromkeys(_recipe(name) for name in names))
    if progress is not None:
        return _ensure(recipes, progress)
    with display() as shown:
        return _ensure(recipes, shown)


def versions() -> tuple[ProgramVersion, ...]:
    """Every program with the version that a build gives and the one that is ready now, in the order of the table."""
    store = _store()
    rows = []
    for recipe in RECIPES.values():
        found = _found(recipe, store, silent) or {}
        for executable in recipe.executables:
            pinned = pinned_version(recipe, executable, store.tools)
            rows.append(ProgramVersion(executable.name, pinned, found.get(executable.name)))
    return tuple(rows)


def _ensure(recipes: Sequence[Recipe], progress: Listener) -> dict[str, Program]:
    store = _store()
    ready: dict[str, Program] = {}
    for recipe in recipes:
        found = _found(recipe, store, progress)
        if found is None:
            if (go := find_go()) is None:
                raise ProgramError(_without_go(recipe))
            found = _built(recipe, store, ensure_built(recipe, store, go, progress))
        ready |= found
        if recipe.name == "pulumi":
            ready |= _ensure([RECIPES[HOST]], progress)
    return ready


def _found(recipe: Recipe, store: Store, progress: Listener) -> dict[str, Program] | None:
    if recipe.name == HOST and (beside := _beside_engine(store)) is not None:
        return {HOST: beside}
    if (there := installed(recipe, progress)) is not None:
        return {name: Program(name, version, source, path) for name, (source, path, version) in there.items()}
    # Go is asked last: whoever has the programs installed may have none, or an old one.
    folder = store.existing(recipe, find_go())
    return None if folder is None else _built(recipe, store, folder)


def _built(recipe: Recipe, store: Store, folder: Path) -> dict[str, Program]:
    return {
        item.name: Program(item.name, pinned_version(recipe, item, store.tools), "built", folder / item.name)
        for item in recipe.executables
    }


def _beside_engine(store: Store) -> Program | None:
    """The language host that comes with the engine in use; its version is the engine's."""
    engine = (_found(RECIPES["pulumi"], store, silent) or {}).get("pulumi")
    if engine is None or not (path := engine.path.resolve().with_name(HOST)).exists():
        return None
    return Program(HOST, engine.version, engine.source, path)


def _store() -> Store:
    return Store(cache_folder(), tools_folder())


def _recipe(name: str) -> Recipe:
    if (recipe := recipe_of(name, RECIPES.values())) is None:
        raise ProgramError(f"looking for a program failed: `{name}` (expected one of {', '.join(RECIPES)}).")
    return recipe


def _without_go(recipe: Recipe) -> str:
    names = " ".join(executable.name for executable in recipe.executables)
    assets = ", or in the folder that KUBEBUILDER_ASSETS names" if recipe.name == "kube" else ""
    return (
        f"building `{recipe.name}` failed: there is no `go` on PATH (expected Go 1.21 or later). "
        f"Install Go, or put {names} on PATH{assets}."
    )


def main(arguments: Sequence[str]) -> int:
    """Make the named programs ready and print name, version, source and path of each; the exit code."""
    try:
        ready = ensure(*(arguments or QUICK_START))
    except ProgramError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; run the same command again: it goes on where it stopped\n")
        return INTERRUPTED
    for program in ready.values():
        sys.stdout.write(f"{program.name} {program.version} {program.source} {program.path}\n")
    return 0


__all__ = [
    "HOST",
    "Event",
    "Listener",
    "PassedOver",
    "Phase",
    "Program",
    "ProgramError",
    "ProgramVersion",
    "Progress",
    "ensure",
    "find",
    "silent",
    "versions",
]

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
