"""A registry in memory that answers as distribution (registry:2 and 3) does, to a transport or on a socket.

    registry = FakeRegistry()
    registry.push_image("acme/web", "1.0", ("linux/amd64", "linux/arm64"))
    client = Registry(registry)

`with registry.serve() as host` gives the same on 127.0.0.1, for programs that open their own sockets; and an
`httpx.MockTransport(registry)` lets httpx ask it.
"""

import json
import re
import ssl
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import httpx

from bake_compiler.oci.digest import Digest
from bake_compiler.oci.manifest import INDEXES, MANIFESTS, OCI_INDEX
from bake_compiler.registry import transport
from bake_compiler.registry.transport import NoAnswerError, Reason
from tests.fakes.guards import Guard, Tokens
from tests.fakes.images import Made, index_of
from tests.fakes.wire import (
    ConnectionCut,
    InMemoryResponse,
    Reply,
    Request,
    answer_httpx,
    answer_in_memory,
    serve,
)

LARGEST_MANIFEST = 4 * 1024 * 1024

_NAME = r"/v2/(?P<name>[a-z0-9._/-]+)"
_DIGEST = r"(?P<digest>[a-z0-9]+:[a-f0-9]+)"
_MESSAGES = {
    "BLOB_UNKNOWN": "blob unknown to registry",
    "BLOB_UPLOAD_UNKNOWN": "blob upload unknown to registry",
    "DENIED": "requested access to the resource is denied",
    "DIGEST_INVALID": "provided digest did not match uploaded content",
    "MANIFEST_BLOB_UNKNOWN": "blob unknown to registry",
    "MANIFEST_INVALID": "manifest invalid",
    "MANIFEST_UNKNOWN": "manifest unknown",
    "NAME_UNKNOWN": "repository name not known to registry",
    "TOOMANYREQUESTS": "too many requests",
    "UNAUTHORIZED": "authentication required",
    "UNKNOWN": "unknown error",
    "UNSUPPORTED": "The operation is unsupported.",
}
_CODES = {401: "UNAUTHORIZED", 429: "TOOMANYREQUESTS"}


@dataclass
class Fault:
    """What goes wrong with the next `times` requests of this method whose path contains this text.

    Attributes:
        status: answer this in place of the truth; 0 answers the truth.
        body: with this; an error document unless told.
        reset: cut the connection instead of an answer.
        delay: seconds to wait first.
        cut: end the connection after so many bytes of the body, be it the truth or not.
        endless: let the body come again and again.
        pause: wait so many seconds before each byte of the body, on a socket.
    """

    status: int = 0
    path: str = ""
    method: str = ""
    times: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    reset: bool = False
    delay: float = 0.0
    cut: int | None = None
    endless: bool = False
    pause: float = 0.0

    def hits(self, request: Request) -> bool:
        return self.times > 0 and self.method in {"", request.method} and self.path in request.path


@dataclass
class Repository:
    """What one repository holds, by digest; its tags name digests."""

    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def holds(self, digest: str) -> bool:
        return digest in self.manifests or digest in self.blobs


class Deletes(StrEnum):
    """What a registry removes."""

    NOTHING = "nothing: 405"
    MANIFESTS = "manifests, with all of their tags; no tag: 400, as distribution 2.8"
    TAGS = "a tag alone, and manifests, as distribution 3"
    UNTAGGED = "a tag alone, and manifests that no tag names; else 403"
    ALL_BY_TAG = "with a tag its manifest, and all other tags of that"


