"""`./dev bench release`: how long some public tags are new and others old, beside one `docker buildx bake --push`.

Read in the registry's own storage, where a tag is a file that is written when it moves.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks import buildable
from benchmarks.build import new_site
from benchmarks.contenders import Site, run_bake, run_bakec

LAYERS = (3, 4, 4, 2)  # 13 images
TAGS = ("latest", "1")  # besides TAG itself
ROUNDS = 3  # from cache, after the cold one
GOAL = 0.01

_IMAGES, _TAGS = sum(LAYERS), sum(LAYERS) * (1 + len(TAGS))


def main() -> None:
    """Print a row for each round: a cold build on an engine of each one's own, then all from BuildKit's cache."""
    ours = _windows("bakec", lambda site, again: run_bakec(site, *("--rebuild",) * again))
    theirs = _windows("bake", lambda site, _: run_bake(site))
    print(f"\n| {_IMAGES} images, {_TAGS} tags: from the first to the last | bakec | bake | bakec takes | |")
    print("|---|---|---|---|---|")
    for number, (own, other) in enumerate(zip(ours, theirs, strict=True)):
        met = "met" if own <= other * GOAL else "not met"
        state = "from cache" if number else "cold"
        print(f"| {state} | {own * 1e3:.0f} ms | {other * 1e3:.0f} ms | {own / other:.2%} of it | {GOAL:.0%}: {met} |")


def _windows(namespace: str, run: Callable[[Site, bool], object]) -> list[float]:
    with new_site(lambda root: buildable.graph(root, LAYERS, TAGS)) as site:
        folder = site.engine.storage / "docker/registry/v2/repositories" / namespace
        return [_window(folder, partial(run, site, number > 0)) for number in range(1 + ROUNDS)]


def _window(folder: Path, run: Callable[[], object]) -> float:
    """Seconds from the first public tag to the last that a run writes; none is there before it."""
    for link in _links(folder):
        link.unlink()
    run()
    moments = [link.stat().st_mtime for link in _links(folder)]
    if len(moments) != _TAGS:
        raise AssertionError(f"{len(moments)} public tags in {folder}")
    return max(moments) - min(moments)


def _links(folder: Path) -> list[Path]:
    found = folder.glob("*/_manifests/tags/*/current/link")
    return [link for link in found if not link.parent.parent.name.startswith("staged-")]
