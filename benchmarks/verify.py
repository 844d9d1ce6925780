"""`./dev bench verify`: 200 images for two platforms, beside the commands that one would loop over without bakec.

Manifests, configs and the presence of each layer. The peers do less: imagetools and docker read manifests only.
"""

import asyncio
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import fleet
from benchmarks.crane import CRANE, memory_registry
from benchmarks.latency import Latency
from benchmarks.measure import BAKEC, Times, in_turn, megabytes, seconds

IMAGES = 200
ROUNDS = 5  # of bakec and crane; a loop of Docker's is an average of many runs by itself
SAMPLE = int(os.environ.get("BAKEC_SAMPLE", "20"))  # images of the slowest loop: 200 take four minutes
ROUND_TRIP = 0.040  # seconds
DEPENDENT = 3  # an index, its manifests, their configs and layers


@dataclass(frozen=True)
class Peer:
    """A command for one reference, in a loop.

    Attributes:
        goal: how many times faster bakec is to be.
        at_once: processes at a time.
        images: how many it is run for; the time counts for all of them.
        children: whether it is run for each manifest of an index as well.
    """

    name: str
    goal: int
    argv: tuple[str, ...]
    at_once: int = 1
    images: int = IMAGES
    children: bool = False

    def seconds(self, registry: str) -> float:
        """What the loop takes for all images."""
        lines = "\n".join(self._references(registry))
        with TemporaryDirectory() as directory:
            file = Path(directory, "references")
            file.write_text(lines)
            took = seconds(("xargs", "-a", str(file), "-n", "1", "-P", str(self.at_once), *self.argv))
        return took * IMAGES / self.images

    def _references(self, registry: str) -> Iterator[str]:
        for number, reference in enumerate(fleet.references(registry, self.images)):
            yield reference
            if self.children:
                yield from (f"{reference}@{child.digest}" for child in fleet.image(number).children)


PEERS = (
    Peer(
        f"`docker buildx imagetools inspect --raw`, each manifest ({SAMPLE} of the {IMAGES} images run)",
        30,
        ("docker", "buildx", "imagetools", "inspect", "--raw"),
        images=SAMPLE,
        children=True,
    ),
    Peer("`docker manifest inspect`", 30, ("docker", "manifest", "inspect", "--insecure")),
    *([Peer("`crane validate --fast`, 8 at once", 3, (CRANE, "validate", "--fast", "--remote"), 8)] if CRANE else []),
)


def bakec(registry: str) -> tuple[str, ...]:
    """The command that checks all of it."""
    return (*BAKEC, "verify", *fleet.references(registry, IMAGES), "--platform", "amd64,arm64")


def compare(where: str, registry: str) -> Times:
    """Print bakec beside each peer on one registry; gives bakec's times."""
    contenders: dict[str, Callable[[], float]] = {peer.name: partial(peer.seconds, registry) for peer in PEERS}
    contenders[""] = partial(seconds, bakec(registry))
    times = in_turn(contenders, ROUNDS, once={peer.name for peer in PEERS if peer.at_once == 1})
    print(f"\n{where}: `bakec verify` of {IMAGES} images {times['']}, {megabytes(bakec(registry)):.0f} MB\n")
    print("| peer | shortest / median | bakec is faster by | goal |\n|---|---|---|---|")
    for peer in PEERS:
        print(f"| {peer.name} | {times[peer.name]} | {times[peer.name].median / times[''].median:.1f} | {peer.goal} |")
    return times[""]


def compare_from_afar(registry: str) -> None:
    """Print the same with a round trip of latency, and bakec beside what its requests must take at least."""
    with Latency(registry, ROUND_TRIP) as far:
        seconds(bakec(far.address))
        requests, connections = far.requests, far.connections
        ours = compare(f"In memory, {ROUND_TRIP * 1000:.0f} ms away", far.address)
    model = (DEPENDENT + requests / connections) * ROUND_TRIP
    print(
        f"\n({DEPENDENT} dependent round trips + {requests} requests / {connections} connections)"
        f" x {ROUND_TRIP * 1000:.0f} ms = {model:.2f} s: bakec takes {ours.median / model:.2f} times that (goal: 1.5)"
    )


def main() -> None:
    """Print the tables: on the registry in use, and on one in memory, near and far."""
    registry = os.environ["BAKEC_REGISTRY"]
    asyncio.run(fleet.push(registry, IMAGES))
    compare(f"Registry at {registry}", registry)
    if not CRANE:
        print("\ncrane is not there: neither it nor its registry is measured")
        return
    with memory_registry() as memory:
        asyncio.run(fleet.push(memory, IMAGES))
        compare("In memory", memory)
        compare_from_afar(memory)