class FakeRegistry:
    """Repositories in memory behind the API of the distribution-spec.

    Attributes:
        repositories: what it holds: look, or damage it.
        faults: what goes wrong next.
        requests: everything that it was asked.
        guard: who may ask; None: anybody.
        omits: names of headers, in lower case, that its answers lack.
        blobs_at: the root URL of another place, to which it sends who asks for a blob.
        ranges: whether it gives parts of blobs.
        lists_referrers: whether it has the Referrers API, as zot and others; distribution 2 has not.
        deletes: what it removes.
        page: how many tags it lists at a time, at most.
    """

    def __init__(self) -> None:
        self.repositories: defaultdict[str, Repository] = defaultdict(Repository)
        self.faults: list[Fault] = []
        self.requests: list[Request] = []
        self.guard: Guard | None = None
        self.omits: frozenset[str] = frozenset()
        self.blobs_at = ""
        self.ranges = True
        self.lists_referrers = True
        self.deletes = Deletes.NOTHING
        self.page = 10_000
        self._uploads: dict[str, bytes] = {}
        self._lock = threading.RLock()

    def push(self, name: str, tag: str, made: Made) -> Made:
        """Store this under a tag, with all that it needs."""
        self._store(self.repositories[name], made)
        self.repositories[name].tags[tag] = str(made.digest)
        return made

    def push_image(self, name: str, tag: str, platforms: tuple[str, ...], *, attested: bool = True) -> Made:
        """Store a sound multi-platform image as buildx pushes it."""
        return self.push(name, tag, index_of(*platforms, attested=attested))

    def delete(self, name: str, digest: Digest) -> None:
        """Lose a manifest or a blob, as a careless garbage collection does."""
        repository = self.repositories[name]
        repository.manifests.pop(str(digest), None)
        repository.blobs.pop(str(digest), None)

    def corrupt(self, name: str, digest: Digest, content: bytes) -> None:
        """Serve other bytes for a digest than it stands for."""
        repository = self.repositories[name]
        if str(digest) in repository.manifests:
            repository.manifests[str(digest)] = (repository.manifests[str(digest)][0], content)
        else:
            repository.blobs[str(digest)] = content

    def tag(self, name: str, tag: str) -> str | None:
        """The digest that a tag names."""
        return self.repositories[name].tags.get(tag)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer a request of httpx: the handler of an `httpx.MockTransport`."""
        return answer_httpx(self.respond, request)

    async def send(self, request: transport.Request) -> InMemoryResponse:
        """Answer a request of bakec's client: this registry is its network."""
        return await answer_in_memory(self.respond, request)

    @contextmanager
    def serve(self, tls: ssl.SSLContext | None = None) -> Iterator[str]:
        """Answer on a port of 127.0.0.1; gives `127.0.0.1:PORT`."""
        with serve(self.respond, tls) as host:
            yield host

    def respond(self, request: Request) -> Reply:
        """The answer to a request, with its length stated."""
        fault = self._fault(request)
        if fault and fault.reset:
            raise ConnectionCut
        reply = self._wrong(fault) if fault and fault.status else self._guarded(request)
        usual = {"Date": formatdate(usegmt=True), **({} if reply.endless else {"Content-Length": str(len(reply.body))})}
        headers = {name: value for name, value in {**usual, **reply.headers}.items() if name.lower() not in self.omits}
        reply = replace(reply, headers=headers)
        return replace(reply, cut=fault.cut, pause=fault.pause) if fault else reply

    def _fault(self, request: Request) -> Fault | None:
        with self._lock:
            self.requests.append(request)
            fault = next((fault for fault in self.faults if fault.hits(request)), None)
            if fault:
                fault.times -= 1
        if fault:
            time.sleep(fault.delay)
        return fault

    def _wrong(self, fault: Fault) -> Reply:
        body = _error(fault.status, _CODES.get(fault.status, "UNKNOWN")).body
        return Reply(fault.status, fault.headers, body if fault.body is None else fault.body, endless=fault.endless)

    def _guarded(self, request: Request) -> Reply:
        authorization = request.headers.get("authorization", "")
        if isinstance(self.guard, Tokens) and request.path == "/token":
            status, body = self.guard.answer(request.query, request.body, authorization)
            return Reply(status, {"Content-Type": "application/json"}, body)
        match = re.match(_NAME + r"/(?:manifests|blobs|tags|referrers)/", request.path)
        name = match["name"] if match else ""
        challenge = self.guard.refusal(request.method, name, authorization, request.place) if self.guard else None
        if challenge is None:
            return self._route(request)
        return replace(_error(401, "UNAUTHORIZED"), headers={"WWW-Authenticate": challenge})

    def _route(self, request: Request) -> Reply:
        routes: tuple[tuple[str, str, Callable[..., Reply]], ...] = (
            ("GET", r"/v2/", self._base),
            ("GET HEAD", _NAME + r"/manifests/(?P<reference>[^/]+)", self._get_manifest),
            ("PUT", _NAME + r"/manifests/(?P<reference>[^/]+)", self._put_manifest),
            ("DELETE", _NAME + r"/manifests/(?P<reference>[^/]+)", self._delete_manifest),
            ("GET HEAD", _NAME + r"/blobs/" + _DIGEST, self._get_blob),
            ("POST", _NAME + r"/blobs/uploads/", self._start_upload),
            ("PATCH", _NAME + r"/blobs/uploads/(?P<upload>[0-9a-f-]+)", self._continue_upload),
            ("PUT", _NAME + r"/blobs/uploads/(?P<upload>[0-9a-f-]+)", self._finish_upload),
            ("DELETE", _NAME + r"/blobs/uploads/(?P<upload>[0-9a-f-]+)", self._cancel_upload),
            ("GET", _NAME + r"/tags/list", self._list_tags),
            *((("GET", _NAME + r"/referrers/" + _DIGEST, self._list_referrers),) if self.lists_referrers else ()),
        )
        matches = [
            (methods, match, handler)
            for methods, pattern, handler in routes
            if (match := re.fullmatch(pattern, request.path))
        ]
        for methods, match, handler in matches:
            if request.method in methods.split():
                with self._lock:
                    return handler(request, **match.groupdict())
        return _error(405, "UNSUPPORTED") if matches else Reply(404, body=b"404 page not found\n")

    def _base(self, _: Request) -> Reply:
        return Reply(200, {"Docker-Distribution-Api-Version": "registry/2.0"}, b"{}")

    def _get_manifest(self, request: Request, name: str, reference: str) -> Reply:
        repository = self._look(name)
        digest = repository.tags.get(reference, reference)
        if digest not in repository.manifests:
            return _error(404, "MANIFEST_UNKNOWN")
        media_type, content = repository.manifests[digest]
        if not {media_type, "*/*"} & set(re.split(r"\s*,\s*", request.headers.get("accept", "*/*"))):
            return _error(404, "MANIFEST_UNKNOWN")
        return Reply(200, {"Content-Type": media_type, "Docker-Content-Digest": digest}, content)

    def _put_manifest(self, request: Request, name: str, reference: str) -> Reply:
        repository = self.repositories[name]
        media_type = request.headers.get("content-type", "")
        needed = _needed(request.body, media_type)
        if needed is None:
            return _error(400, "MANIFEST_INVALID")
        if not all(map(repository.holds, needed)):
            return _error(400, "MANIFEST_BLOB_UNKNOWN")
        digest = str(Digest.of(request.body))
        if ":" in reference and reference != digest:
            return _error(400, "DIGEST_INVALID")
        repository.manifests[digest] = (media_type, request.body)
        if ":" not in reference:
            repository.tags[reference] = digest
        where = f"/v2/{name}/manifests/{digest}"
        return Reply(201, {"Location": where, "Docker-Content-Digest": digest})

    def _get_blob(self, request: Request, name: str, digest: str) -> Reply:
        content = self._look(name).blobs.get(digest)
        if content is None:
            return _error(404, "BLOB_UNKNOWN")
        if self.blobs_at:
            return Reply(307, {"Location": f"{self.blobs_at}{request.path}?signature=secret"})
        headers = {"Content-Type": "application/octet-stream", "Docker-Content-Digest": digest}
        match = re.fullmatch(r"bytes=([0-9]+)-", request.headers.get("range", ""))
        if not match or not self.ranges:
            return Reply(200, headers, content)
        start, size = int(match[1]), len(content)
        if start >= size:
            return Reply(416, {"Content-Range": f"bytes */{size}"})
        return Reply(206, {**headers, "Content-Range": f"bytes {start}-{size - 1}/{size}"}, content[start:])

    def _start_upload(self, request: Request, name: str) -> Reply:
        digest = request.query.get("mount", "")
        mounted = self._look(request.query.get("from", "")).blobs.get(digest)
        if mounted is not None:
            return self._keep_blob(name, digest, mounted)
        upload = str(uuid.uuid4())
        self._uploads[upload] = b""
        return self._accepted(name, upload)

    def _continue_upload(self, request: Request, name: str, upload: str) -> Reply:
        if upload not in self._uploads:
            return _error(404, "BLOB_UPLOAD_UNKNOWN")
        self._uploads[upload] += request.body
        return self._accepted(name, upload)

    def _cancel_upload(self, _: Request, upload: str, **_repository: str) -> Reply:
        return Reply(204) if self._uploads.pop(upload, None) is not None else _error(404, "BLOB_UPLOAD_UNKNOWN")

    @property
    def uploads(self) -> int:
        """How many uploads were begun and neither finished nor cancelled."""
        return len(self._uploads)

    def _finish_upload(self, request: Request, name: str, upload: str) -> Reply:
        if upload not in self._uploads:
            return _error(404, "BLOB_UPLOAD_UNKNOWN")
        content = self._uploads[upload] + request.body
        digest = request.query.get("digest", "")
        if str(Digest.of(content)) != digest:
            return _error(400, "DIGEST_INVALID")
        del self._uploads[upload]
        return self._keep_blob(name, digest, content)

    def _delete_manifest(self, _: Request, name: str, reference: str) -> Reply:
        by_tag, kind = ":" not in reference, self.deletes
        if kind is Deletes.NOTHING:
            return _error(405, "UNSUPPORTED")
        if by_tag and kind is Deletes.MANIFESTS:
            return _error(400, "DIGEST_INVALID")
        repository = self._look(name)
        digest = repository.tags.get(reference, "") if by_tag else reference
        if digest not in repository.manifests:
            return _error(404, "MANIFEST_UNKNOWN")
        if by_tag and kind is not Deletes.ALL_BY_TAG:
            del repository.tags[reference]
            return Reply(202)
        if kind is Deletes.UNTAGGED and digest in repository.tags.values():
            return _error(403, "DENIED")
        del repository.manifests[digest]
        repository.tags = {tag: named for tag, named in repository.tags.items() if named != digest}
        return Reply(202)

    def _list_tags(self, request: Request, name: str) -> Reply:
        if name not in self.repositories:
            return _error(404, "NAME_UNKNOWN")
        size = min(self.page, int(request.query.get("n", self.page)))
        left = [tag for tag in sorted(self.repositories[name].tags) if tag > request.query.get("last", "")]
        document = {"name": name, "tags": left[:size] or None}
        following = f'</v2/{name}/tags/list?last={left[size - 1]}&n={size}>; rel="next"' if len(left) > size else ""
        headers = {"Content-Type": "application/json", **({"Link": following} if following else {})}
        return Reply(200, headers, json.dumps(document).encode())

    def _list_referrers(self, _: Request, name: str, digest: str) -> Reply:
        listed = [
            {"mediaType": media_type, "digest": own, "size": len(content), **_kept(said)}
            for own, (media_type, content) in self._look(name).manifests.items()
            if (said := _said(content)).get("subject", {}).get("digest") == digest
        ]
        document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": listed}
        return Reply(200, {"Content-Type": OCI_INDEX}, json.dumps(document).encode())

    def _accepted(self, name: str, upload: str) -> Reply:
        end = max(0, len(self._uploads[upload]) - 1)
        where = f"/v2/{name}/blobs/uploads/{upload}"
        return Reply(202, {"Location": where, "Range": f"0-{end}", "Docker-Upload-UUID": upload})

    def _keep_blob(self, name: str, digest: str, content: bytes) -> Reply:
        self.repositories[name].blobs[digest] = content
        return Reply(201, {"Location": f"/v2/{name}/blobs/{digest}", "Docker-Content-Digest": digest})

    def _look(self, name: str) -> Repository:
        return self.repositories.get(name) or Repository()

    def _store(self, repository: Repository, made: Made) -> None:
        repository.manifests[str(made.digest)] = (made.media_type, made.content)
        for blob in made.blobs:
            repository.blobs[str(Digest.of(blob))] = blob
        for child in (*made.children, *made.beside):
            self._store(repository, child)


