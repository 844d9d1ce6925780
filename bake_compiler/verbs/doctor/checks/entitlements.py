"""The permissions that buildx needs: paths outside of the project, the host's network, privileged containers.

Source: buildx bake/entitlements.go; measured with 0.29.1. buildx resolves symlinks in a path. For a path that the build
writes, the nearest existing folder counts.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bake_compiler.plan.evaluate import UNKNOWN
from bake_compiler.plan.lines import csv_fields
from bake_compiler.plan.paths import URL
from bake_compiler.verbs.doctor.facts import Facts
from bake_compiler.verbs.doctor.result import CheckResult, bad, good, unknown

_SINCE_FILES, _SINCE = (0, 20), (0, 17)
_SUBJECT = "entitlements"
_TARGET = "target:"


async def check_entitlements(facts: Facts) -> tuple[CheckResult, ...]:
    """Whether buildx gets all permissions that the build needs."""
    build = facts.build
    needed = [each for image in build.images for each in privileges(build.root, build.attributes(image))]
    return (judge_entitlements(needed, build.allow, (await facts.said).buildx),)


@dataclass(frozen=True, order=True)
class Privilege:
    """A permission that buildx asks for.

    Attributes:
        kind: fs.read, fs.write, network.host or security.insecure.
        path: for fs.read and fs.write: the path, after symlinks.
    """

    kind: str
    path: str = ""

    def __str__(self) -> str:
        return f"--allow {self.kind}={self.path}" if self.path else f"--allow {self.kind}"

    def is_in(self, allowed: Iterable[str]) -> bool:
        """Whether one of the values of `--allow` gives the permission."""
        return any(self._is_given_by(*each.partition("=")[::2]) for each in allowed)

    def _is_given_by(self, kind: str, path: str) -> bool:
        if not self.path:
            return kind == self.kind
        given = Path(path).resolve()
        return kind in {self.kind, "fs"} and (
            path == "*" or given == Path(self.path) or given in Path(self.path).parents
        )


def privileges(root: Path, found: Mapping[str, object]) -> Iterator[Privilege | None]:
    """Yield the permissions that one target needs; None for a permission that only buildx can determine.

    Args:
        root: the project's root, which is the working directory.
        found: the target's attributes, evaluated.
    """
    kinds = found.get("entitlements", ())
    yield from (Privilege(str(kind)) if kind is not UNKNOWN else None for kind in _each(kinds))
    if found.get("network") == "host":
        yield Privilege("network.host")
    for path in _read(found):
        yield from _outside(root, "fs.read", path)
    for path in _written(found):
        yield from _outside(root, "fs.write", path)


def judge_entitlements(
    needed: Iterable[Privilege | None], allowed: Iterable[str], buildx: tuple[int, ...] | None
) -> CheckResult:
    """Return whether `--allow` gives all permissions that the build needs.

    Args:
        needed: the permissions that the targets need.
        allowed: the values of `--allow`.
        buildx: its version; None if unknown.
    """
    wanted = set(needed)
    asked = {each for each in wanted if each and (buildx or ()) >= (_SINCE_FILES if each.path else _SINCE)}
    missing = sorted(each for each in asked if not each.is_in(allowed))
    if missing:
        words = ", ".join(f"{each.kind} {each.path}".strip() for each in missing)
        return bad(_SUBJECT, f"buildx asks for {words}", f"bakec build {' '.join(map(str, missing))}")
    if not buildx or None in wanted:
        return unknown(
            _SUBJECT, "only buildx knows what an expression in the models asks for" if buildx else "no buildx"
        )
    return good(_SUBJECT, ", ".join(map(str, sorted(asked))) or "none are asked for")


def _each(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)


def _read(found: Mapping[str, object]) -> Iterator[object]:
    context, dockerfile, contexts = (found.get(name) for name in ("context", "dockerfile", "contexts"))
    yield context
    if isinstance(context, str) and isinstance(dockerfile, str) and URL not in context:
        yield f"{context}/{dockerfile}"
    yield from contexts.values() if isinstance(contexts, Mapping) else (contexts,)
    yield from _said(found, "secret", "src")
    yield from _said(found, "cache-from", "src")


def _written(found: Mapping[str, object]) -> Iterator[object]:
    yield from _said(found, "cache-to", "dest")
    yield from _said(found, "output", "dest")


def _said(found: Mapping[str, object], attribute: str, key: str) -> Iterator[object]:
    for line in _each(found.get(attribute, ())):
        yield csv_fields(attribute, line).get(key) if isinstance(line, str) else line


def _outside(root: Path, kind: str, path: object) -> Iterator[Privilege | None]:
    if path is UNKNOWN:
        yield None
    elif isinstance(path, str) and path and URL not in path and not path.startswith(_TARGET) and path != "-":
        whole = (root / path).resolve()
        if not whole.is_relative_to(root.resolve()):
            there = next(each for each in (whole, *whole.parents) if each.exists())
            yield Privilege(kind, str(there if kind == "fs.write" else whole))
