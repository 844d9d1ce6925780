"""What emulated RUNs do, and the usual way to do the same on the build platform.

Each row of the table has an example, which a test checks, and a section of docs/emulation.md.
"""

import re
from typing import NamedTuple

_COMMAND = r"(?:^|[;&|({}]|\b(?:then|else|do|exec|sudo|env)\b|\b[A-Z_]+=\S*)\s*"


class Pattern(NamedTuple):
    """One kind of RUN.

    Attributes:
        name: the pattern's name, and the name of its section in docs/emulation.md.
        words: a regular expression that is searched in the RUN's script. It is compiled at its first use.
        rewrite: how to do the same on the build platform, in one line.
        example: a RUN that the pattern matches.
    """

    name: str
    words: str
    rewrite: str
    example: str


def _row(name: str, words: str, rewrite: str, example: str) -> Pattern:
    return Pattern(name, rf"{_COMMAND}(?:{words})", rewrite, example)


PATTERNS = (
    _row(
        "go",
        r"(?:\S*/)?go (?:build|install|generate|vet|test|mod)\b",
        "FROM --platform=$BUILDPLATFORM; ARG TARGETOS TARGETARCH; GOOS=$TARGETOS GOARCH=$TARGETARCH go build",
        "CGO_ENABLED=0 go build -o /app ./cmd/app",
    ),
    _row(
        "rust",
        r"cargo (?:\+\S+ )?(?:build|install|test|fetch|chef|rustc)\b",
        "FROM --platform=$BUILDPLATFORM; rustup target add; cargo build --target of $TARGETARCH, with a cross linker",
        "cargo build --release --locked",
    ),
    _row(
        "node",
        r"(?:npm|pnpm|yarn|bun) (?:ci|i|install|add|run|build)\b|yarn(?=\s*(?:$|&&|;))|npx \S",
        "FROM --platform=$BUILDPLATFORM for the assets; COPY --from what was built (not native add-ons)",
        "npm ci && npm run build",
    ),
    _row(
        "java",
        r"(?:\S*/)?(?:mvnw?|gradlew?) \S",
        "FROM --platform=$BUILDPLATFORM: bytecode is for every platform; COPY --from the archive",
        "./mvnw -B package -DskipTests",
    ),
    _row(
        "dotnet",
        r"dotnet (?:restore|build|publish)\b",
        "FROM --platform=$BUILDPLATFORM; ARG TARGETARCH; dotnet publish -a $TARGETARCH",
        "dotnet publish -c Release -o /app",
    ),
    _row(
        "pip",
        r"(?:python[\d.]* -m )?pip[\d.]* (?:--\S+ )*(?:install|wheel|download)\b|uv (?:pip install|sync)\b",
        "FROM --platform=$BUILDPLATFORM; pip install --target DIR --only-binary=:all: --platform manylinux2014_MACHINE",
        "pip install --no-cache-dir -r requirements.txt",
    ),
    _row(
        "c",
        r"(?:\./configure|cmake|make|ninja|meson|gcc|g\+\+|cc|clang)(?=\s|$|[;&|)])",
        "FROM --platform=$BUILDPLATFORM; a cross compiler for $TARGETARCH, such as crossbuild-essential-arm64",
        "./configure --prefix=/usr && make -j4 install",
    ),
    _row(
        "apt",
        r"apt(?:-get)? (?:-\S+ )*(?:install|upgrade|dist-upgrade)\b",
        "FROM --platform=$BUILDPLATFORM; mmdebstrap --variant=extract --architectures=$TARGETARCH; COPY --from",
        "apt-get update && apt-get install -y --no-install-recommends nginx",
    ),
    _row(
        "apk",
        r"apk (?:-\S+ )*(?:add|upgrade)\b",
        "FROM --platform=$BUILDPLATFORM; apk add --root DIR --initdb --no-scripts --arch of $TARGETARCH; COPY --from",
        "apk add --no-cache nginx",
    ),
    _row(
        "dnf",
        r"(?:microdnf|dnf5?|yum) (?:-\S+ )*(?:install|upgrade|update)\b",
        "FROM --platform=$BUILDPLATFORM; dnf install --installroot=DIR --forcearch of $TARGETARCH; COPY --from",
        "dnf install -y nginx && dnf clean all",
    ),
    _row(
        "download",
        r"(?:curl|wget)\s",
        "FROM --platform=$BUILDPLATFORM; download and unpack there by $TARGETARCH; COPY --from",
        "curl -fsSL https://example.com/tool.tar.gz | tar -xz -C /usr/local/bin",
    ),
)
"""The first match counts: a compiler comes before the packages that the same RUN installs for it."""


def pattern_of(script: str) -> Pattern | None:
    """The first row that matches a RUN's script. None if bakec knows no usual rewrite."""
    return next((pattern for pattern in PATTERNS if re.search(pattern.words, script, re.MULTILINE)), None)
