"""A release through any order of faults, crashes, rivals, finish and rollback."""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bake_compiler.errors import BakecError, RegistryError, VerificationError
from bake_compiler.oci.reference import Reference
from bake_compiler.registry import Registry
from bake_compiler.release import Names, ReleaseState, finish, move_all, read_release, release_ids, roll_back, status_of
from tests.fakes.clock import FakeClock
from tests.fakes.registry import FakeRegistry
from tests.fakes.tags import index, moves_to, named, public_tags
from tests.fakes.wire import Reply, Request

HOST, MIRROR = "registry.test", "mirror.test"
HERE = public_tags(HOST, "acme", 1, ("v1", "v2", "latest"))
TAGS = (*HERE, *public_tags(MIRROR, "far", 1, ("v1", "v2", "latest")))
NEW_TAG = TAGS[1]
THEIRS = index("theirs")


class Crash(BaseException):
    """The process is killed."""


class Unsure(FakeRegistry):
    """Two registries; at a request something happens; what a killed process would still ask is not answered.

    Attributes:
        at: the request, counted from now.
        what: what happens then.
        overwrote: tags that were written although a rival had moved them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.at, self.what, self.is_dead, self.is_down = -1, "", False, False
        self.overwrote: list[str] = []

    def respond(self, request: Request) -> Reply:
        """Answer, or let it happen."""
        if self.is_dead:
            raise Crash
        what, self.at = (self.what if self.at == 0 else ""), self.at - 1
        name, _, tag = request.path.removeprefix("/v2/").partition("/manifests/")
        writes = request.method == "PUT"
        if what == "rival" and not writes and self.tag(name, tag):
            self.rival(Reference(HOST, name, tag))
        self.is_down |= what == "down"
        if self.is_down and name.startswith("far/"):
            return Reply(403, body=b"no")
        if what == "crash before":
            self.is_dead = True
            raise Crash
        if what == "refused":
            return Reply(400, body=b"no")
        if writes and self.tag(name, tag) == str(THEIRS.digest):
            self.overwrote.append(request.path)
        reply = super().respond(request)
        if what == "crash after":
            self.is_dead = True
            raise Crash
        return Reply(400, body=b"lost") if what == "lost" else reply

    def rival(self, tag: Reference) -> None:
        """Someone else moves a tag."""
        repository = self.repositories[tag.repository]
        repository.manifests[str(THEIRS.digest)] = (THEIRS.media_type, THEIRS.content)
        repository.tags[tag.tag] = str(THEIRS.digest)


HAPPENINGS = st.tuples(
    st.integers(0, 40), st.sampled_from(["", "rival", "crash before", "crash after", "refused", "lost", "down"])
)


class Releases(RuleBasedStateMachine):
    """One release of six tags in two registries, one of which was not there before."""

    @initialize(happening=HAPPENINGS)
    def release(self, happening: tuple[int, str]) -> None:
        self.fake, self.folder = Unsure(), tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)
        self.run(self.set_up)
        self.new = {str(move.tag): str(move.to.digest) for move in self.moves}
        self.happens(happening, lambda registry: move_all(registry, self.root, "1", self.moves), self.new)
        if happening[1] == "down":  # what became of the mirror's tags, only the mirror can say
            here = {str(tag) for tag in HERE if tag != NEW_TAG}
            assert len({self.now[tag] == self.new[tag] for tag in here}) == 1

    async def set_up(self, registry: Registry) -> None:
        before = [tag for tag in TAGS if tag != NEW_TAG]
        for move in await moves_to(registry, before, "old"):
            await registry.put_manifest(move.tag, move.to)
        self.old = await named(registry, TAGS)
        self.moves = await moves_to(registry, TAGS, "new")

    @rule(happening=HAPPENINGS)
    def finish(self, happening: tuple[int, str]) -> None:
        if release_ids(self.root):
            self.happens(happening, lambda one: finish(one, self.root, read_release(self.root)), self.new)

    @rule(happening=HAPPENINGS)
    def roll_back(self, happening: tuple[int, str]) -> None:
        if release_ids(self.root):
            after = {**self.now, **self.old}  # the tag that is new stays, if it was moved
            self.happens(happening, lambda one: roll_back(one, self.root, read_release(self.root)), after)

    @rule(tag=st.sampled_from(TAGS))
    def rival(self, tag: Reference) -> None:
        self.fake.rival(tag)

    @rule()
    def rival_puts_back(self) -> None:
        for tag in TAGS:
            if self.now.get(str(tag)) == str(THEIRS.digest):
                old = self.old.get(str(tag))
                tags = self.fake.repositories[tag.repository].tags
                tags.pop(tag.tag)
                tags |= {tag.tag: old} if old else {}

    @rule()
    def status(self) -> None:
        if not release_ids(self.root):
            assert self.now == self.old or str(THEIRS.digest) in self.now.values()
            return
        status = self.run(lambda registry: status_of(registry, read_release(self.root)))
        assert {str(tag.move.tag): str(tag.now) for tag in status.tags if tag.now} == self.now
        taken = {tag for tag, digest in self.now.items() if digest not in {self.new[tag], self.old.get(tag)}}
        gone = {tag for tag in self.old if tag not in self.now}
        moved = [tag for tag in status.tags if tag.names is Names.NEW and not tag.stays]
        assert {str(tag.move.tag) for tag in status.taken} == taken | gone
        if status.taken:
            assert status.state is ReleaseState.TAKEN
        elif status.state is ReleaseState.ROLLED_BACK:
            assert not moved
        else:
            mixed = self.now not in (self.old, self.new)
            assert (status.state is ReleaseState.TORN) == mixed

    def run(self, work: Callable[[Registry], Coroutine[Any, Any, Any]]) -> Any:
        return asyncio.run(work(Registry(self.fake, retry=FakeClock().retry())))

    def happens(
        self,
        happening: tuple[int, str],
        work: Callable[[Registry], Coroutine[Any, Any, Any]],
        wanted: dict[str, str],
    ) -> None:
        """Do it, and let something happen at one of its requests; if it says that it was done, it was."""
        self.fake.at, self.fake.what = happening
        before, said = self.now, str(THEIRS.digest)
        try:
            self.run(work)
        except VerificationError as error:
            said = error.message
        except (RegistryError, Crash):
            assert happening[1] in {"crash before", "crash after", "refused", "lost", "down"}
        except BakecError as error:
            raise AssertionError from error
        else:
            ours = {tag: digest for tag, digest in self.now.items() if digest != str(THEIRS.digest)}
            late = [tag for tag in self.now if tag not in ours]  # a rival after the last look
            assert not late or happening[1] == "rival"
            assert ours == {tag: digest for tag, digest in wanted.items() if tag not in late}, before
        finally:
            self.fake.at, self.fake.is_dead, self.fake.is_down = -1, False, False
        assert str(THEIRS.digest) in said

    @property
    def now(self) -> dict[str, str]:
        """Tag → the digest that it names."""
        found = {str(tag): self.fake.tag(tag.repository, tag.tag) for tag in TAGS}
        return {tag: digest for tag, digest in found.items() if digest}

    @invariant()
    def nothing_else_is_named(self) -> None:
        for tag, digest in self.now.items():
            assert digest in {self.old.get(tag), self.new[tag], str(THEIRS.digest)}

    @invariant()
    def nothing_of_the_rival_is_overwritten(self) -> None:
        assert not self.fake.overwrote

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.folder.cleanup()


TestReleases = Releases.TestCase
TestReleases.settings = settings(max_examples=40, stateful_step_count=10, deadline=None)
