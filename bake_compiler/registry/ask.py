"""A question to a registry, its whole answer, and what bakec reads and waits for at most."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from bake_compiler.registry.transport import Body

LONGEST_ERROR = 64 * 1024


@dataclass(frozen=True, slots=True)
class Ask:
    """A question, not yet sent.

    Attributes:
        registry: whom, as references name it.
        scope: what a token must allow (distribution, "Token Scope Documentation"); empty: no credentials go with it.
        limit: bytes that the answer may have.
        hops: redirects that may be followed.
        onward: a registry sent us there: its network must not be one that no registry may send us to.
        takes: statuses beside 2xx that are answers too.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: Body | None = field(default=None, repr=False)
    registry: str = ""
    scope: str = ""
    limit: int = LONGEST_ERROR
    hops: int = 0
    onward: bool = False
    takes: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status.

    Attributes:
        anonymous: no credentials stood behind the question.
    """

    ask: Ask
    status: int
    headers: Mapping[str, str]
    content: bytes
    anonymous: bool = True


@dataclass(frozen=True)
class RegistryLimits:
    """What bakec waits for at most.

    Attributes:
        seconds: for all of a small answer, redirects included; of a stream that is sent, for each piece of it.
        finishing: for the answer once all of a stream was sent: on object storage a registry then copies all of it.
        rate: bytes a second that the stream of a blob must bring on average …
        grace: … after this many seconds of waiting for it.
    """

    seconds: float = 60.0
    finishing: float = 300.0
    rate: int = 16 * 1024
    grace: float = 30.0
