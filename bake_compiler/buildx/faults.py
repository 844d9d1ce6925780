"""The classes of build failures, as a table. The first row that matches is the class; `transient` means retry.

The rows for the author's mistakes come first, so that a failing RUN, a path or a name never looks like a network fault.
The patterns match messages of BuildKit, buildx, containerd and distribution.
"""

from bake_compiler.buildx.fault import Example, Fault, bare

_EXITED = r"process did not complete successfully: exit code: "
_RUN_OR_UNKNOWN = r"\A(?!\[[^\]]*\] (?:COPY|ADD) )"
_FULL = r"(?i:no space left on device|disk quota exceeded)"
_NO_VERTEX = r"\A\Z"
# Messages that apt, curl, wget, pip, npm, go, apk, git and cargo print if a server does not answer, or answers badly.
_DOWNLOAD = (
    r"^[EW]: (?!.* 404 ).*(?:Failed to fetch|Temporary failure resolving|Connection timed out|Could not connect)|"
    r"^E: apt download failed|"
    r"^curl: \((?:5|6|7|18|28|35|52|55|56|92)\) |"
    r"^curl: \(22\) .* (?:429|5\d\d)\b|"
    r"^wget: (?:bad address|can't connect|download timed out|unable to resolve|server returned error: HTTP/\S+ 5)|"
    r"\b(?:ReadTimeoutError|ConnectTimeoutError|NewConnectionError|Max retries exceeded with url)\b|"
    r"^npm (?:ERR!|error) .*\b(?:ETIMEDOUT|ECONNRESET|ECONNREFUSED|EAI_AGAIN|ENOTFOUND)\b|"
    r"\bdial tcp .*: (?:i/o timeout|connection refused|no such host)|\bTLS handshake timeout\b|"
    r"\btemporary error \(try again later\)|\bspurious network error\b|"
    r"^fatal: unable to access .*(?:Could not resolve|timed out|Failed to connect|returned error: 5)"
)
_BASE = r"load metadata for |\] FROM |resolve image config for |docker-image://"
_EOF = r"(?:\A|: |unexpected |early )EOF(?=[:\n]|\Z)"
_REMOTE_FILE = r"\] ADD |load git source |\bhttps?://"

_METADATA = "[linux/amd64 internal] load metadata for docker.io/acme/base:1"
_PUSH = "exporting to image"
_RUN = "[linux/arm64 build 2/3] RUN make"
_GIT = "[internal] load git source https://git.test/acme/x.git#main"
_LONGEST_WORDS = 8192

LOST = "engine-lost"

CANCELED = Fault(  # by the engine or by a person; bakec does not classify what it canceled itself
    "canceled",
    (r"(?<!from server: )context canceled\Z",),
    transient=True,
    examples=(Example("failed to solve: Canceled: context canceled", "buildx 0.29.1, interrupted"),),
)

