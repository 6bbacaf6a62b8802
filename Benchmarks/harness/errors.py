# SPDX-License-Identifier: Apache-2.0


class BenchError(Exception):
    """Why something could not be measured, as one sentence."""


class NotMeasurable(BenchError):
    """A row that needs something which is not there."""
