# SPDX-License-Identifier: Apache-2.0
"""The base of every row: data, servers, measuring, reporting."""