FAULTS = (
    Fault(  # the message ends in the author's words
        "dockerfile",
        (r'(?:\A|failed to solve: )(?:failed to process "|cannot copy to non-directory: )',),
        examples=(
            Example('failed to process "${x:?context canceled}": x: context canceled', "BuildKit, Docker 29"),
            Example('failed to process "${x:?unexpected EOF}": x: unexpected EOF', "BuildKit, Docker 29"),
            Example(
                "cannot copy to non-directory: /var/lib/docker/buildkit/cachemounts/buildkit23/connection refused",
                "BuildKit, Docker 29",
                "[3/3] COPY dir /connection refused",
            ),
        ),
    ),
    CANCELED,
    # Mistakes of the author.
    Fault(
        "missing-file",
        (
            r'(?s:failed to calculate checksum of ref .*"(?: not found)?: not found\Z)',
            r"lstat .*: no such file or directory",
            r"(?s:process did not complete successfully: (?:open|stat) .*: no such file or directory\Z)",
            r"failed to get build context",
            r'unable to prepare context: path "(?:[^"\\]|\\.)*" not found',
        ),
        examples=(Example('unable to prepare context: path "nowhere" not found', "buildx build/opt.go"),),
    ),
    Fault(
        "killed",
        (_EXITED + r"(?:137|139)\b", r"process did not complete successfully: cannot allocate memory"),
        vertex=_RUN_OR_UNKNOWN,
        examples=(
            Example(
                'process "/bin/sh -c make" did not complete successfully: cannot allocate memory',
                "BuildKit executor/runcexecutor",
                _RUN,
            ),
        ),
    ),
    Fault("no-emulation", (_EXITED,), vertex=_RUN_OR_UNKNOWN, output=r"^exec \S+: exec format error\s*$"),
    Fault("disk-full", (_EXITED,), vertex=_RUN_OR_UNKNOWN, output=_FULL),
    Fault("download", (_EXITED,), vertex=_RUN_OR_UNKNOWN, output=_DOWNLOAD),
    Fault(
        "step",
        (_EXITED,),
        vertex=_RUN_OR_UNKNOWN,
        examples=(Example("executor failed running [/bin/sh -c make]: exit code: 2", "BuildKit 0.9", _RUN),),
    ),
    Fault(
        "no-secret",
        (r"\bsecret \S+: not found", r"failed to stat .*: no such file", r"unset ssh forward key"),
        examples=(
            Example("unset ssh forward key default", "BuildKit session/sshforward/sshprovider/agentprovider.go", _RUN),
        ),
    ),
    Fault(
        "dockerfile",
        (
            r"dockerfile parse error",
            r"failed to read dockerfile: open .*: no such file",
            r"Dockerfile cannot be empty",
            r"base name \(.*\) should not be blank",
            r"target stage .* could not be found",
            r"failed to parse stage name",
            r"circular dependency detected on stage",
            r"unable to find (?:user|group) ",
            r": not a directory\Z",
            r"cannot replace to directory ",
        ),
        examples=(
            Example("failed to solve: the Dockerfile cannot be empty", "buildx 0.29.1"),
            Example('failed to parse stage name "A:::x": invalid reference format', "buildx 0.29.1"),
            Example("circular dependency detected on stage: a", "BuildKit frontend/dockerfile/dockerfile2llb"),
            Example(
                'process "/bin/sh -c true" did not complete successfully: unable to find group EOF: no matching '
                "entries in group file",
                "BuildKit, Docker 29",
                _RUN,
            ),
            Example(
                "cannot replace to directory /var/lib/docker/buildkit/cachemounts/buildkit35/EOF/file with file",
                "BuildKit, Docker 29",
                "[3/3] COPY file /EOF/",
            ),
        ),
    ),
    Fault("no-builder", (r"\bno builder .* found",), vertex=_NO_VERTEX),
    Fault(
        "bake-file",
        (
            r"failed to find target ",
            r"\A\S+:\d+,\d+(?:-\d+(?:,\d+)?)?: ",
            r"couldn't find a bake definition",
            r"\Aopen .*: no such file",
        ),
        vertex=_NO_VERTEX,
        examples=(
            Example("couldn't find a bake definition", "buildx bake/bake.go"),
            Example("open nope.hcl: no such file or directory", "buildx 0.29.1"),
        ),
    ),
    Fault(
        "entitlement",
        (r"granting entitlement \S+ is not allowed", r"additional privileges requested"),
        examples=(Example("additional privileges requested", "buildx bake/entitlements.go"),),
    ),
    Fault(
        "disk-full",
        (_FULL,),
        examples=(
            Example(
                "failed to copy files: copy file range failed: no space left on device",
                "BuildKit solver/llbsolver/file/backend.go",
                "[2/2] COPY . .",
            ),
            Example(
                "failed to prepare xyz as abc: mkdir /var/lib/docker/x: no space left on device",
                "containerd plugins/snapshots/overlay/overlay.go",
                _RUN,
            ),
        ),
    ),
    Fault(
        "no-remote-file",
        (
            r"(?:invalid response status|returned error:) 4(?!08|29)\d\d",
            r"digest mismatch sha256:",
            r"repository '.*' not found",
            r"could not read Username|Authentication failed",
            r"couldn't find remote ref|not our ref",
        ),
        vertex=_REMOTE_FILE,
        examples=(
            Example("fatal: could not read Username for 'https://git.test'", "git credential.c", _GIT),
            Example(
                "digest mismatch sha256:93: sha256:aa", "buildx 0.29.1", "[2/2] ADD --checksum=sha256:aa http://x/"
            ),
            Example("fatal: repository 'https://git.test/acme/x.git/' not found", "buildx 0.29.1", _GIT),
            Example("fatal: couldn't find remote ref main", "git remote.c", _GIT),
        ),
    ),
    # The other side of a transfer, where that side is not a registry.
    Fault(
        "remote-file",
        (
            r"(?:invalid response status|returned error:) (?:408|429|5\d\d)",
            r"dial tcp |Couldn't connect to server|Could not resolve host|connection reset by peer|" + _EOF,
            r"(?i:timed out|timeout|deadline exceeded)",
        ),
        vertex=_REMOTE_FILE,
        transient=True,
        examples=(
            Example("fatal: unable to access 'x': Could not resolve host: git.test", "git http.c, curl", _GIT),
            Example("Failed to connect to git.test port 2: Couldn't connect to server", "buildx 0.29.1", _GIT),
        ),
    ),
    # The engine and its nodes.
    Fault(
        "locked",
        (r"\bref \S+ locked\b",),
        transient=True,
        examples=(
            Example("failed to load cache: ref buildkit/1/layer-sha256:30a6 locked: unavailable", "moby/buildkit#1491"),
            Example(
                "failed to copy: (*service).Write failed: rpc error: code = Unavailable desc = ref layer-sha256:30a6 "
                "locked for 12.3ms (since 2026-11-24 10:00:00 +0000 UTC): unavailable",
                "containerd plugins/content/local/locks.go",
                "[linux/amd64 1/2] FROM docker.io/library/debian",
            ),
        ),
    ),
    Fault(
        "node-lost",
        (r"",),
        vertex=r"\[internal\] (?:waiting for connection|booting buildkit)",
        transient=True,
    ),
    Fault(
        LOST,
        (
            r"code = Unavailable|(?:\A|: )Unavailable: ",
            r"(?i:cannot connect to the docker daemon)|error during connect|dial unix ",
            r"transport is closing|closing transport|connection error: desc = |client connection is closing",
            r"error reading from server|grpc server closed unexpectedly|failed to list workers|no active session for ",
            r"\A(?:error committing \S+: )?database not open\Z",
            r"\Afailed to prepare extraction snapshot .*: parent snapshot \S+ does not exist: not found\Z",
        ),
        transient=True,
        examples=(
            Example("error committing u1k3: database not open", "BuildKit, an engine that is restarted", _RUN),
            Example(
                'failed to prepare extraction snapshot "extract-1 sha256:ab": parent snapshot sha256:cd does not '
                "exist: not found",
                "containerd 2.1.9, its garbage collector at work",
                _PUSH,
            ),
            Example(
                "failed to receive status: rpc error: code = Unavailable desc = closing transport due to: connection "
                'error: desc = "error reading from server: EOF", received prior goaway: code: NO_ERROR, debug data: '
                '"graceful_stop"',
                "docker/buildx#2789",
            ),
            Example(
                "failed to receive status: rpc error: code = Unavailable desc = error reading from server: context "
                "canceled",
                "docker/buildx#4063",
            ),
            Example(
                "failed to receive status: rpc error: code = Unavailable desc = transport is closing", "buildkit#1222"
            ),
            Example("failed to solve: Canceled: grpc: the client connection is closing", "earthly/earthly#1524"),
            Example("frontend grpc server closed unexpectedly", "BuildKit frontend/gateway/gateway.go"),
            Example(
                "failed to list workers: Unavailable: connection error: desc = transport: error while dialing: dial "
                "unix /run/buildkit/buildkitd.sock: connect: connection refused",
                "BuildKit client/workers.go",
            ),
            Example("no active session for 2vx: context deadline exceeded", "BuildKit session/manager.go"),
        ),
    ),
    # The registry's answers about the author's names and permissions.
    Fault(
        "tag-immutable",
        (r"\b(?:is|as) immutable\b",),
        kind="registry",
        examples=(
            Example(
                "unknown: Failed to process request due to 'web:1' configured as immutable.",
                "harbor src/server/middleware/immutable",
                _PUSH,
            ),
        ),
    ),
    Fault("too-large", (r": 413\b", r"(?i:(?:entity|payload|content) too large)"), kind="registry"),
    Fault(
        "no-such-repository",
        (
            r"repository name not known to registry",
            r"(?:\A|: )name unknown(?:: |\Z)",
            r"[Rr]epository with name .* does not exist",
        ),
        kind="registry",
        examples=(
            Example("name unknown: The repository with name 'acme/web' does not exist in the registry", "Amazon ECR"),
        ),
    ),
    Fault(
        "upload-unknown",
        (r"blob upload (?:unknown|invalid)", r"blob unknown to registry"),
        transient=True,
        kind="registry",
        examples=(
            Example("failed to push r.test/web:1: blob upload invalid", "distribution registry/api/errcode", _PUSH),
            Example(
                "failed to push r.test/web:1: manifest blob unknown: blob unknown to registry",
                "distribution registry/api/errcode",
                _PUSH,
            ),
        ),
    ),
    Fault(
        "blob-missing",
        (r"could not fetch content descriptor .* from remote: not found",),
        transient=True,
        kind="registry",
    ),
    Fault(
        "no-match-for-platform",
        (r"no match for platform in manifest", r"no matching manifest for "),
        examples=(Example("no matching manifest for linux/s390x in the manifest list entries", "moby distribution"),),
    ),
    Fault(
        "rate-limit",
        (r": 429\b", r"\btoomanyrequests(?:: |\Z)", r"(?i:too many requests|rate limit|rate exceeded)"),
        transient=True,
        kind="registry",
        examples=(
            Example("failed to push r.test/x:staged-1: toomanyrequests", "containerd, 429 with its usual words", _PUSH),
            Example(
                "toomanyrequests: You have reached your unauthenticated pull rate limit.",
                "Docker Hub, usage and limits",
                _METADATA,
            ),
        ),
    ),
    Fault(
        "unauthorized",
        (r": 401\b", r"(?:\A|: )unauthorized(?:: |\Z)", r"no basic auth credentials"),
        kind="registry",
        examples=(Example("failed to push r.test/web:1: no basic auth credentials", "Amazon ECR", _PUSH),),
    ),
    Fault(
        "denied",
        (r": 403\b", r"(?:\A|: )denied(?:: |\Z)", r"insufficient_scope", r"(?:pull|push) access denied"),
        kind="registry",
    ),
    Fault(
        "no-such-manifest",
        (r": not found\Z", r"manifest unknown"),
        vertex=_BASE,
        examples=(Example("manifest unknown: manifest unknown", "distribution registry/api/errcode", _METADATA),),
    ),
    # Faults of the registry, and of the network to it.
    Fault(
        "digest-mismatch",
        (r"unexpected commit digest", r"failed size validation"),
        transient=True,
        kind="registry",
        examples=(
            Example(
                'failed commit on ref "layer-sha256:080e": 12 failed size validation: 12 != 13: failed precondition',
                "containerd plugins/content/local/writer.go",
                "[1/2] FROM docker.io/library/debian",
            ),
        ),
    ),
    Fault(
        "registry-5xx",
        (
            r": 5\d\d(?: |:|\Z)",
            r"(?i:internal server error|bad gateway|service unavailable|gateway time-?out)",
            r"failed to push \S+: (?:unknown(?:: unknown error)?|unavailable)\Z",  # containerd's words for a code
        ),
        transient=True,
        kind="registry",
        examples=(
            Example(
                "failed to push r.test/x:staged-1: unavailable", "distribution 2.8.3 through containerd, 503", _PUSH
            ),
            Example(
                "unexpected status from PUT request to https://r.test/v2/x/blobs/uploads/c5?_state=bz4: 520 unknown",
                "triggerdotdev/trigger.dev#1636",
                _PUSH,
            ),
        ),
    ),
    Fault(
        "dns",
        (r"no such host", r"Temporary failure in name resolution", r"server misbehaving", r": lookup \S+ on "),
        transient=True,
        kind="registry",
        examples=(
            Example("dial tcp: lookup r.test: Temporary failure in name resolution", "Go net/cgo_unix.go", _METADATA),
            Example("dial tcp: lookup r.test on 10.0.0.1:53: server misbehaving", "Go net/dnsclient_unix.go", _PUSH),
            Example(
                "dial tcp: lookup r.test on 10.0.0.1:53: read udp 10.0.0.2:4->10.0.0.1:53: i/o timeout",
                "Go net/dnsclient_unix.go",
                _METADATA,
            ),
        ),
    ),
    Fault(
        "timeout",
        (
            r"i/o timeout|TLS handshake timeout|context deadline exceeded|Client\.Timeout",
            r"timeout awaiting response headers|(?:connection|operation) timed out|: 408\b",
        ),
        transient=True,
        kind="registry",
        examples=(
            Example(
                'Head "https://r.test/v2/": net/http: TLS handshake timeout', "Go net/http/transport.go", _METADATA
            ),
            Example('Head "https://r.test/v2/": dial tcp 10.0.0.1:443: i/o timeout', "Go net/net.go", _PUSH),
            Example(
                "context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
                "Go net/http/client.go",
                _PUSH,
            ),
        ),
    ),
    Fault(
        "refused",
        (r"connection refused", r"no route to host", r"network is unreachable"),
        transient=True,
        kind="registry",
        examples=(Example("dial tcp 10.0.0.1:443: connect: no route to host", "Go syscall", _PUSH),),
    ),
    Fault(
        "reset",
        (
            r"connection reset by peer|broken pipe|use of closed network connection|read/write on closed pipe",
            r"stream error: stream ID|http2: .*(?:GOAWAY|connection lost)",
        ),
        transient=True,
        kind="registry",
        examples=(
            Example(
                "failed to push x/y:1: failed to copy: io: read/write on closed pipe", "build-push-action#761", _PUSH
            ),
            Example("http2: client connection lost", "Go net/http/h2_bundle.go", _PUSH),
        ),
    ),
    Fault("eof", (_EOF,), transient=True, kind="registry"),
    Fault(
        "buildx-ended",
        (r"\Abuildx was ended by signal ",),
        vertex=_NO_VERTEX,
        transient=True,
        examples=(Example("buildx was ended by signal 9", "bakec's own message for a process that printed nothing"),),
    ),
    # Messages that no other row matches.
    Fault("unknown", (r"failed to push ",), kind="registry", examples=(Example("failed to push x/y:1: hm", "none"),)),
    Fault("unknown", (r"",), examples=(Example("hm", "none"),)),
)


def classify(vertex: str, words: str, output: str = "") -> Fault:
    """Return the class of a failure. The class `unknown` is the last row.

    Args:
        vertex: the name of the vertex that failed; empty if buildx named no vertex.
        words: the message of BuildKit or buildx.
        output: the last lines that the step printed. They only distinguish mistakes of the author.
    """
    words = _ends(bare(words))
    return next(fault for fault in FAULTS if fault.fits(vertex, words, output))


def _ends(words: str) -> str:
    """Return the beginning and the end of a long message. Patterns with a gap are slow on long texts."""
    half = _LONGEST_WORDS // 2
    return words if len(words) <= _LONGEST_WORDS else words[:half] + words[-half:]
