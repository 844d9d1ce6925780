"""The configuration file of BuildKit daemons: bakec writes it for buildx, and reads the copy that buildx keeps.

Source: BuildKit, docs/buildkitd.toml.md; buildx, util/confutil, which copies certificates and renames their paths.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from bake_compiler.model.builder import Builder

FILE = "buildkitd.toml"
_IN_THE_DAEMON = "/etc/buildkit/"


def daemon_config(builder: Builder, certificates: Mapping[str, str]) -> str:
    """Return a buildkitd.toml with the builder's mirrors and certificates; empty if the builder has neither.

    Args:
        builder: the builder that the project describes.
        certificates: path of a certificate in the project → path that the daemon's file names.
    """
    lines: list[str] = []
    for host in _hosts(builder):
        lines.append(f"[registry.{_quoted(host)}]")
        if mirrors := builder.mirrors.get(host):
            lines.append(f"  mirrors = [{', '.join(map(_quoted, mirrors))}]")
        if host in builder.http:
            lines.append("  http = true")
        if files := builder.certificates.get(host):
            lines.append(f"  ca = [{', '.join(_quoted(certificates[file]) for file in files)}]")
    return "".join(f"{line}\n" for line in lines)


def described_config(builder: Builder, digests: Mapping[str, str]) -> Mapping[str, str]:
    """Return the configuration of a described builder: name of a setting → text that can be compared.

    Args:
        builder: the builder that the project describes.
        digests: path of a certificate → digest of its content.
    """
    found: dict[str, str] = {}
    for host in _hosts(builder):
        if mirrors := builder.mirrors.get(host):
            found[f"registry {host} mirrors"] = ", ".join(mirrors)
        if host in builder.http:
            found[f"registry {host} http"] = "true"
        if files := builder.certificates.get(host):
            found[f"registry {host} ca"] = ", ".join(digests[file] for file in files)
    return found


def stored_config(files: Mapping[str, bytes]) -> Mapping[str, str]:
    """Return the same mapping as `described_config`, from the files that buildx keeps for a node."""
    try:
        parsed = tomllib.loads(files.get(FILE, b"").decode("utf-8", errors="replace"))
    except tomllib.TOMLDecodeError:
        return {FILE: digest_of(files[FILE])}
    registries = parsed.pop("registry", {})
    found = {key: json.dumps(value, sort_keys=True) for key, value in parsed.items()}
    for host, said in registries.items():
        found |= {f"registry {host} {key}": text for key, text in _said(said, files)}
    return found


def _said(said: Mapping[str, Any], files: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    for key, value in said.items():
        match key, value:
            case "mirrors", list():
                yield key, ", ".join(map(str, value))
            case "ca", list():
                yield key, ", ".join(_certificate(str(path), files) for path in value)
            case _, False | None | []:
                pass
            case _:
                yield key, json.dumps(value, sort_keys=True)


def _certificate(path: str, files: Mapping[str, bytes]) -> str:
    content = files.get(path.removeprefix(_IN_THE_DAEMON))
    return path if content is None else digest_of(content)


def digest_of(content: bytes) -> str:
    """Return the beginning of a file's digest, which stands for the file in a diff."""
    return f"sha256:{sha256(content).hexdigest()[:12]}"


def _hosts(builder: Builder) -> list[str]:
    return sorted({*builder.mirrors, *builder.certificates, *builder.http})


def _quoted(text: str) -> str:
    """Return a basic string of TOML. Its escapes are JSON's escapes, and one for the delete character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
