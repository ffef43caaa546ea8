# SPDX-License-Identifier: MIT
"""The lab: whole hosts made of namespaces on one machine, for people and for tests."""
