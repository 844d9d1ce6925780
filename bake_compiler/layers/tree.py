"""Builds the root file system from layers. Only files that can run, and the links to them, are kept.

Source: OCI image-spec v1.1 (layer.md, "Applying Changesets", "Whiteouts"). A path through a symlink of a lower layer
follows the symlink, as in containerd.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from bake_compiler.layers import records
from bake_compiler.layers.binary import Binary
from bake_compiler.layers.error import over_limit
from bake_compiler.layers.layer import Layer
from bake_compiler.layers.script import Script

MEMORY: Final = 48 << 20
"""The memory that a tree may take, in bytes (approximate): enough for about 300,000 files."""

_OF_A_NAME = 110
_OF_A_DIRECTORY = 300
_OF_A_BINARY = 400
_MOST_LINKS = 40
_MOST_STEPS = 50_000_000  # steps from directory to directory: about ten seconds
_MOST_SAMPLES = 1000
_UNKEPT = "px/"
_DOTS = frozenset({"", ".", ".."})


@dataclass(frozen=True, slots=True)
class File:
    """A file that is kept.

    Attributes:
        binary: what the file is; None if its bytes do not say.
        executable: whether any user may run it.
    """

    binary: Binary | None
    executable: bool


@dataclass(slots=True)
class Hidden:
    """Files of one kind that a later layer deletes or replaces.

    Attributes:
        count: the number of files.
        paths: the paths of the first 1,000 files.
    """

    count: int = 0
    paths: list[str] = field(default_factory=list)


Directory = dict[str, "TreeNode"]
TreeNode = Directory | File | str
"""A directory (name → node), a file, or a symlink (its target)."""


class TreePlace(NamedTuple):
    """The place where a path ends, and the node at this place.

    Attributes:
        path: the path without symlinks; if a part is missing, the path where this part would be.
        node: the node; None if it is missing or not kept; a symlink if the symlinks form a circle.
    """

    path: str
    node: TreeNode | None


class Tree:
    """The root file system. Layers are applied to it, lowest first.

    Args:
        names: names of files that are kept in any case, so that bakec can report why they do not run.

    Attributes:
        hidden: the binaries (without scripts) that a later layer deleted or replaced.
    """

    def __init__(self, names: Collection[str] = ()) -> None:
        self._names = frozenset(names)
        self._root: Directory = {}
        self._files: dict[tuple[str, bool], File] = {}
        self._memory = MEMORY
        self._steps = _MOST_STEPS
        self.hidden: dict[Binary, Hidden] = {}

    def apply(self, layer: Layer) -> None:
        """Put a layer on top.

        Raises:
            LayerError: the tree needs more memory than `MEMORY`.
        """
        # whiteouts hide lower layers only: they come first, wherever they stand in their layer
        for path in layer.facts.opaque:
            self._empty(path)
        for path in layer.facts.whiteouts:
            self._remove(path)
        directory = ""
        here: Directory | None = self._root
        entries = layer.records()
        for record in entries:
            mark, name = record[0], record[1:]
            if mark == "d":
                directory, here = name, self._opened(name)
                continue
            node = None if mark in _UNKEPT and name not in self._names else self._read(mark, name, entries)
            if here and name in here and not (mark == "/" and isinstance(here[name], dict)):
                self._drop(here, name, directory)
            if node is not None:
                here = self._made(directory) if here is None else here
                here[name] = node
                self._charge(_weight(name, node))

    def follow(self, path: str) -> TreePlace:
        """Return the place that a path leads to within the root, with symlinks followed."""
        names, node = self._follow(path, last=True)
        return TreePlace("/" + "/".join(names), node)

    def listing(self, path: str) -> Iterator[tuple[str, File]]:
        """Yield the kept files of a directory with their real paths; nothing if the directory is not there."""
        directory, node = self.follow(path)
        for name in sorted(node) if isinstance(node, dict) else ():
            place, file = self.follow(f"{directory}/{name}")
            if isinstance(file, File):
                yield place, file

    def programs(self) -> Iterator[tuple[str, File]]:
        """Yield all binaries and scripts that no layer hides, with full paths, sorted within each directory."""
        ahead: list[tuple[str, TreeNode]] = [("", self._root)]
        while ahead:
            path, node = ahead.pop()
            if isinstance(node, dict):
                ahead += ((f"{path}/{name}", node[name]) for name in sorted(node, reverse=True))
            elif isinstance(node, File) and node.binary:
                yield path, node

    def _read(self, mark: str, name: str, entries: Iterator[str]) -> File | str | None:
        """Return the file or symlink of a record; None if it is not kept."""
        match mark:
            case "p" | "x" if name in self._names:
                return self._file("", executable=mark == "x")
            case "b" | "B":
                return self._file(next(entries), executable=mark == "B")
            case "l":
                return next(entries)
            case "h":
                _, target = self._follow(next(entries), last=False)
                return None if isinstance(target, dict) else target
            case _:
                return None

    def _file(self, description: str, *, executable: bool) -> File:
        """Return one shared object for all files of one kind."""
        key = (description, executable)
        if key not in self._files:
            self._files[key] = File(records.read_record(description) if description else None, executable)
            self._charge(_OF_A_BINARY + 2 * len(description))
        return self._files[key]

    def _follow(self, path: str, *, last: bool) -> tuple[list[str], TreeNode | None]:
        """Return the names of a path without symlinks, and the node there. `last`: follow a symlink at its end too."""
        ahead = path.split("/")[::-1]
        self._go(len(ahead))
        names: list[str] = []
        nodes: list[TreeNode | None] = [self._root]
        links = 0
        while ahead:
            name = ahead.pop()
            if name == ".." and names:
                names.pop()
                nodes.pop()
            if name in _DOTS:
                continue
            parent = nodes[-1]
            node = parent.get(name) if isinstance(parent, dict) else None
            if isinstance(node, str) and (last or ahead) and links < _MOST_LINKS:
                links += 1
                onward = node.split("/")[::-1]
                self._go(len(onward))
                ahead += onward
                if node.startswith("/"):
                    del names[:], nodes[1:]
            else:
                names.append(name)
                nodes.append(node)
        return names, nodes[-1]

    def _opened(self, path: str) -> Directory | None:
        """Return the directory; None if nothing in it is kept."""
        node: TreeNode | None = self._root
        self._go(path.count("/"))
        for name in path.split("/") if path else ():
            node = node.get(name) if isinstance(node, dict) else None
            if node is None:
                return None
            if isinstance(node, str):
                node = self._follow(path, last=True)[1]
                break
        return node if isinstance(node, dict) else None

    def _go(self, steps: int) -> None:
        self._steps -= steps
        if self._steps < 0:
            raise over_limit(f"its paths and symlinks take more than {_MOST_STEPS:,} steps to follow")

    def _made(self, path: str) -> Directory:
        """Return the directory. If it is missing, make it, in place of a file or symlink of this name."""
        here = self._root
        way: list[str] = []
        for name in self._follow(path, last=True)[0]:
            node = here.get(name)
            if not isinstance(node, dict):
                self._drop(here, name, "/".join(way))
                node = here[name] = {}
                self._charge(_weight(name, node))
            here = node
            way.append(name)
        return here

    def _empty(self, path: str) -> None:
        """Hide everything that lower layers have in a directory."""
        _, node = self._follow(path, last=False)
        if isinstance(node, dict):
            for name in tuple(node):
                self._drop(node, name, path)
        elif node is not None:
            self._remove(path)

    def _remove(self, path: str) -> None:
        """Hide the file or directory that lower layers have at a path."""
        directory, _, name = path.rpartition("/")
        if here := self._opened(directory):
            self._drop(here, name, directory)

    def _drop(self, here: Directory, name: str, directory: str) -> None:
        """Remove a name from a directory, and record the binaries that are removed with it."""
        if name not in here:
            return
        ahead: list[tuple[str, str, TreeNode]] = [(directory, name, here.pop(name))]
        while ahead:
            parent, name, node = ahead.pop()
            path = f"{parent}/{name}" if parent else f"/{name}"
            self._memory += _weight(name, node)
            if isinstance(node, dict):
                ahead += ((path, child, node[child]) for child in node)
            elif isinstance(node, File) and node.binary and not isinstance(node.binary, Script):
                self._note(node.binary, path if path.startswith("/") else f"/{path}")

    def _note(self, binary: Binary, path: str) -> None:
        if binary not in self.hidden:
            self.hidden[binary] = Hidden()
            self._charge(_OF_A_BINARY)
        hidden = self.hidden[binary]
        hidden.count += 1
        if hidden.count <= _MOST_SAMPLES:
            hidden.paths.append(path)
            self._charge(_OF_A_NAME + len(path))

    def _charge(self, memory: int) -> None:
        self._memory -= memory
        if self._memory < 0:
            raise over_limit(f"its programs and links are more than {MEMORY >> 20} MiB of memory can hold")


def _weight(name: str, node: TreeNode) -> int:
    own = _OF_A_DIRECTORY if isinstance(node, dict) else len(node) if isinstance(node, str) else 0
    return _OF_A_NAME + len(name) + own
