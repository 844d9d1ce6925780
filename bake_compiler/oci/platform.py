"""Platforms, in the one normal form that containerd and buildx print.

Source: containerd/platforms (database.go, `normalizeArch`): arm64/v8 is arm64, amd64/v1 is amd64, arm is
arm/v7, a variant may come without its v, x86_64 is amd64, and capital letters are small ones.
"""

from dataclasses import dataclass
from typing import Self

_ALIASES = {
    "x86_64": "amd64",
    "x86-64": "amd64",
    "aarch64": "arm64",
    "armhf": "arm/v7",
    "armv7l": "arm/v7",
    "armv6l": "arm/v6",
    "i686": "386",
    "armel": "arm/v6",
    "i386": "386",
}
_DEFAULT_VARIANT = {"arm64": "v8", "amd64": "v1"}
_MACHINES = {
    "386": "i686",
    "amd64": "x86_64",
    "arm": "armv7l",
    "arm64": "aarch64",
    "loong64": "loongarch64",
    "mips64le": "mips64",
    "ppc64le": "ppc64le",
    "riscv64": "riscv64",
    "s390x": "s390x",
}
ARCHITECTURES = tuple(_MACHINES)
_VARIANTS = {
    "amd64": ("v1", "v2", "v3", "v4"),
    "arm": ("v5", "v6", "v7", "v8"),
    "arm64": ("v8", "v9"),
}
_UNKNOWN = {"", "unknown"}
SYSTEMS = ("linux", "windows", "freebsd", "darwin")


@dataclass(frozen=True, order=True)
class Platform:
    """An operating system, an architecture and, where it matters, its variant.

    A model also accepts a text: `"amd64"`, `"linux/arm64"`. `Platform.parse` reads the text.
    """

    os: str
    """such as linux."""
    architecture: str
    """such as amd64 or arm64."""
    variant: str = ""
    """such as v7 of arm; empty for the architecture's usual one."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what people write: `amd64`, `x86_64`, `linux/arm64/v8`, `aarch64`, `linux/arm/v7`.

        Raises:
            ValueError: an unknown system, architecture or variant; the message suggests a known one.
        """
        parts = text.strip().lower().split("/")
        system = parts.pop(0) if parts[0] in SYSTEMS and len(parts) > 1 else "linux"
        architecture, _, alias_variant = _ALIASES.get(parts[0], parts[0]).partition("/")
        variant = parts[1] if len(parts) > 1 else alias_variant
        known_variants = ("", *_VARIANTS.get(architecture, ()))
        complete = all(parts) and len(parts) <= 2  # noqa: PLR2004
        if architecture not in _MACHINES or not complete or variant not in known_variants:
            raise ValueError(f"unknown platform {text!r}{_suggestion(text)}")
        return cls.of(system, architecture, variant)

    @classmethod
    def of(cls, system: str, architecture: str, variant: str = "") -> Self:
        """Return the normal form of the three fields in a manifest or an image config. This never fails."""
        system, variant = system.lower(), variant.lower()
        architecture, _, usual = _ALIASES.get(architecture.lower(), architecture.lower()).partition("/")
        variant = variant or usual
        if architecture in _VARIANTS and variant.isdecimal():
            variant = f"v{variant}"
        if architecture == "arm" and not variant:
            variant = "v7"
        if _DEFAULT_VARIANT.get(architecture) == variant:
            variant = ""
        return cls(system, architecture, variant)

    @classmethod
    def here(cls) -> Self:
        """The platform of this machine, as Linux containers see it."""
        from platform import machine  # noqa: PLC0415 - 7 ms of each start, for what two verbs ask

        return cls.parse(machine())

    def runs(self, other: "Platform") -> bool:
        """Whether this platform runs images of another platform: the same platform, or an older variant of it."""
        if (self.os, self.architecture) != (other.os, other.architecture):
            return False
        return self == other or _level(self) >= _level(other) > 0

    @property
    def is_known(self) -> bool:
        """Whether the platform has a system and an architecture. The entry of an attestation has neither."""
        return not _UNKNOWN & {self.os, self.architecture}

    @property
    def machine(self) -> str:
        """The output of `uname -m` on this platform: `x86_64`, `aarch64` …; the architecture's name if unknown."""
        if (self.architecture, self.variant) == ("arm", "v6"):
            return "armv6l"
        return _MACHINES.get(self.architecture, self.architecture)

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


def _level(platform: Platform) -> int:
    """Return the number of the platform's variant; 0 if it has no number."""
    number = (platform.variant or _DEFAULT_VARIANT.get(platform.architecture, "")).removeprefix("v")
    return int(number) if number.isdecimal() else 0


def _suggestion(text: str) -> str:
    import difflib  # noqa: PLC0415 - 1 ms that only a mistake needs

    known = [*_MACHINES, *_ALIASES]
    close = difflib.get_close_matches(text.strip().lower().rpartition("/")[2], known, n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return "; known are " + ", ".join(sorted(_MACHINES))
