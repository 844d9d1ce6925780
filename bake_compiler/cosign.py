"""cosign as a program: the words that it is started with, and what it says when it can't.

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
    """What signs, and how it is started.

    Attributes:
        runner: runs it.
        env: its environment, from which alone it gets passwords and tokens.
        root: its working directory.
        key: a file, a URI of a key that is kept elsewhere, `env://NAME`; or KEYLESS, for an identity in place of a key.
        config: cosign's signing config, a file; empty for Sigstore's public services.
    """

    runner: Runner
    env: Mapping[str, str]
    root: Path
    key: str
    config: str = ""

    @property
    def is_keyless(self) -> bool:
        """Whether an identity signs, with a key that is thrown away."""
        return self.key == KEYLESS

    async def check(self) -> str:
        """The public key in PEM, empty if keyless: cosign is there, and the key can be used.

        Raises:
            PreflightError: no cosign, no such key, or not its password.
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
        """Sign what a digest names, once more if it has been signed before.

        Args:
            ref: with its digest.
            plain: its registry speaks http.

        Raises:
            RegistryError: it is not signed; says what cosign said last.
        """
        key = () if self.is_keyless else (f"--key={self.key}",)
        config = (f"--signing-config={self.config}",) if self.config else ()
        status, text = await output_of(self.runner, self._command("sign", "--yes", *key, *config, *_http(plain), ref))
        if status:
            raise RegistryError(f"{ref} could not be signed: {said(text) or f'exit status {status}'}", hint=_hint(text))

    async def is_signed(self, ref: Reference, public_key: str, *, plain: bool) -> bool:
        """Whether the registry holds a signature of this key for a digest.

        The key proves it, wherever else it is written down: the transparency log is not asked.
        """
        words = ("verify", f"--key=env://{_PUBLIC_KEY}", "--insecure-ignore-tlog=true", *_http(plain))
        command = self._command(*words, ref)
        status, _ = await output_of(self.runner, replace(command, env={**command.env, _PUBLIC_KEY: public_key}))
        return status == 0

    def _command(self, *words: str | Reference) -> Command:
        return Command(("cosign", *map(str, words)), self.env, self.root)


def environment_of(environ: Mapping[str, str], key: str) -> dict[str, str]:
    """What cosign gets to see: what docker does, its own variables, CI's identity, and an `env://` key."""
    names = {key.removeprefix("env://")} if key.startswith("env://") else set()
    return {
        name: value
        for name, value in environ.items()
        if (is_kept(name) or name in _KEPT | names or name.startswith(_KEPT_PREFIXES)) and name not in _LEFT_OUT
    }


def said(text: str) -> str:
    """The last line that cosign said, without what our own message says already."""
    lines = [line for line in text.splitlines() if line.strip()]
    last = re.sub(r"^(error during command execution|Error): |signing \[[^\]]*\]: ", "", lines[-1]) if lines else ""
    return "".join(letter if letter.isprintable() else " " for letter in last).strip()


def _http(plain: bool) -> tuple[str, ...]:
    return ("--allow-http-registry=true",) if plain else ()


def _hint(text: str) -> str:
    if _NO_SIGSTORE.search(said(text)):
        return "without a way to Sigstore's services, give --signing-config: see docs/signing.md"
    return "may this account push there, and does the registry take signatures? see docs/signing.md"
