"""A cosign that signs nothing: it leaves an artifact beside what it is told to sign, and knows it again."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bake_compiler.errors import PreflightError
from bake_compiler.oci.reference import Reference
from bake_compiler.system.process import Command
from tests.fakes.images import Made, artifact_of
from tests.fakes.registry import FakeRegistry

PEM = "-----BEGIN PUBLIC KEY-----\nabc\n-----END PUBLIC KEY-----"


@dataclass
class FakeCosign:
    """cosign (process.Runner).

    Attributes:
        fake: the registry that signatures go to.
        gone: there is no such program.
        wrong_key: what it says of the key; empty: it is right.
        refused: repository → what it says when it can't sign there.
        forgets: the registry does not keep what refers to an image.
        listens: is called before each signature.
        signed: what was signed, in order.
        commands: all that it was started with.
    """

    fake: FakeRegistry
    gone: bool = False
    wrong_key: str = ""
    refused: dict[str, str] = field(default_factory=dict)
    forgets: bool = False
    listens: Callable[[], None] = lambda: None
    signed: list[Reference] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)

    async def __call__(self, command: Command, on_line: Callable[[str], None]) -> int:
        self.commands.append(command)
        if self.gone:
            raise PreflightError("'cosign' is not on PATH")
        match command.argv:
            case (_, "version"):
                return 0
            case (_, "public-key", *_):
                for line in (self.wrong_key or PEM).splitlines():
                    on_line(line)
                return bool(self.wrong_key)
            case (_, "sign", *_, name):
                return self._sign(Reference.parse(name), on_line)
            case (_, "verify", *_, name):
                return 0 if Reference.parse(name) in self.signed and not self.forgets else 10
            case _:
                raise AssertionError(f"cosign has no such words: {command}")

    def _sign(self, ref: Reference, on_line: Callable[[str], None]) -> int:
        self.listens()
        if words := self.refused.get(ref.repository):
            on_line("Signing artifact...")
            on_line(f"error during command execution: signing [{ref}]: {words}")
            return 1
        self.signed.append(ref)
        if not self.forgets:
            media_type, content = self.fake.repositories[ref.repository].manifests[str(ref.digest)]
            signature = artifact_of(Made(media_type, content), statement=f"{len(self.signed)}".encode())
            self.fake.push(ref.repository, f"signature-{len(self.signed)}", signature)
        return 0
