# SPDX-License-Identifier: Apache-2.0
"""Says on standard error where the measurement is, and how long the rest will take."""

import sys
import time


class Progress:
    def __init__(self, rows, runs):
        self._costs = [row.preparation + row.seconds * runs for row in rows]
        self._names = [row.name for row in rows]
        self._start = time.monotonic()
        self._line = ""
        self._is_terminal = sys.stderr.isatty()

    def begin(self, index):
        """A row begins."""
        done, elapsed = sum(self._costs[:index]), time.monotonic() - self._start
        # What was measured so far tells how quick this machine is.
        pace = elapsed / done if done else 1.0
        minutes = max(1, round(sum(self._costs[index:]) * pace / 60))
        self._line = f"[{index + 1}/{len(self._names)}] {self._names[index]}, about {minutes} min to go"
        self._show(self._line if self._is_terminal else self._line + "\n")

    def tell(self, text):
        """What of the row is being done; shown on terminals only."""
        if self._is_terminal:
            self._show(f"{self._line}: {text}")

    def clear(self):
        self._show("")

    def _show(self, text):
        print(f"\r\033[K{text}" if self._is_terminal else text, end="", file=sys.stderr, flush=True)
