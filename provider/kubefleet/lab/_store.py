"""The cache folder: one folder a build, whole or absent, with a stamp that tells a damaged executable."""

import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kubefleet.lab._go import Go
from kubefleet.lab._recipes import Recipe, linker_flags

STAMP = "stamp.json"
LOCK_SECONDS = 0.5
FLAGS = ("-trimpath", "-buildvcs=false", "-mod=readonly")


def cache_folder() -> Path:
    """`$KUBEFLEET_CACHE`, else `pulumi-kubefleet` in the user's cache folder (XDG base directories)."""
    if named := os.environ.get("KUBEFLEET_CACHE"):
        return Path(named).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pulumi-kubefleet"


def sources_digest(recipe: Recipe, tools: Path) -> str:
    """12 hex digits over everything of ours that decides over the bytes: sources, flags, versions."""
    digest = hashlib.sha256(" ".join([recipe.package, *FLAGS, linker_flags(recipe, tools)]).encode())
    for folder in (recipe.folder, *recipe.beside):
        for path in sorted((tools / folder).iterdir()):
            if path.is_file():
                digest.update(f"\0{folder}/{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Store:
    """The builds below one cache folder. Every method but `lock` takes milliseconds."""

    root: Path
    tools: Path

    def folder(self, recipe: Recipe, go: Go) -> Path:
        """Where the build of `recipe` by `go` lies, or will."""
        return self.root / "programs" / f"{recipe.name}-{sources_digest(recipe, self.tools)}-go{go.version}-{go.target}"

    def existing(self, recipe: Recipe, go: Go | None) -> Path | None:
        """The folder of an undamaged build; without Go, that of the newest one from these sources."""
        if go is not None:
            folder = self.folder(recipe, go)
            return folder if undamaged(folder) else None
        pattern = f"{recipe.name}-{sources_digest(recipe, self.tools)}-go*"
        found = [folder for folder in (self.root / "programs").glob(pattern) if undamaged(folder)]
        return max(found, key=lambda folder: folder.stat().st_mtime_ns, default=None)

    def log(self, recipe: Recipe) -> Path:
        """Where everything is kept that the compiler writes while it builds `recipe`."""
        return self.root / "programs" / f"{recipe.name}.log"

    @contextmanager
    def lock(self, recipe: Recipe, waiting: Callable[[], None]) -> Iterator[None]:
        """Be the only process that builds `recipe` here; `waiting` is called twice a second until that is so."""
        path = self.root / "programs" / f"{recipe.name}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    waiting()
                    time.sleep(LOCK_SECONDS)
            yield

    @contextmanager
    def making(self, recipe: Recipe, folder: Path) -> Iterator[Path]:
        """An empty folder that becomes `folder`, stamped, when the block ends well, and is gone when it does not.

        Call it with the lock held: what earlier builds left half-finished is removed.
        """
        for rest in folder.parent.glob(f".{recipe.name}-*.partial"):
            shutil.rmtree(rest, ignore_errors=True)
        partial = folder.parent / f".{recipe.name}-{os.getpid()}.partial"
        partial.mkdir()
        try:
            yield partial
            stamp(partial)
            if folder.exists():
                shutil.rmtree(folder)
            partial.rename(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _facts(path: Path) -> dict[str, int | str]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    status = path.stat()
    return {"size": status.st_size, "modified": status.st_mtime_ns, "sha256": digest}


def stamp(folder: Path) -> None:
    """Write down the files of `folder`, links left out."""
    files = {path.name: _facts(path) for path in sorted(folder.iterdir()) if path.is_file() and not path.is_symlink()}
    (folder / STAMP).write_text(json.dumps({"files": files}, indent=1, sort_keys=True) + "\n")


def undamaged(folder: Path) -> bool:
    """Whether every file that was stamped is there as it was.

    Size and time are compared; only where the time differs (an unpacked copy of the cache) the contents are read.
    """
    try:
        files: dict[str, dict[str, int | str]] = json.loads((folder / STAMP).read_text())["files"]
        for name, facts in files.items():
            status = (folder / name).stat()
            if status.st_size != facts["size"]:
                return False
            if status.st_mtime_ns != facts["modified"] and _facts(folder / name)["sha256"] != facts["sha256"]:
                return False
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # An unreadable stamp is a damaged build, whatever is wrong with it.
        return False
    return True
