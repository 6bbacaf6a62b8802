# SPDX-License-Identifier: Apache-2.0
"""Runs a command and says what it took."""

import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Dict, Optional, Sequence

from .errors import BenchError

# No honest run takes longer, in seconds.
PATIENCE = 600


@dataclass(frozen=True)
class Sample:
    """The time and memory of one run of a command, its children that it waited for included."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int

    @classmethod
    def read(cls, path):
        """Reads what tools/measured has written."""
        wall, user, system, peak, _ = Path(path).read_text().split()
        return cls(float(wall), float(user) + float(system), int(peak) * 1024)


@dataclass
class Attempt:
    """One run of a contestant: what is started, and what must be true afterwards."""

    command: Sequence[str]
    # Raises BenchError where the work was not done.
    verify: Callable[[], None] = lambda: None
    # The place of the work, for fsck.
    repository: Optional[object] = None
    stdin: Optional[Path] = None
    environment: Dict[str, str] = field(default_factory=dict)
    # Files in which programs at the far side leave their own samples, by the program's part.
    parts: Dict[str, Path] = field(default_factory=dict)
    # Other figures that are known once it has run, such as stored bytes.
    figures: Callable[[], Dict[str, float]] = dict


def run(attempt, measured, directory, environment):
    """Runs an attempt; returns its sample.

    measured is the program tools/measured, directory a place of this run's own.
    """
    result, log = directory / "sample", directory / "log"
    with open(attempt.stdin or os.devnull, "rb") as source, open(log, "wb") as output:
        process = subprocess.Popen([str(measured), str(result), *map(str, attempt.command)],
                                   stdin=source, stdout=output, stderr=output, start_new_session=True,
                                   env={**environment, **attempt.environment})
        try:
            status = process.wait(PATIENCE)
        except BaseException as error:
            # Its session is its own: nobody else's processes are in it.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                raise BenchError(f"'{_shown(attempt)}' takes longer than {PATIENCE} seconds") from None
            raise
    if status != 0:
        said = log.read_text(errors="replace").strip().splitlines()[-3:]
        raise BenchError(f"'{_shown(attempt)}' ends with status {status}: {' / '.join(said) or 'it says nothing'}")
    attempt.verify()
    return Sample.read(result)


def part(path):
    """The sample of a program at the far side, which may end a moment after its client."""
    for _ in range(500):
        if Path(path).exists() and Path(path).read_text().endswith("\n"):
            return Sample.read(path)
        time.sleep(0.01)
    raise BenchError(f"the program at the far side has left no sample in {path}")


def settle(directory):
    """Lets the disk come to rest, so that no run pays for the one before it.

    After the sync, ext4 still works on what was deleted; so this waits for a fifth of a second without a write, at
    most for three seconds.
    """
    os.sync()
    last, calm = _writes(directory), 0
    for _ in range(60):
        time.sleep(0.05)
        now = _writes(directory)
        calm = calm + 1 if now == last else 0
        if calm == 4:
            return
        last = now


def _writes(directory):
    """The number of writes and discards that the disk below a directory has finished, or None."""
    device = os.stat(directory).st_dev
    try:
        numbers = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat").read_text().split()
    except OSError:
        return None
    return numbers[4], numbers[11] if len(numbers) > 11 else None


def _shown(attempt):
    words = [Path(word).name if word.startswith("/") else word for word in map(str, attempt.command)]
    text = " ".join(words)
    return text if len(text) < 120 else text[:117] + "..."
