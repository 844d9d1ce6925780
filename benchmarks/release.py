"""`./dev bench release`: how long some public tags are new and others old, beside one `docker buildx bake --push`.

Read in the registry's own storage, where a tag is a file that is written when it moves.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from benchmarks import buildable
from benchmarks.build import new_site
from benchmarks.contenders import Site, run_bake, run_bakec

LAYERS = (3, 4, 4, 2)  # 13 images
TAGS = ("latest", "1")  # besides TAG itself
ROUNDS = 3  # from cache, after the cold one
GOAL = 0.01


def main(*, tiny: bool = False) -> None:
    """Print a row for each round: a cold build on an engine of each one's own, then all from BuildKit's cache."""
    layers, rounds = ((1, 1), 1) if tiny else (LAYERS, ROUNDS)
    tags = sum(layers) * (1 + len(TAGS))
    ours = _windows("bakec", lambda site, again: run_bakec(site, *("--rebuild",) * again), layers, rounds)
    theirs = _windows("bake", lambda site, _: run_bake(site), layers, rounds)
    print(f"\n| {sum(layers)} images, {tags} tags: from the first to the last | bakec | bake | bakec takes | |")
    print("|---|---|---|---|---|")
    for number, (own, other) in enumerate(zip(ours, theirs, strict=True)):
        met = "met" if own <= other * GOAL else "not met"
        state = "from cache" if number else "cold"
        print(f"| {state} | {own * 1e3:.0f} ms | {other * 1e3:.0f} ms | {own / other:.2%} of it | {GOAL:.0%}: {met} |")


def _windows(namespace: str, run: Callable[[Site, bool], object], layers: Sequence[int], rounds: int) -> list[float]:
    tags = sum(layers) * (1 + len(TAGS))
    with new_site(lambda root: buildable.graph(root, layers, TAGS)) as site:
        folder = site.engine.storage / "docker/registry/v2/repositories" / namespace
        return [_window(folder, partial(run, site, number > 0), tags) for number in range(1 + rounds)]


def _window(folder: Path, run: Callable[[], object], tags: int) -> float:
    """Seconds from the first public tag to the last that a run writes; none is there before it."""
    for link in _links(folder):
        link.unlink()
    run()
    moments = [link.stat().st_mtime for link in _links(folder)]
    if len(moments) != tags:
        raise AssertionError(f"{len(moments)} public tags in {folder}")
    return max(moments) - min(moments)


def _links(folder: Path) -> list[Path]:
    found = folder.glob("*/_manifests/tags/*/current/link")
    return [link for link in found if not link.parent.parent.name.startswith("staged-")]
