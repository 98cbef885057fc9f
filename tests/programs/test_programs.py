"""The programs: where they are looked for, and how they are built. The builds are of a module of a few lines."""

import io
import json
import multiprocessing
import os
import shutil
import subprocess
from multiprocessing.queues import Queue
from pathlib import Path

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from kubefleet.cli.lab_versions import versions as versions_command
from kubefleet.lab import programs
from kubefleet.lab._build import ensure_built
from kubefleet.lab._display import LINE_SECONDS, Lines, TerminalBars
from kubefleet.lab._errors import ProgramError
from kubefleet.lab._go import find_go
from kubefleet.lab._installed import installed
from kubefleet.lab._progress import Event, PassedOver, Phase, Progress, silent
from kubefleet.lab._recipes import RECIPES, Executable, Recipe, linker_flags, required_versions, tools_folder
from kubefleet.lab._store import Store, sources_digest

pytestmark = pytest.mark.fast

TINY = Recipe(
    name="tiny",
    folder="tiny",
    package=".",
    executables=(
        Executable("tiny", "example.test/pinned", ("--version",), (1, 0)),
        Executable("tiny-too", "example.test/pinned", ("--version",), (1, 0)),
    ),
    variables=(("main.version", "v{version}+{major}.{minor}"),),
    seconds=2,
)
MAIN = 'package main\n\nvar version = "unset"\n\nfunc main() { print(version + "\\n") }\n'
GO_MOD = (
    "module example.test/tiny\n\ngo 1.21\n\nrequire example.test/pinned v1.2.3\n\n"
    "replace example.test/pinned => ./pinned\n"
)


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    folder = tmp_path / "tools" / "tiny"
    (folder / "pinned").mkdir(parents=True)
    (folder / "main.go").write_text(MAIN)
    (folder / "go.mod").write_text(GO_MOD)
    (folder / "pinned" / "go.mod").write_text("module example.test/pinned\n\ngo 1.21\n")
    return folder.parent


@pytest.fixture
def store(tmp_path: Path, tools: Path) -> Store:
    return Store(tmp_path / "cache", tools)


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH, with an empty cache: nothing is installed, not even Go."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("KUBEFLEET_CACHE", str(tmp_path / "empty"))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    return folder


def program(folder: Path, name: str, says: str, code: int = 0) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n")
    path.chmod(0o755)
    return path


def build(store: Store, listener: programs.Listener = silent) -> Path:
    go = find_go()
    assert go is not None
    return ensure_built(TINY, store, go, listener)


def output(path: Path) -> str:
    # What Go's `print` writes goes to standard error.
    return subprocess.run([path], capture_output=True, text=True, check=True).stderr.strip()


def entries(store: Store) -> list[str]:
    return sorted(path.name for path in (store.root / "programs").iterdir() if path.is_dir())


# Looking for them.


def test_a_program_on_path_is_used_and_nothing_is_built(bin_folder: Path) -> None:
    path = program(bin_folder, "kwok", "kwok version v0.9.1 go1.26.0 (linux/amd64)")
    events: list[Event] = []
    ready = programs.ensure("kwok", progress=events.append)
    assert ready == {"kwok": programs.Program("kwok", "0.9.1", "PATH", path)}
    assert events == []


def test_a_program_that_is_too_old_is_passed_over_and_said_so(bin_folder: Path) -> None:
    path = program(bin_folder, "kwok", "kwok version v0.5.9")
    events: list[Event] = []
    assert installed(RECIPES["kwok"], events.append) is None
    assert events == [PassedOver("kwok", path, "0.5.9", "0.6")]


@pytest.mark.parametrize(("says", "code"), [("kwok version v0.9.1", 1), ("no number", 0)])
def test_a_program_that_does_not_tell_its_version_is_passed_over(bin_folder: Path, says: str, code: int) -> None:
    path = program(bin_folder, "kwok", says, code)
    events: list[Event] = []
    assert installed(RECIPES["kwok"], events.append) is None
    assert events == [PassedOver("kwok", path, "", "0.6")]


