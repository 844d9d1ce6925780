"""The machine's own package archive, read through a private apt state: the machine's apt is never touched."""

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.state import SandboxError, State, run_step

TESTING = "forky"
STABLE = "trixie"
# The machine's own: they would empty its package cache, or tell its desktop of updates.
_HOOKS = tuple(f"APT::Update::{when}" for when in ("Pre-Invoke", "Post-Invoke", "Post-Invoke-Success"))
_OFF = {"no", "false", "without", "off", "disable", "0"}  # as apt reads them
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


@dataclass(frozen=True)
class Source:
    """One address of an archive and the suites that it is asked for."""

    uri: str
    suites: tuple[str, ...]


def parse_sources(text: str) -> Iterator[Source]:
    """The sources in an apt file, in deb822 or one-line form."""
    for line in text.splitlines():
        if match := re.match(r"\s*deb\s+(?:\[[^]]*\]\s+)?([\w+]+:/\S+)\s+(\S+)", line):
            yield Source(match[1], (match[2],))
    for stanza in re.split(r"\n\s*\n", text):
        lines = re.findall(r"^(\w+):\s*(.+)$", stanza, flags=re.MULTILINE)
        fields = {name.lower(): value.split() for name, value in lines}  # apt takes names in any case
        if "deb" in fields.get("types", ()) and fields.get("enabled", [""])[0].lower() not in _OFF:
            for uri in fields.get("uris", ()):
                yield Source(uri, tuple(fields.get("suites", ())))


def release_name(os_release: str) -> str:
    """VERSION_CODENAME of an os-release file; empty when there is none."""
    match = re.search(r'^VERSION_CODENAME="?([a-z]+)"?$', os_release, flags=re.MULTILINE)
    return match[1] if match else ""


def archive_uri(texts: Sequence[str], release: str) -> str:
    """The address from which the machine takes its own release.

    Others name their suites after Debian's releases too; only Debian's archive has the release's updates as well.

    Raises:
        SandboxError: no source names it.
    """
    sources = [source for text in texts for source in parse_sources(text)]
    having = [source.uri for source in sources if release in source.suites]
    updated = {source.uri for source in sources if f"{release}-updates" in source.suites}
    for uri in (*(uri for uri in having if uri in updated), *having):
        return uri
    raise SandboxError(
        f"step archive: no apt source of this machine has the suite {release or 'of a Debian release'}",
        "the sandbox needs Debian 12 or 13; elsewhere, start a Docker of your own",
    )


def source_files(apt: Path) -> Iterator[Path]:
    """The files in which apt itself looks for sources: a `.disabled` or `.save` beside them is none."""
    files = (apt / "sources.list", *sorted((apt / "sources.list.d").glob("*")))
    return (path for path in files if path.suffix in {".list", ".sources"} and path.is_file())


@dataclass(frozen=True)
class Archive:
    """The archive with a private apt state for one architecture."""

    state: State
    uri: str
    own_release: str
    architecture: str = "amd64"

    @classmethod
    def of_machine(cls, state: State, architecture: str = "amd64") -> "Archive":
        """The archive that this machine's apt is set up with."""
        texts = [path.read_text(errors="replace") for path in source_files(Path("/etc/apt"))]
        release = release_name(Path("/etc/os-release").read_text())
        uri = os.environ.get("BAKEC_SANDBOX_ARCHIVE") or archive_uri(texts, release)
        return cls(state, uri, release, architecture)

    @property
    def apt(self) -> Path:
        """The private apt state."""
        return self.state.home / "apt" / self.architecture

    @property
    def options(self) -> list[str]:
        """Options that keep everything inside that state, and the machine's hooks out of it."""
        places = {
            "Dir::Etc::sourcelist": self.apt / "bakec.sources",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Dir::State::Lists": self.apt / "lists",
            "Dir::State::status": self.apt / "status",
            "Dir::Cache": self.apt / "cache",
            "APT::Architecture": self.architecture,
            "APT::Architectures": self.architecture,
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
        }
        settings = [part for name, value in places.items() for part in ("-o", f"{name}={value}")]
        return ["-c", str(self.apt / "hooks.conf"), *settings]

    def update(self, suites: frozenset[str] = frozenset()) -> None:
        """Read the package lists of suites (all that the engine needs unless told); testing may be out of reach."""
        for folder in ("lists/partial", "cache/archives/partial", "debs"):
            (self.apt / folder).mkdir(parents=True, exist_ok=True)
        (self.apt / "status").touch()
        wanted = suites or frozenset({TESTING, STABLE, self.own_release})
        try:
            self._update(wanted)
        except SandboxError:
            self._update(wanted - {TESTING})

    def _update(self, suites: frozenset[str]) -> None:
        names = " ".join(sorted(suites))
        stanza = f"Types: deb\nURIs: {self.uri}\nSuites: {names}\nComponents: main\nSigned-By: {KEYRING}\n"
        (self.apt / "bakec.sources").write_text(stanza)
        (self.apt / "hooks.conf").write_text("".join(f"#clear {hook};\n" for hook in _HOOKS))
        run_step(self.state, f"archive-{self.architecture}", ["apt-get", *self.options, "update", "--error-on=any"])

    def unpack(self, packages: Sequence[str], suite: str, prefix: Path) -> None:
        """Download packages of a suite, without their dependencies, and unpack each version once under `prefix`."""
        debs = self.apt / "debs" / suite
        debs.mkdir(parents=True, exist_ok=True)
        names = [f"{package}/{suite}" for package in packages]
        fetch: list[str | Path] = [
            "sh",
            "-c",
            'cd "$1" && shift && exec apt-get "$@"',
            "sh",
            debs,
            *self.options,
            "download",
            *names,
        ]
        run_step(self.state, f"download-{suite}", fetch)
        prefix.mkdir(parents=True, exist_ok=True)
        for deb in sorted(debs.glob("*.deb")):
            stamp = prefix / ".unpacked" / deb.name
            if stamp.exists():  # a program of it may be running, and can't be written over
                continue
            run_step(self.state, f"unpack-{suite}", ["dpkg-deb", "-x", deb, prefix])
            stamp.parent.mkdir(exist_ok=True)
            stamp.touch()
        shutil.rmtree(debs)

    def program(self, package: str, suite: str, file: str) -> Path:
        """A program of a package, unpacked unless it is there, and seen to run here: it has a command `version`."""
        prefix = self.state.prefix / suite
        if not (prefix / file).is_file():
            self.unpack([package], suite, prefix)
        run_step(self.state, "versions", [prefix / file, "version"])
        return prefix / file

    def closure(self, packages: Sequence[str], suite: str) -> list[Path]:
        """Download packages and all that they depend on, as if nothing were installed."""
        shutil.rmtree(self.apt / "cache" / "archives", ignore_errors=True)
        (self.apt / "cache" / "archives" / "partial").mkdir(parents=True)
        options = [*self.options, "-o", f"APT::Default-Release={suite}", "--no-install-recommends", "--download-only"]
        run_step(self.state, f"closure-{self.architecture}", ["apt-get", *options, "-y", "install", *packages])
        return sorted((self.apt / "cache" / "archives").glob("*.deb"))
