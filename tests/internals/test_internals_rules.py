"""Inner parts of libraries are used in orchestration/internals only, and each file there has a canary."""

import ast
import importlib
from pathlib import Path

import pytest

from orchestration.settings import PROJECT

INTERNALS = PROJECT / "orchestration" / "internals"
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SOURCES = [
    path
    for name in ("orchestration", "dashboard")
    for path in sorted((PROJECT / name).rglob("*.py"))
    if not path.is_relative_to(INTERNALS)
]


def private_imports(source: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        found += [name for name in names if any(part.startswith("_") for part in name.split("."))]
    return [name for name in found if not name.startswith("__future__")]


def private_attributes(source: str) -> list[str]:
    """Private attributes of other objects, unless the file itself defines one of that name."""
    tree = ast.parse(source)
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and _is_private(node.attr)]
    own = {node.attr for node in attributes if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")}
    own |= {node.name for node in ast.walk(tree) if isinstance(node, FUNCTIONS)}
    return [ast.unparse(node) for node in attributes if node.attr not in own]


def overridden(source: str) -> list[str]:
    """Private methods that override one of a base class from another file."""
    tree = ast.parse(source)
    imported = {
        alias.asname or alias.name: (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    } | {
        alias.asname or alias.name: (alias.name, "")
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    found = []
    for cls in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
        methods = [node.name for node in cls.body if isinstance(node, FUNCTIONS) and _is_private(node.name)]
        bases = [_resolved(base, imported) for base in cls.bases] if methods else []
        found += [f"{cls.name}.{name}" for name in methods if any(hasattr(base, name) for base in bases)]
    return found


def _resolved(base: ast.expr, imported: dict[str, tuple[str | None, str]]) -> object:
    root, *rest = ast.unparse(base).split("[")[0].split(".")
    if root not in imported:
        return None
    module, name = imported[root]
    found: object = importlib.import_module(str(module))
    for part in [name, *rest] if name else rest:
        found = getattr(found, part)
    return found


# Documented, and underlined only so as not to clash with a field.
_OF_NAMED_TUPLES = ("_replace",)


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in _OF_NAMED_TUPLES


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_nothing_private_is_used_elsewhere(path: Path) -> None:
    source = path.read_text()
    assert private_imports(source) == []
    assert private_attributes(source) == []
    assert overridden(source) == []


def test_each_file_has_a_canary_and_says_what_it_depends_on() -> None:
    for path in INTERNALS.glob("[!_]*.py"):
        assert Path(__file__).with_name(f"test_{path.name}").exists(), f"{path.name} has no canary"
        said = " ".join((ast.get_docstring(ast.parse(path.read_text())) or "").split())
        assert all(word in said for word in ("Depends on", "change", "Tried with")), path.name


def test_the_rules_find_what_they_forbid() -> None:
    assert private_imports("from rich._export_format import X\nfrom dagster import _core") == [
        "rich._export_format.X",
        "dagster._core",
    ]
    assert private_attributes("filesystem._pool.get()") == ["filesystem._pool"]
    assert private_attributes("class A:\n def f(self, other): return self._x + other._x") == []
    assert overridden((INTERNALS / "dagster_dbt_cli.py").read_text()) == [
        "InstalledDbtCli._cli_version",
        "InstalledDbtCli._initialize_dbt_core_adapter",
    ]