def control_plane(folder: Path, *names: str, version: str = "v1.36.4") -> None:
    for name in names:
        program(folder, name, "etcd Version: 3.6.1" if name == "etcd" else f"Kubernetes {version}")


def test_a_control_plane_is_used_only_when_all_four_parts_are_there(bin_folder: Path) -> None:
    control_plane(bin_folder, "etcd", "kube-apiserver", "kube-scheduler")
    assert programs.find("kube") is None
    control_plane(bin_folder, "kube-controller-manager")
    ready = programs.ensure("kube", progress=silent)
    assert {name: (item.source, item.version) for name, item in ready.items()} == {
        "etcd": ("PATH", "3.6.1"),
        "kube-apiserver": ("PATH", "1.36.4"),
        "kube-controller-manager": ("PATH", "1.36.4"),
        "kube-scheduler": ("PATH", "1.36.4"),
    }


def test_kubebuilder_assets_come_before_path(bin_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path / "assets"))
    control_plane(tmp_path / "assets", "etcd", "kube-apiserver")
    control_plane(bin_folder, "etcd", "kube-apiserver", "kube-scheduler", "kube-controller-manager")
    ready = programs.ensure("kube-scheduler", progress=silent)
    assert ready["etcd"].path == tmp_path / "assets" / "etcd"
    assert {name: item.source for name, item in ready.items()} == {
        "etcd": "KUBEBUILDER_ASSETS",
        "kube-apiserver": "KUBEBUILDER_ASSETS",
        "kube-controller-manager": "PATH",
        "kube-scheduler": "PATH",
    }


def test_a_control_plane_older_than_1_36_is_passed_over(bin_folder: Path) -> None:
    control_plane(bin_folder, "etcd", "kube-apiserver", "kube-scheduler", "kube-controller-manager", version="v1.35.9")
    assert programs.find("kube-apiserver") is None


def test_an_installed_engine_brings_the_language_host_that_lies_beside_it(bin_folder: Path, tmp_path: Path) -> None:
    real = program(tmp_path / "opt", "pulumi", "v3.300.0")
    host = program(tmp_path / "opt", "pulumi-language-python", "")
    (bin_folder / "pulumi").symlink_to(real)
    ready = programs.ensure("pulumi", progress=silent)
    assert ready["pulumi"].source == "PATH"
    assert ready["pulumi-language-python"] == programs.Program("pulumi-language-python", "3.300.0", "PATH", host)


def test_without_go_the_error_names_the_ways_out(bin_folder: Path) -> None:
    with pytest.raises(ProgramError) as caught:
        programs.ensure("kube", progress=silent)
    assert str(caught.value) == (
        "building `kube` failed: there is no `go` on PATH (expected Go 1.21 or later). Install Go, or put "
        "kube-apiserver kube-controller-manager kube-scheduler etcd on PATH, or in the folder that KUBEBUILDER_ASSETS "
        "names."
    )


def test_a_go_that_is_too_old_is_refused_only_when_something_must_be_built(bin_folder: Path) -> None:
    answer = json.dumps({"GOVERSION": "go1.20.3", "GOOS": "linux", "GOARCH": "amd64", "CGO_ENABLED": "1"})
    program(bin_folder, "go", answer)
    program(bin_folder, "kwok", "kwok version v0.9.1")
    assert programs.ensure("kwok", progress=silent)["kwok"].source == "PATH"
    with pytest.raises(ProgramError, match=r"is Go 1\.20\.3 \(expected 1\.21 or later\)"):
        programs.ensure("pulumi", progress=silent)


def test_an_unknown_name_lists_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert programs.main(["kubectl"]) == 1
    assert capsys.readouterr().err == (
        "looking for a program failed: `kubectl` (expected one of kube, kwok, pulumi, pulumi-language-python, "
        "pulumi-resource-kubernetes).\n"
    )


# Building them.


