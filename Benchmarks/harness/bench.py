# SPDX-License-Identifier: Apache-2.0
"""A whole measurement: the directory that everything happens in, the order of runs, and the end of it all."""

import os
import shutil
import signal
import sys
import tempfile
from functools import cached_property
from pathlib import Path

from . import measure, tools
from .ceph import Ceph
from .data import Data
from .errors import BenchError
from .report import print_row
from .rows import Figures, Result
from .servers import Servers


class Bench:
    """Everything that rows share. Nothing is removed before its end: on ext4, the removal of thousands of files slows
    down whatever is measured next."""

    def __init__(self, programs, work, runs, rows=1):
        self.runs = runs
        self.programs = Path(programs).resolve()
        for name in ("bst-artifact", "bst-artifact-receive"):
            if not (self.programs / name).exists():
                raise BenchError(f"there is no {name} in {self.programs}: build it with 'make release'")
        work.mkdir(parents=True, exist_ok=True)
        # Kept for the next measurement; all else is in a directory that goes.
        self.work = work.resolve()
        needed = min(40, 6 * rows) << 30
        if shutil.disk_usage(work).free < needed:
            raise BenchError(f"{work} needs {needed >> 30} GiB of free space: name another directory with --work")
        self.directory = Path(tempfile.mkdtemp(prefix="work-", dir=self.work))
        self.directory.chmod(0o755)
        self._count = 0
        # Modes are part of what is committed.
        os.umask(0o022)

    def __enter__(self):
        try:
            # Nothing of the user's own configuration takes part.
            self.aws_settings = self.fresh("aws") / "settings"
            self.environment = {
                **os.environ, "PATH": f"{self.programs}:/usr/sbin:/usr/bin:/bin", "LC_ALL": "C.UTF-8",
                "HOME": str(self.fresh("home")), "XDG_CONFIG_HOME": str(self.directory / "no-config"),
                "XDG_CACHE_HOME": str(self.directory / "no-cache"), "TMPDIR": str(self.fresh("tmp")),
                "AWS_CONFIG_FILE": str(self.aws_settings), "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            }
            self.tools = tools.Tools(self)
            self.data = Data(self)
            self.servers = Servers(self)
            return self
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise

    def __exit__(self, *_):
        if hasattr(self, "servers"):
            self.servers.stop()
        print("removing temporary files", file=sys.stderr)
        # Whoever presses Ctrl-C again gets it done all the same.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        shutil.rmtree(self.directory, ignore_errors=True)

    @cached_property
    def ceph(self):
        return Ceph(self)

    def fresh(self, name="run"):
        """A new directory."""
        self._count += 1
        path = self.directory / f"{self._count:04d}-{name}"
        path.mkdir()
        return path

    # -- Rows ------------------------------------------------------------------------------

    def measure(self, rows):
        """Measures rows one after the other; one that fails does not keep the others from their turn."""
        results = []
        for number, row in enumerate(rows, 1):
            print(f"[{number}/{len(rows)}] {row.name}", file=sys.stderr)
            result = Result(row)
            try:
                result.outcome = row.measure(self)
            except (BenchError, OSError) as error:
                result.reason = str(error)
            print_row(result)
            results.append(result)
        return results

    def race(self, contestants, runs=None, is_writing=True):
        """Runs contestants in turn, A B A B, each in fresh directories and, unless they write nothing, with a disk
        at rest.

        contestants has a function for each name, which prepares an Attempt given the run's number. After the last run
        of each, `ostree fsck` looks at the repository that the attempt names. Returns each one's Figures, in order.
        """
        runs = runs or self.runs
        figures = {name: Figures(name) for name in contestants}
        last = {}
        for number in range(runs):
            for name, prepare in contestants.items():
                last[name] = self.attempt(prepare(number), figures[name], is_writing)
        for name, attempt in last.items():
            if attempt.repository is not None:
                self.data.fsck(attempt.repository)
        return list(figures.values())

    def attempt(self, attempt, figures, is_writing=True):
        """One run, whose figures are added."""
        if is_writing:
            measure.settle(self.directory)
        sample = measure.run(attempt, self.tools.measured, self.fresh("log"), self.environment)
        figures.samples.append(sample)
        for part, path in attempt.parts.items():
            figures.parts.setdefault(part, []).append(measure.part(path))
        for name, value in attempt.figures().items():
            figures.others.setdefault(name, []).append(value)
        return attempt
