# SPDX-License-Identifier: MIT
"""Size figures of the code: files and functions, C++ and Python.

Sizes are a hint where to look, with one hard limit: no function over 80 lines. Python functions are found
by its own parser, C++ ones by counting braces: a block is a function when what stands before it, at
namespace or class level, ends in a parameter list. That is rough, and good enough for a figure. Generated
code lies outside the tree and is not counted.
"""

from __future__ import annotations

import ast
import re
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

LIMIT = 80

_CPP_FOLDERS = ["src", "scanner", "tests", "testbed/seat"]
_PYTHON_FOLDERS = ["testbed", "tests"]

# Comments, strings and preprocessor lines, in which braces mean nothing.
_NOISE = re.compile(
    r"""//[^\n]* | /\*.*?\*/ | R"\((.*?)\)" | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])' | ^\s*\#(?:\\\n|[^\n])*""",
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)
_SCOPE = re.compile(r"\b(namespace|class|struct|union|enum)\b[^()]*$|\bextern\s*$")
_FUNCTION = re.compile(r"\)[^;=]*$|\boperator\b|\)\s*:[^;]*$")


class Function(NamedTuple):
    """One function: where, its name, how many lines."""

    file: Path
    name: str
    lines: int


def report(tree: Path) -> bool:
    """Prints the figures of each language; whether no function is over the limit."""
    good = True
    for language, files, find in (
        ("C++", cpp_files(tree), cpp_functions),
        ("Python", _python_files(tree), python_functions),
    ):
        sizes = sorted(len(file.read_text().splitlines()) for file in files)
        functions = [function for file in files for function in find(file)]
        if not functions:
            continue
        print(f"{language}: {_summary(sizes, functions)}")
        for function in functions:
            if function.lines > LIMIT:
                good = False
                print(f"{function.file}: {function.name} has {function.lines} lines, the limit is {LIMIT}")
    return good


def _summary(sizes: list[int], functions: list[Function]) -> str:
    lengths = sorted(function.lines for function in functions)
    p90 = lengths[int(len(lengths) * 0.9)]
    longest = max(functions, key=lambda function: function.lines)
    return (
        f"{len(sizes)} files, median {statistics.median(sizes):g}, longest {sizes[-1]}; "
        f"{len(lengths)} functions, median {statistics.median(lengths):g}, p90 {p90}, "
        f"longest {longest.lines} ({longest.file.name}: {longest.name})"
    )


def cpp_files(tree: Path) -> list[Path]:
    """The C++ files of the tree."""
    return _files(tree, _CPP_FOLDERS, (".cc", ".h"))


def _python_files(tree: Path) -> list[Path]:
    return _files(tree, _PYTHON_FOLDERS, (".py",))


def _files(tree: Path, folders: list[str], suffixes: tuple[str, ...]) -> list[Path]:
    found = {path for folder in folders for path in (tree / folder).rglob("*") if path.suffix in suffixes}
    return sorted(found)


def python_functions(file: Path) -> Iterator[Function]:
    """Every def of a Python file."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef) and node.end_lineno is not None:
            yield Function(file, node.name, node.end_lineno - node.lineno + 1)


def cpp_functions(file: Path) -> Iterator[Function]:
    """Every function body of a C++ file, by braces."""
    text = _NOISE.sub(lambda match: "\n" * match.group().count("\n"), file.read_text())
    blocks: list[tuple[str, int, str]] = []  # kind, offset of the head, name
    head_start = 0
    for match in re.finditer(r"[{};]", text):
        if match.group() == "{":
            head = text[head_start : match.start()]
            inside_code = any(kind != "scope" for kind, _, _ in blocks)
            blocks.append((_kind(head, inside_code), match.start() - len(head.lstrip()), _name(head)))
        elif match.group() == "}" and blocks:
            kind, start, name = blocks.pop()
            if kind == "function":
                yield Function(file, name, text.count("\n", start, match.start()) + 1)
            if kind == "value":
                continue
        if all(kind != "value" for kind, _, _ in blocks):
            head_start = match.end()


def _kind(head: str, inside_code: bool) -> str:
    """What the brace after HEAD opens: a scope, a function, another block, or a value as in `x_{1}`, which is
    a part of its head and not the end of it. Our format has a space before every brace but the last."""
    if head and not head[-1].isspace():
        return "value"
    if inside_code:
        return "block"
    if _SCOPE.search(head):
        return "scope"
    return "function" if _FUNCTION.search(head) else "block"


def _name(head: str) -> str:
    found = re.search(r"([\w:~]+)\s*\(", head)
    return found.group(1) if found else "?"
