"""`./dev bench verify`: 200 images for two platforms, beside the commands that one would loop over without bakec.

Manifests, configs and the presence of each layer. The peers do less: imagetools and docker read manifests only.
"""

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
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
VERIFIED = "{0} cells: {0} verified"
DEPENDENT = 3  # an index, its manifests, their configs and layers


@dataclass(frozen=True)
class Peer:
    """A command for one reference, in a loop.

    Attributes:
        goal: how many times faster bakec is to be.
        shows: a text that the command prints.
        at_once: processes at a time.
        sample: how many images it is run for at most; the time counts for all of them.
        children: whether it is run for each manifest of an index as well.
    """

    name: str
    goal: int
    argv: tuple[str, ...]
    shows: str
    at_once: int = 1
    sample: int = IMAGES
    children: bool = False

    def seconds(self, registry: str, images: int) -> float:
        """What the loop takes for all images."""
        count = min(images, self.sample)
        lines = "\n".join(self._references(registry, count))
        with TemporaryDirectory() as directory:
            file = Path(directory, "references")
            file.write_text(lines)
            loop = ("xargs", "-a", str(file), "-n", "1", "-P", str(self.at_once), *self.argv)
            took = seconds(loop, shows=self.shows)
        return took * images / count

    def _references(self, registry: str, count: int) -> Iterator[str]:
        for number, reference in enumerate(fleet.references(registry, count)):
            yield reference
            if self.children:
                yield from (f"{reference}@{child.digest}" for child in fleet.image(number).children)


PEERS = (
    Peer(
        f"`docker buildx imagetools inspect --raw`, each manifest ({SAMPLE} of the {IMAGES} images run)",
        30,
        ("docker", "buildx", "imagetools", "inspect", "--raw"),
        '"schemaVersion"',
        sample=SAMPLE,
        children=True,
    ),
    Peer("`docker manifest inspect`", 30, ("docker", "manifest", "inspect", "--insecure"), '"schemaVersion"'),
    *(
        [Peer("`crane validate --fast`, 8 at once", 3, (CRANE, "validate", "--fast", "--remote"), "PASS", 8)]
        if CRANE
        else []
    ),
)


def bakec(registry: str, images: int) -> tuple[str, ...]:
    """The command that checks all of it."""
    return (*BAKEC, "verify", *fleet.references(registry, images), "--platform", "amd64,arm64")


def compare(
    where: str, registry: str, images: int = IMAGES, peers: Sequence[Peer] = PEERS, rounds: int = ROUNDS
) -> Times:
    """Print bakec beside each peer on one registry; gives bakec's times."""
    command = bakec(registry, images)
    contenders: dict[str, Callable[[], float]] = {peer.name: partial(peer.seconds, registry, images) for peer in peers}
    contenders[""] = partial(seconds, command, shows=VERIFIED.format(2 * images))
    times = in_turn(contenders, rounds, once={peer.name for peer in peers if peer.at_once == 1})
    print(f"\n{where}: `bakec verify` of {images} images {times['']}, {megabytes(command):.0f} MB\n")
    print("| peer | shortest / median | bakec is faster by | goal |\n|---|---|---|---|")
    for peer in peers:
        print(f"| {peer.name} | {times[peer.name]} | {times[peer.name].median / times[''].median:.1f} | {peer.goal} |")
    return times[""]


def compare_from_afar(registry: str, images: int = IMAGES, peers: Sequence[Peer] = PEERS, rounds: int = ROUNDS) -> None:
    """Print the same with a round trip of latency, and bakec beside what its requests must take at least."""
    with Latency(registry, ROUND_TRIP) as far:
        seconds(bakec(far.address, images))
        requests, connections = far.requests, far.connections
        ours = compare(f"In memory, {ROUND_TRIP * 1000:.0f} ms away", far.address, images, peers, rounds)
    model = (DEPENDENT + requests / connections) * ROUND_TRIP
    print(
        f"\n({DEPENDENT} dependent round trips + {requests} requests / {connections} connections)"
        f" x {ROUND_TRIP * 1000:.0f} ms = {model:.2f} s: bakec takes {ours.median / model:.2f} times that (goal: 1.5)"
    )


def main(*, tiny: bool = False) -> None:
    """Print the tables: on the registry in use, and on one in memory, near and far."""
    registry = os.environ["BAKEC_REGISTRY"]
    images, rounds = (2, 1) if tiny else (IMAGES, ROUNDS)
    asyncio.run(fleet.push(registry, images))
    compare(f"Registry at {registry}", registry, images, rounds=rounds)
    if not CRANE:
        print("\ncrane is not there: neither it nor its registry is measured")
        return
    with memory_registry() as memory:
        asyncio.run(fleet.push(memory, images))
        compare("In memory", memory, images, rounds=rounds)
        compare_from_afar(memory, images, rounds=rounds)
