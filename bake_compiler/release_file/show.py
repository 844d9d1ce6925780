"""Prints the difference between two releases for a person."""

from collections.abc import Iterator, Sequence

from bake_compiler.oci.digest import Digest
from bake_compiler.release_file import ReleasedImage, ReleaseFile
from bake_compiler.release_file.diff import BaseChange, ImageChange, PlatformChange, ReleaseDiff
from bake_compiler.report.words.lines import printable, size_in_words


def render_diff(diff: ReleaseDiff) -> str:
    """Return a line for each image that was added (`+`), removed (`-`) or changed (`~`), followed by its changes."""
    rows = [*_images(diff), ("", _summary(diff))]
    width = max(len(name) for name, _ in rows)
    lines = (f"{name:{width}}  {what}" if name else what for name, what in rows)
    return "".join(f"{_line(line)}\n" for line in lines)


def _line(text: str) -> str:
    return printable(text).replace("\n", " ").rstrip()


def _images(diff: ReleaseDiff) -> Iterator[tuple[str, str]]:
    yield from ((f"+ {image.name}", _whole(image)) for image in diff.added)
    yield from ((f"- {image.name}", _whole(image)) for image in diff.removed)
    for change in diff.changed:
        yield from _changed(change)


def _whole(image: ReleasedImage) -> str:
    size = size_in_words(sum(each.size for each in image.platforms))
    return f"{_short(image.digest)}  {', '.join(str(each.platform) for each in image.platforms)}, {size}"


def _changed(change: ImageChange) -> Iterator[tuple[str, str]]:
    before, after = change.before, change.after
    same = before.digest == after.digest
    yield f"~ {after.name}", f"{_short(after.digest)}, the same" if same else _arrow(before.digest, after.digest)
    if before.repository != after.repository:
        yield "    repository", f"{before.repository} → {after.repository}"
    if before.revision != after.revision:
        yield "    revision", f"{before.revision or 'none'} → {after.revision or 'none'}"
    yield from ((f"    {each.platform}", _sizes(each)) for each in change.platforms)
    yield from ((f"    {base.name}", _base(base)) for base in change.bases)
    yield from (("    tag", f"+ {tag}") for tag in change.tags_gained)
    yield from (("    tag", f"- {tag}") for tag in change.tags_lost)


def _sizes(change: PlatformChange) -> str:
    if not change.before or not change.after:
        only = change.after or change.before
        return f"{'added' if change.after else 'removed'}, {size_in_words(only.size) if only else ''}"
    sign = "-" if change.growth < 0 else "+"
    sizes = f"{size_in_words(change.before.size)} → {size_in_words(change.after.size)}"
    return f"{sizes} ({sign}{size_in_words(abs(change.growth))})"


def _base(change: BaseChange) -> str:
    if not change.before or not change.after:
        return f"a base now, {_shorts(change.after)}" if change.after else "no base any more"
    return f"{_shorts(change.before)} → {_shorts(change.after)}"


def _shorts(digests: Sequence[Digest | None]) -> str:
    return ", ".join(_short(digest) if digest else "unknown" for digest in digests)


def _arrow(before: Digest, after: Digest) -> str:
    return f"{_short(before)} → {_short(after)}"


def _short(digest: Digest) -> str:
    return f"{digest.algorithm}:{digest.short}"


def _summary(diff: ReleaseDiff) -> str:
    counts = {"added": diff.added, "removed": diff.removed, "changed": diff.changed}
    told = ", ".join(f"{len(images)} {what}" for what, images in counts.items())
    return f"from {_named(diff.before)} to {_named(diff.after)}: {told}, {diff.unchanged} unchanged"


def _named(release: ReleaseFile) -> str:
    return release.tag or release.run or "a release"
