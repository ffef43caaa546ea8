# SPDX-License-Identifier: MIT
"""Where things lie: the tree, the cache outside it, and the names made from them.

Nothing here creates anything. The cache may be deleted at any time when no lab is up; whatever is in it
can be made again. It is keyed so that two trees, two recipes or two runs never meet in one folder.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

TREE = Path(__file__).resolve().parent.parent

CACHE = Path(os.environ.get("WAYFERRY_LAB_CACHE", "/var/cache/wayferry-lab")).absolute()

ROOTFS_DIR = CACHE / "rootfs"
CCACHE_DIR = CACHE / "ccache"
RUNS_DIR = CACHE / "runs"

# Builds of two checkouts must not mix, and a moved checkout has stale paths in it anyway.
TREE_KEY = hashlib.sha256(str(TREE).encode()).hexdigest()[:8]
BUILD_DIR = CACHE / "build" / TREE_KEY

# Where the tree and its build appear inside the root file system. Fixed names keep compiler caches valid
# from one checkout to the next.
INNER_TREE = "/src/wayferry"
INNER_BUILD = "/build"
INNER_CCACHE = "/ccache"
INNER_DESKTOP = "/srv/desktop"

OUT_DIR = TREE / "out"