def test_a_build_has_the_versions_of_go_mod_and_one_link_a_name(store: Store) -> None:
    folder = build(store)
    assert output(folder / "tiny") == "v1.2.3+1.2"
    assert (folder / "tiny-too").readlink() == Path("tiny")


def test_a_second_build_does_nothing(store: Store) -> None:
    folder = build(store)
    changed = folder.stat().st_mtime_ns
    events: list[Event] = []
    assert build(store, events.append) == folder
    assert events == []
    assert folder.stat().st_mtime_ns == changed


def test_a_build_tells_its_phases_in_order_and_how_long_it_will_take(store: Store) -> None:
    events: list[Event] = []
    build(store, events.append)
    steps = [event for event in events if isinstance(event, Progress)]
    phases = list(dict.fromkeys(step.phase for step in steps))
    assert phases[0] is Phase.MODULES
    assert phases[-2:] == [Phase.LINKING, Phase.READY]
    assert all(step.left is not None for step in steps if step.phase is not Phase.READY)


def test_a_truncated_executable_is_noticed_and_built_again(store: Store) -> None:
    executable = build(store) / "tiny"
    os.truncate(executable, 1000)
    assert store.existing(TINY, find_go()) is None
    build(store)
    assert output(executable) == "v1.2.3+1.2"


def test_an_executable_of_the_right_size_with_other_bytes_is_noticed(store: Store) -> None:
    executable = build(store) / "tiny"
    content = bytearray(executable.read_bytes())
    content[-1] ^= 1
    executable.write_bytes(content)
    assert store.existing(TINY, find_go()) is None


def test_a_copied_cache_is_accepted_whatever_its_times(store: Store, tmp_path: Path) -> None:
    build(store)
    copy = Store(tmp_path / "copy", store.tools)
    shutil.copytree(store.root, copy.root, symlinks=True, copy_function=shutil.copyfile)
    assert copy.existing(TINY, find_go()) is not None


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"files": {"tiny": 3}}'])
def test_a_damaged_stamp_is_a_damaged_build(store: Store, damage: str) -> None:
    folder = build(store)
    (folder / "stamp.json").write_text(damage)
    assert store.existing(TINY, find_go()) is None
    assert build(store) == folder


def test_what_a_killed_build_left_is_removed_by_the_next(store: Store) -> None:
    rest = store.root / "programs" / ".tiny-1.partial"
    rest.mkdir(parents=True)
    (rest / "tiny").write_bytes(b"half")
    folder = build(store)
    assert entries(store) == [folder.name]


def test_a_failed_build_shows_the_compiler_s_words_and_leaves_nothing(store: Store) -> None:
    (store.tools / "tiny" / "main.go").write_text(MAIN.replace("version +", "missing +"))
    with pytest.raises(ProgramError, match="undefined: missing") as caught:
        build(store)
    assert str(caught.value).startswith("building `tiny` failed: `go build` wrote:\n")
    assert "undefined: missing" in (store.root / "programs" / "tiny.log").read_text()
    assert entries(store) == []


def test_without_go_an_earlier_build_of_the_same_sources_is_found(store: Store) -> None:
    folder = build(store)
    assert store.existing(TINY, None) == folder
    (store.tools / "tiny" / "main.go").write_text(MAIN + "// changed\n")
    assert store.existing(TINY, None) is None


def build_elsewhere(root: Path, tools: Path, waiting: "Queue[int]", heard: "Queue[list[str]]") -> None:
    events: list[Event] = []

    def listen(event: Event) -> None:
        if isinstance(event, Progress) and event.phase is Phase.WAITING and not events:
            waiting.put(os.getpid())
        events.append(event)

    build(Store(root, tools), listen)
    heard.put([event.phase.value for event in events if isinstance(event, Progress)])


