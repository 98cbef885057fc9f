"""Judges mutants: whether any test notices. A plugin of pytest, which runs in place of its loop over the tests."""

import gc
import pickle
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import pytest
from process import forked
from put import Changed, put
from reach import Line, watched
from subjects import ROOT, Subject

_LONGEST = 600
"""Seconds that all tests may take; all seconds are those of the processor."""
_PATIENCE = 5
"""Seconds that a few may take beyond twice what they took when they were watched, which slows them down already."""


class Judge:
    """Knows the tests, and which lines of the files each of them runs. `use` is called once when they are loaded."""

    def __init__(self, arguments: Sequence[str], files: frozenset[Path], use: Callable[["Judge"], None]) -> None:
        self._arguments, self._files, self._use = list(arguments), files, use
        self._tests: list[tuple[float, int, frozenset[Line]]] = []

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """All of it happens here: the tests are loaded, and none has run."""
        self._session = session
        with tempfile.TemporaryFile() as learnt:
            done = forked(lambda: self._learn(learnt), _LONGEST)
            learnt.seek(0)
            if not done:
                pytest.exit(f"without any change this fails: {learnt.read().decode() or 'to end in time'}", 1)
            self._tests = pickle.load(learnt)
        # What is loaded stays, and is shared with every process that is forked.
        gc.freeze()
        self._use(self)
        return True

    def survives(self, subject: Subject) -> bool:
        """Whether no test notices; a mutant that does not end in time is noticed."""
        mutant = subject.mutant
        if not mutant.function:
            return forked(lambda: self._load_anew(subject), _LONGEST)
        changed = {(str(subject.file), line) for line in mutant.lines}
        concerned = [(seconds, place) for seconds, place, lines in self._tests if not changed.isdisjoint(lines)]

        def work() -> None:
            put(sys.modules[subject.module], mutant.function, mutant.source)
            for _, place in concerned:
                self._run(self._session.items[place])

        return forked(work, _PATIENCE + 2 * int(sum(seconds for seconds, _ in concerned)))

    def _learn(self, learnt: IO[bytes]) -> None:
        """Per test, the quickest first: the seconds that it takes while it is watched, its place, and what it runs."""
        found = []
        for place, item in enumerate(self._session.items):
            began = time.process_time()
            try:
                with watched(frozenset(map(str, self._files))) as lines:
                    self._run(item)
            except AssertionError:
                learnt.write(item.nodeid.encode())
                learnt.flush()
                raise
            found.append((time.process_time() - began, place, frozenset(lines)))
        pickle.dump(sorted(found, key=lambda test: test[:2]), learnt)
        learnt.flush()

    def _run(self, item: pytest.Item) -> None:
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        if self._session.testsfailed:
            raise AssertionError(item.nodeid)

    def _load_anew(self, subject: Subject) -> None:
        """Forget this project and its tests, and run all of them with the changed module."""
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if file is not None and Path(file).is_relative_to(ROOT) and ".venv" not in file:
                del sys.modules[name]
        sys.meta_path.insert(0, Changed(subject.module, subject.file, subject.mutant.source))
        if pytest.main(self._arguments):
            raise AssertionError(subject.name)
