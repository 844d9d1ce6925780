"""The modules of bake_compiler as syntax trees, and the contracts of `.importlinter`."""

import ast
from collections.abc import Iterator
from configparser import ConfigParser
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "bake_compiler"


def sources() -> tuple[Path, ...]:
    """Every module of bake_compiler, sorted."""
    return tuple(sorted(PACKAGE.rglob("*.py")))


@cache
def tree_of(path: Path) -> ast.Module:
    """The syntax tree of a module."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def name_of(path: Path) -> str:
    """The dotted name of a module, with bake_compiler in front; a package has the name of its folder."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def contract(name: str, key: str) -> tuple[str, ...]:
    """The lines of one value of a contract in `.importlinter`."""
    read = ConfigParser()
    read.read(ROOT / ".importlinter", encoding="utf-8")
    return tuple(line.strip() for line in read[f"importlinter:contract:{name}"][key].strip().splitlines())


def rooms(contract_name: str = "chain") -> Iterator[str]:
    """The rooms of a layers contract, from the top."""
    for line in contract(contract_name, "layers"):
        yield from (room.strip() for room in line.split("|"))
