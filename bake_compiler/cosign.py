"""Runs the program `cosign`: its arguments, and what its errors mean.

Source: `cosign sign --help`, `cosign verify --help` and `cosign public-key --help` of cosign 3.1.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bake_compiler.errors import PreflightError, RegistryError
from bake_compiler.oci.reference import Reference
from bake_compiler.system.environment import is_kept
from bake_compiler.system.process import Command, Runner, output_of

KEYLESS = "keyless"
_KEPT_PREFIXES = ("COSIGN_", "SIGSTORE_", "TUF_", "VAULT_", "ACTIONS_ID_TOKEN_REQUEST_", "BUILDKITE_AGENT_")
_KEPT = frozenset({"KUBECONFIG", "GITHUB_ACTIONS", "SPIFFE_ENDPOINT_SOCKET"})
_LEFT_OUT = frozenset({"COSIGN_REPOSITORY"})  # signatures belong beside what they sign
_PUBLIC_KEY = "BAKEC_PUBLIC_KEY"
_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", re.DOTALL)
_INSTALL = "install cosign 3, or build without --sign"
_NO_SIGSTORE = re.compile(r"\btuf\b|rekor|fulcio|sigstore\.dev", re.IGNORECASE)


@dataclass(frozen=True)
class Cosign:
    """A key or identity that signs, and how cosign is started.

    Attributes:
        runner: runs cosign.
        env: cosign's environment: its only source of passwords and tokens.
        root: cosign's working directory.
        key: a file, the URI of a key in a key service, or `env://NAME`; KEYLESS means an identity in place of a key.
        config: the file of cosign's signing config; empty for Sigstore's public services.
    """

    runner: Runner
    env: Mapping[str, str]
    root: Path
    key: str
    config: str = ""

    @property
    def is_keyless(self) -> bool:
        """Whether an identity signs, with a key that is used once."""
        return self.key == KEYLESS

    async def check(self) -> str:
        """Check that cosign is installed and the key can be used. Return the public key in PEM; empty if keyless.

        Raises:
            PreflightError: cosign is missing, the key is missing, or the password is wrong.
        """
        words = ("version",) if self.is_keyless else ("public-key", f"--key={self.key}")
        try:
            status, text = await output_of(self.runner, self._command(*words))
        except PreflightError as error:
            raise PreflightError("--sign: 'cosign' is not on PATH", hint=_INSTALL) from error
        found = _PEM.search(text)
        if status or not (found or self.is_keyless):
            raise PreflightError(
                f"--sign {self.key}: {said(text) or f'cosign ended with {status}'}",
                hint="is it the private key, and COSIGN_PASSWORD its password?",
            )
        return found[0] if found else ""

    async def sign(self, ref: Reference, *, plain: bool) -> None:
        """Sign an image, also if it has a signature already.

        Args:
            ref: the image, by digest.
            plain: the registry speaks http.

        Raises:
            RegistryError: the image is not signed; the message has cosign's last line.
        """
        key = () if self.is_keyless else (f"--key={self.key}",)
        config = (f"--signing-config={self.config}",) if self.config else ()
        status, text = await output_of(self.runner, self._command("sign", "--yes", *key, *config, *_http(plain), ref))
        if status:
            raise RegistryError(f"{ref} could not be signed: {said(text) or f'exit status {status}'}", hint=_hint(text))

    async def is_signed(self, ref: Reference, public_key: str, *, plain: bool) -> bool:
        """Whether the registry holds a signature of this key for a digest.

        The key is proof enough, so the transparency log is not asked.
        """
        words = ("verify", f"--key=env://{_PUBLIC_KEY}", "--insecure-ignore-tlog=true", *_http(plain))
        command = self._command(*words, ref)
        status, _ = await output_of(self.runner, replace(command, env={**command.env, _PUBLIC_KEY: public_key}))
        return status == 0

    def _command(self, *words: str | Reference) -> Command:
        return Command(("cosign", *map(str, words)), self.env, self.root)


def environment_of(environ: Mapping[str, str], key: str) -> dict[str, str]:
    """Return cosign's environment: docker's variables, cosign's own, those of CI identities, and an `env://` key."""
    names = {key.removeprefix("env://")} if key.startswith("env://") else set()
    return {
        name: value
        for name, value in environ.items()
        if (is_kept(name) or name in _KEPT | names or name.startswith(_KEPT_PREFIXES)) and name not in _LEFT_OUT
    }


def said(text: str) -> str:
    """Return cosign's last line, without the words that bakec's message repeats."""
    lines = [line for line in text.splitlines() if line.strip()]
    last = re.sub(r"^(error during command execution|Error): |signing \[[^\]]*\]: ", "", lines[-1]) if lines else ""
    return "".join(letter if letter.isprintable() else " " for letter in last).strip()


def _http(plain: bool) -> tuple[str, ...]:
    return ("--allow-http-registry=true",) if plain else ()


def _hint(text: str) -> str:
    if _NO_SIGSTORE.search(said(text)):
        return "without a way to Sigstore's services, give --signing-config: see docs/signing.md"
    return "may this account push there, and does the registry take signatures? see docs/signing.md"
