"""The certificates that bakec trusts at a registry: the system's, and those in Docker's certs.d.

Source: docker docs, "Verify repository client with certificates": `certs.d/HOST[:PORT]/` holds authorities in `*.crt`,
and a client certificate in `NAME.cert` with its `NAME.key`.
"""

import ssl
from collections.abc import Callable, Sequence
from pathlib import Path

from bake_compiler.errors import AccessError


class Certificates:
    """TLS contexts by registry, made on first use. `in` is true for the registries in certs.d.

    Args:
        directories: the certs.d directories, the most important first.
    """

    def __init__(self, directories: Sequence[Path]) -> None:
        self._directories = tuple(directories)
        self._contexts: dict[tuple[str, bool], ssl.SSLContext | None] = {}

    def __contains__(self, registry: object) -> bool:
        return self._folder(str(registry)) is not None

    def context(self, registry: str, *, onward: bool = False) -> ssl.SSLContext | None:
        """Return the TLS context of a registry; None if certs.d has nothing for it and the system's trust counts.

        Args:
            registry: the registry, as in a reference.
            onward: whether the request goes to a redirect's host, which must not see the client certificate.

        Raises:
            AccessError: a file in certs.d does not have the content that its name promises.
        """
        key = (registry, onward)
        if key not in self._contexts:
            self._contexts[key] = self._make(registry, onward=onward)
        return self._contexts[key]

    def _make(self, registry: str, *, onward: bool) -> ssl.SSLContext | None:
        folder = self._folder(registry)
        if folder is None:
            return None
        context = ssl.create_default_context()
        for authority in sorted(folder.glob("*.crt")):
            _load(authority, context.load_verify_locations)
        for certificate in () if onward else sorted(folder.glob("*.cert")):
            _load(certificate, lambda file: context.load_cert_chain(file, file.with_suffix(".key")))
        return context

    def _folder(self, registry: str) -> Path | None:
        return next((each / registry for each in self._directories if (each / registry).is_dir()), None)


def _load(file: Path, load: Callable[[Path], None]) -> None:
    try:
        load(file)
    except (OSError, ssl.SSLError) as error:
        raise AccessError(
            f"{file}: {error.strerror or error}", hint="PEM: authorities in *.crt, NAME.cert with its NAME.key"
        ) from error
