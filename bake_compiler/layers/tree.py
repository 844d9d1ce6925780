"""The root file system that layers add up to, of which only what can run is kept, and what leads to it.

Source: OCI image-spec v1.1 (layer.md, "Applying Changesets", "Whiteouts"). A path that leads through a symlink of
a lower layer follows it, as containerd does.
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
"""About how many bytes a tree may take; it holds some 300,000 files."""

_OF_A_NAME = 110
_OF_A_DIRECTORY = 300
_OF_A_BINARY = 400
_MOST_LINKS = 40
_MOST_STEPS = 50_000_000  # from directory to directory: some ten seconds
_MOST_SAMPLES = 1000
_UNKEPT = "px/"
_DOTS = frozenset({"", ".", ".."})


@dataclass(frozen=True, slots=True)
class File:
    """A file that is kept.

    Attributes:
        binary: what it is; None if its bytes do not say.
        executable: whether anyone may run it.
    """

    binary: Binary | None
    executable: bool


@dataclass(slots=True)
class Hidden:
    """Files that are alike, of some layer, that a later one deletes or replaces.

    Attributes:
        count: how many.
        paths: of the first 1,000.
    """

    count: int = 0
    paths: list[str] = field(default_factory=list)


Directory = dict[str, "TreeNode"]
TreeNode = Directory | File | str
"""A directory by its names, a file, or a symlink by its target."""


class TreePlace(NamedTuple):
    """Where a path ends, and what is there.

    Attributes:
        path: without symlinks; where the first missing one would be, if they lead nowhere.
        node: None if it is missing, or not kept; a symlink if it leads in a circle.
    """

    path: str
    node: TreeNode | None


class Tree:
    """The root file system; layers are applied to it, lowest first.

    Args:
        names: of files that are kept whatever they are, so that it can be told why they do not run.

    Attributes:
        hidden: the binaries, scripts left out, that a later layer deleted or replaced.
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
            LayerError: there is more to keep than fits into `MEMORY`.
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
        """What a path leads to within the root, symlinks followed."""
        names, node = self._follow(path, last=True)
        return TreePlace("/" + "/".join(names), node)

    def listing(self, path: str) -> Iterator[tuple[str, File]]:
        """The kept files of a directory, symlinks followed, by where they really are; none if it is not there."""
        directory, node = self.follow(path)
        for name in sorted(node) if isinstance(node, dict) else ():
            place, file = self.follow(f"{directory}/{name}")
            if isinstance(file, File):
                yield place, file

    def programs(self) -> Iterator[tuple[str, File]]:
        """The live binaries and scripts with their full names, sorted within each directory."""
        ahead: list[tuple[str, TreeNode]] = [("", self._root)]
        while ahead:
            path, node = ahead.pop()
            if isinstance(node, dict):
                ahead += ((f"{path}/{name}", node[name]) for name in sorted(node, reverse=True))
            elif isinstance(node, File) and node.binary:
                yield path, node

    def _read(self, mark: str, name: str, entries: Iterator[str]) -> File | str | None:
        """What a record keeps: a file or a symlink; None if nothing."""
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
        """One object for all files that are alike."""
        key = (description, executable)
        if key not in self._files:
            self._files[key] = File(records.read_record(description) if description else None, executable)
            self._charge(_OF_A_BINARY + 2 * len(description))
        return self._files[key]

    def _follow(self, path: str, *, last: bool) -> tuple[list[str], TreeNode | None]:
        """The names that lead to a path without symlinks, its last one followed too or not, and what is there."""
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
        """The directory, if anything of it is kept."""
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
        """The directory, made where it is missing; what stands in its way is replaced."""
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
        """Hide what lower layers have in a directory."""
        _, node = self._follow(path, last=False)
        if isinstance(node, dict):
            for name in tuple(node):
                self._drop(node, name, path)
        elif node is not None:
            self._remove(path)

    def _remove(self, path: str) -> None:
        """Hide what lower layers have at a path."""
        directory, _, name = path.rpartition("/")
        if here := self._opened(directory):
            self._drop(here, name, directory)

    def _drop(self, here: Directory, name: str, directory: str) -> None:
        """Take a name out of a directory, and note the binaries that go with it."""
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
