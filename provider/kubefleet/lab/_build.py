"""One build: fetch modules, compile, link, put the rest beside, stamp."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kubefleet.lab._errors import ProgramError
from kubefleet.lab._go import Go, GoFailedError, run_go
from kubefleet.lab._progress import Listener, Phase, Progress
from kubefleet.lab._recipes import PULUMI_SDK, Recipe, linker_flags, required_versions
from kubefleet.lab._store import FLAGS, Store

# Of a whole build's time, the part that linking takes.
LINK_SHARE = 10


def ensure_built(recipe: Recipe, store: Store, go: Go, listener: Listener) -> Path:
    """The folder of `recipe`'s undamaged build, which is made now if there is none.

    Raises:
        ProgramError: the compiler failed; its last lines are in the text, all of them in a file that the text names.
    """
    if (found := store.existing(recipe, go)) is not None:
        return found
    start = time.monotonic()
    folder = store.folder(recipe, go)

    def waiting() -> None:
        listener(Progress(recipe.name, Phase.WAITING, 0, 0, int(time.monotonic() - start), None))

    with store.lock(recipe, waiting):
        if (found := store.existing(recipe, go)) is not None:
            return found
        with store.making(recipe, folder) as partial:
            _Build(recipe, store, go, listener, time.monotonic()).into(partial)
        listener(Progress(recipe.name, Phase.READY, 0, 0, int(time.monotonic() - start), None))
    return folder


@dataclass(frozen=True, slots=True)
class _Build:
    recipe: Recipe
    store: Store
    go: Go
    listener: Listener
    start: float

    def into(self, folder: Path) -> None:
        """Make every file of the build in `folder`."""
        target = folder / self.recipe.name
        if self.recipe.package:
            self._compile(target)
            for executable in self.recipe.executables:
                if executable.name != target.name:
                    (folder / executable.name).symlink_to(target.name)
        for name in self.recipe.beside:
            for path in sorted((self.store.tools / name).iterdir()):
                if path.is_file():
                    _copy(path, folder)
        if self.recipe.sdk_files:
            self._run(["mod", "download", PULUMI_SDK], lambda _: self._report(Phase.MODULES, 0, 0, None))
            sdk = self._run(["list", "-m", "-f", "{{.Dir}}", PULUMI_SDK], lambda _: None)[0]
            for file in self.recipe.sdk_files:
                _copy(Path(sdk, file), folder)

    def _compile(self, target: Path) -> None:
        flags = [*FLAGS, f"-ldflags={linker_flags(self.recipe, self.store.tools)}"]
        most = len(required_versions(self.store.tools / self.recipe.folder / "go.mod"))
        fetched = done = 0

        def listing(line: str | None) -> None:
            nonlocal fetched
            fetched += line is not None and line.startswith("go: downloading ")
            self._report(Phase.MODULES, fetched, most, self.recipe.seconds)

        def building(line: str | None) -> None:
            # `-v` writes the name of each package as its turn comes; everything else that is written has a space.
            nonlocal done
            done += line is not None and line != "" and " " not in line
            if done >= others:
                self._report(Phase.LINKING, 0, 0, linking)
            else:
                self._report(Phase.COMPILING, done, others, self._left(begun, done, others, expected) + linking)

        listing(None)
        form = "{{if .Stale}}stale{{else}}fresh{{end}}"
        packages = self._run(["list", "-deps", "-f", form, *flags, self.recipe.package], listing)
        others = packages.count("stale") - 1
        linking = self.recipe.seconds // LINK_SHARE
        expected = (self.recipe.seconds - linking) * others // len(packages)
        begun = time.monotonic()
        building(None)
        self._run(["build", "-v", *flags, "-o", str(target), self.recipe.package], building)

    @staticmethod
    def _left(begun: float, done: int, total: int, expected: int) -> int:
        """Seconds of compiling that are left: by the table at first, by what was seen after a tenth of the packages."""
        passed = int(time.monotonic() - begun)
        return passed * (total - done) // done if done * 10 > total else max(expected - passed, 0)

    def _report(self, phase: Phase, done: int, total: int, left: int | None) -> None:
        self.listener(Progress(self.recipe.name, phase, done, total, int(time.monotonic() - self.start), left))

    def _run(self, arguments: list[str], heard: Callable[[str | None], None]) -> list[str]:
        log = self.store.log(self.recipe)
        try:
            return run_go(self.go, arguments, self.store.tools / self.recipe.folder, heard, log)
        except GoFailedError as error:
            raise ProgramError(
                f"building `{self.recipe.name}` failed: `go {arguments[0]}` wrote:\n{error}\n"
                f"(everything it wrote: {log}). Where modules could not be fetched, give Go a way to them (GOPROXY); "
                "where space is short, make some; then run the same command again: it goes on where it stopped."
            ) from error


def _copy(source: Path, folder: Path) -> None:
    """Copy a file; a script becomes executable, which its mode in an installed package does not tell."""
    copy = folder / source.name
    shutil.copyfile(source, copy)
    with source.open("rb") as file:
        copy.chmod(0o755 if file.read(2) == b"#!" else 0o644)