class Hosts:
    """Several registries as one network, by host name.

    Attributes:
        registries: host[:port] → registry.
        requests: everything that was sent, as it was sent.
    """

    def __init__(self, **registries: FakeRegistry) -> None:
        self.registries = {f"{name}.test": registry for name, registry in registries.items()}
        self.requests: list[transport.Request] = []

    async def send(self, request: transport.Request) -> InMemoryResponse:
        """Answer a request of bakec's client."""
        self.requests.append(request)
        registry = self.registries.get(urlsplit(request.url).netloc)
        if registry is None:
            raise NoAnswerError(Reason.NAME)
        return await registry.send(request)


def _said(content: bytes) -> dict[str, Any]:
    """What a manifest says; nothing if it was damaged."""
    try:
        document = json.loads(content)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _kept(document: Mapping[str, Any]) -> dict[str, Any]:
    """What a list of referrers says of a manifest, beside where it is (distribution-spec v1.1)."""
    artifact_type = document.get("artifactType") or document.get("config", {}).get("mediaType", "")
    return {"artifactType": artifact_type, "annotations": document.get("annotations", {})}


def _needed(content: bytes, media_type: str) -> tuple[str, ...] | None:
    """The digests that must be there before a manifest is taken; None if it is not one."""
    try:
        document: dict[str, Any] = json.loads(content)
        if document.get("mediaType", media_type) != media_type or len(content) > LARGEST_MANIFEST:
            return None
        if media_type in INDEXES:
            return tuple(entry["digest"] for entry in document["manifests"])
        if media_type in MANIFESTS:
            return tuple(entry["digest"] for entry in (document["config"], *document["layers"]))
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return None


def _error(status: int, code: str) -> Reply:
    document = {"errors": [{"code": code, "message": _MESSAGES[code], "detail": None}]}
    return Reply(status, {"Content-Type": "application/json"}, json.dumps(document).encode())
