# SPDX-License-Identifier: MIT
"""The coverage table: which applications change between which compositors (docs/coverage.md)."""
