"""A private certificate authority and what it signs, made with openssl."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, both PEM files."""

    certificate: Path
    key: Path


_CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
_RSA = ("-newkey", "rsa:2048")


def make_authority(directory: Path, name: str = "authority", *, rsa: bool = False) -> Pair:
    """A root that nobody trusts yet."""
    pair = Pair(directory / f"{name}.crt", directory / f"{name}.key")
    _openssl(
        "req", "-x509", *(_RSA if rsa else _CURVE), *_key(pair), "-out", str(pair.certificate),
        "-days", "2", "-subj", f"/CN={name}",
        "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,digitalSignature",
    )  # fmt: skip
    return pair


def sign(authority: Pair, directory: Path, name: str, *hosts: str, days: int = 2) -> Pair:
    """A certificate of `authority`, for a server at these addresses of IP, or for a client."""
    pair = Pair(directory / f"{name}.cert", directory / f"{name}.key")
    request, extensions = directory / f"{name}.csr", directory / f"{name}.ext"
    usage = "serverAuth" if hosts else "clientAuth"
    names = [f"subjectAltName={','.join(f'IP:{host}' for host in hosts)}"] if hosts else []
    extensions.write_text("\n".join([f"extendedKeyUsage={usage}", *names, ""]))
    _openssl("req", *_CURVE, *_key(pair), "-out", str(request), "-subj", f"/CN={name}")
    _openssl(
        "x509", "-req", "-in", str(request), "-CA", str(authority.certificate), "-CAkey", str(authority.key),
        "-CAcreateserial", "-days", str(days), "-extfile", str(extensions), "-out", str(pair.certificate),
    )  # fmt: skip
    return pair


def _key(pair: Pair) -> tuple[str, ...]:
    return ("-nodes", "-keyout", str(pair.key))


def _openssl(*words: str) -> None:
    subprocess.run(("openssl", *words), check=True, capture_output=True)