def test_of_two_processes_at_once_one_builds_and_the_other_waits_and_says_so(store: Store) -> None:
    context = multiprocessing.get_context("spawn")
    waiting: Queue[int] = context.Queue()
    heard: Queue[list[str]] = context.Queue()
    arguments = (store.root, store.tools, waiting, heard)
    processes = [context.Process(target=build_elsewhere, args=arguments) for _ in range(2)]
    with store.lock(TINY, lambda: pytest.fail("nobody else holds the lock")):
        for process in processes:
            process.start()
        assert len({waiting.get(timeout=60) for _ in processes}) == 2
    phases = [heard.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(timeout=60)
    assert [process.exitcode for process in processes] == [0, 0]
    assert sum(Phase.LINKING.value in seen for seen in phases) == 1


# What decides over the bytes.


def test_the_digest_changes_with_any_source_and_with_nothing_else(tools: Path, tmp_path: Path) -> None:
    before = sources_digest(TINY, tools)
    shutil.copytree(tools, tmp_path / "elsewhere")
    assert sources_digest(TINY, tmp_path / "elsewhere") == before
    (tools / "tiny" / "go.sum").write_text("")
    assert sources_digest(TINY, tools) != before


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.name)
def test_every_module_of_tools_pins_the_programs_that_it_makes(recipe: Recipe) -> None:
    pinned = required_versions(tools_folder() / recipe.folder / "go.mod")
    assert {executable.module for executable in recipe.executables} <= pinned.keys()
    assert sources_digest(recipe, tools_folder()) == sources_digest(recipe, tools_folder())


def test_the_api_server_says_the_version_of_go_mod() -> None:
    version = required_versions(tools_folder() / "kube" / "go.mod")["k8s.io/kubernetes"]
    assert f"-X k8s.io/component-base/version.gitVersion=v{version} " in linker_flags(RECIPES["kube"], tools_folder())


# Showing it.


def test_off_a_terminal_each_phase_and_every_15_seconds_give_one_line() -> None:
    stream, now = io.StringIO(), [0.0]
    show = Lines(stream, clock=lambda: now[0])
    for second in range(LINE_SECONDS * 2):
        now[0] = float(second)
        show(Progress("kube", Phase.COMPILING, second * 10, 2500, second, 400))
    show(Progress("kube", Phase.LINKING, 0, 0, 30, 45))
    show(PassedOver("kwok", Path("/opt/kwok"), "0.5.9", "0.6"))
    assert stream.getvalue().splitlines() == [
        "kube: compiling 0 of 2500 packages, 0 s, about 6 min 40 s left",
        "kube: compiling 150 of 2500 packages, 15 s, about 6 min 40 s left",
        "kube: linking, 30 s, about 45 s left",
        "kwok: /opt/kwok is 0.5.9 (expected 0.6 or later); it is built instead",
    ]


def test_on_a_terminal_a_program_has_one_bar_and_no_event_no_output() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=120)
    with TerminalBars(console):
        assert stream.getvalue() == ""
    assert stream.getvalue() == ""
    with TerminalBars(console) as show:
        show(Progress("kube", Phase.COMPILING, 700, 2500, 100, 300))
        show(Progress("kube", Phase.READY, 0, 0, 160, None))
    assert "kube: " not in stream.getvalue()
    assert "ready, 2 min 40 s" in stream.getvalue()


def test_versions_prints_what_is_pinned_and_what_is_used(bin_folder: Path) -> None:
    path = program(bin_folder, "kwok", "kwok version v0.9.1")
    app = typer.Typer()
    app.command()(versions_command)
    shown = CliRunner().invoke(app, ["-o", "json"])
    assert shown.exit_code == 0
    rows = {row["name"]: row for row in json.loads(shown.stdout)}
    pinned = required_versions(tools_folder() / "kwok" / "go.mod")["sigs.k8s.io/kwok"]
    assert rows["kwok"] == {"name": "kwok", "pinned": pinned, "used": "0.9.1", "source": "PATH", "path": str(path)}
    assert rows["etcd"]["source"] == "not built"
    assert "NAME" in CliRunner().invoke(app, []).stdout.splitlines()[0]
