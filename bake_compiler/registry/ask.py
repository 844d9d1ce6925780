"""A question to a registry, its whole answer, and the limits of size and time."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from bake_compiler.registry.transport import Body

LONGEST_ERROR = 64 * 1024


@dataclass(frozen=True, slots=True)
class Ask:
    """A question that is not sent yet.

    Attributes:
        registry: the registry, as in a reference.
        scope: the scope of the token (distribution, "Token Scope Documentation"); empty: send no credentials.
        limit: the largest size of the answer, in bytes.
        hops: the number of redirects that may be followed.
        onward: whether a registry named the host of the URL; then the host's addresses are checked.
        takes: statuses that count as answers, besides 2xx.
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
    """An answer of any status.

    Attributes:
        anonymous: whether the question was sent without credentials.
    """

    ask: Ask
    status: int
    headers: Mapping[str, str]
    content: bytes
    anonymous: bool = True


@dataclass(frozen=True)
class RegistryLimits:
    """The limits of time.

    Attributes:
        seconds: for a whole small answer with its redirects; while a stream is sent, for each piece of the stream.
        finishing: for the answer after a whole stream was sent: with object storage, a registry then copies the blob.
        rate: the lowest average rate of a blob's stream, in bytes a second, …
        grace: … which counts after this many seconds of waiting.
    """

    seconds: float = 60.0
    finishing: float = 300.0
    rate: int = 16 * 1024
    grace: float = 30.0
