# SPDX-License-Identifier: Apache-2.0
"""What every row uses: data, servers, measuring, reporting."""
