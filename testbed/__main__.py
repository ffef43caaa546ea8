# SPDX-License-Identifier: MIT
"""`python3 -m testbed`, which is what ./lab runs."""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):
    sys.exit("lab: needs Python 3.11 or newer, as Debian 12 has")

from .cli import main  # noqa: E402  (after the version check, which it would fail without words)

sys.exit(main(sys.argv[1:]))
