"""The rooms that `.importlinter` calls pure touch nothing of the world: no file, process, network, environment, clock.

import-linter sees which modules a pure room imports. This test sees the rest: what is called on a path, and `open`.
"""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.architecture.modules import PACKAGE, ROOT, contract, name_of, sources, tree_of

_MODULES = """
aiohttp fcntl glob http httpx mmap multiprocessing os platform random rich secrets shutil signal socket
subprocess tempfile threading typer urllib.request
"""
MODULES = frozenset(_MODULES.split())
"""Modules that touch the world, or chance: a pure room imports none of them."""
MEMBERS: Mapping[str, frozenset[str]] = {
    "asyncio": frozenset({"sleep", "create_subprocess_exec", "create_subprocess_shell", "open_connection"}),
    "datetime": frozenset({"now", "today", "utcnow"}),
    "importlib": frozenset({"import_module", "reload", "resources"}),
    "io": frozenset({"FileIO", "open", "open_code"}),
    "sys": frozenset({"argv", "exit", "path", "stderr", "stdin", "stdout"}),
    "time": frozenset({"sleep", "time", "time_ns", "monotonic", "perf_counter", "process_time", "localtime"}),
}
"""What of a module touches the world, if only a part of it does."""
BUILTINS = frozenset({"open", "input", "print", "breakpoint", "exec", "eval", "__import__"})
_METHODS = """
absolute chmod cwd exists expanduser glob hardlink_to home is_block_device is_char_device is_dir is_fifo
is_file is_junction is_mount is_socket is_symlink iterdir lchmod lstat mkdir now open owner read_bytes
read_text readlink rename resolve rglob rmdir samefile stat symlink_to touch unlink walk write_bytes
write_text
"""
METHODS = frozenset(_METHODS.split())
"""What a path, or a clock, is asked for: no value of ours has a method of such a name."""
ALLOWED = {
    (
        "bake_compiler.oci.platform",
        "platform",
    ): "Platform.here reads it for the commands, which hand it down",
}
"""(module, what it uses) → why it may."""


def uses(tree: ast.AST) -> Iterator[str]:
    """What a module uses of the world."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names if is_of_the_world(name.name))
            case ast.ImportFrom(module=str() as module, names=names):
                members = MEMBERS.get(module, frozenset())
                yield from (module for _ in names[:1] if is_of_the_world(module))
                yield from (f"{module}.{name.name}" for name in names if name.name in members)
            case ast.Call(func=ast.Name(id=name)) if name in BUILTINS:
                yield name
            case ast.Attribute(value=ast.Name(id=module), attr=name) if name in MEMBERS.get(module, ()):
                yield f"{module}.{name}"
            case ast.Call(func=ast.Attribute(attr=name)) if name in METHODS:
                yield f".{name}()"
            case _:
                pass


def is_of_the_world(module: str) -> bool:
    return any(module == each or module.startswith(f"{each}.") for each in MODULES)


def pure_rooms() -> tuple[str, ...]:
    return contract("pure", "source_modules")


def modules_of(room: str) -> list[Path]:
    return [path for path in sources() if f"{name_of(path)}.".startswith(f"{room}.")]


@pytest.mark.parametrize("room", pure_rooms())
def test_a_pure_room_touches_nothing(room: str) -> None:
    assert modules_of(room), f"{room} has no module"

    found = {(name_of(path), use) for path in modules_of(room) for use in uses(tree_of(path))}

    assert sorted(found - ALLOWED.keys()) == []


def test_every_exception_is_needed() -> None:
    found = {(name_of(path), use) for room in pure_rooms() for path in modules_of(room) for use in uses(tree_of(path))}

    assert found >= ALLOWED.keys()


@pytest.mark.parametrize(
    ("line", "use"),
    [
        ("import subprocess", "subprocess"),
        ("import os.path", "os.path"),
        ("from os import environ", "os"),
        ("def f():\n    import socket", "socket"),
        ("from aiohttp import ClientSession", "aiohttp"),
        ("from time import sleep", "time.sleep"),
        ("import time\ntime.time()", "time.time"),
        ("import asyncio\nasyncio.sleep(1)", "asyncio.sleep"),
        ("from urllib.request import urlopen", "urllib.request"),
        ("open('x')", "open"),
        ("print('x')", "print"),
        ("datetime.now()", ".now()"),
        *((f"path.{name}()", f".{name}()") for name in sorted(METHODS)),
    ],
)
def test_each_rule_finds_a_module_that_breaks_it(line: str, use: str, tmp_path: Path) -> None:
    path = tmp_path / "made_up.py"
    path.write_text(f'"""A made-up module."""\n\n{line}\n', encoding="utf-8")

    assert use in set(uses(tree_of(path)))


def test_what_only_looks_like_it_is_not_found(tmp_path: Path) -> None:
    path = tmp_path / "made_up.py"
    path.write_text("import time\ntime.strftime('%Y')\ntext.replace('a', 'b')\npath / 'x'\n", encoding="utf-8")

    assert list(uses(tree_of(path))) == []


def test_the_list_of_pure_rooms_names_rooms() -> None:
    assert all((ROOT / room.replace(".", "/")).is_dir() for room in pure_rooms())
    assert PACKAGE.name == "bake_compiler"
