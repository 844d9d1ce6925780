"""Which archive the sandbox takes its packages from, read from apt's own files."""

from pathlib import Path

import pytest

from sandbox.archive import Archive, Source, archive_uri, parse_sources, release_name, source_files
from sandbox.state import SandboxError, State

DEB822 = """Types: deb
# a snapshot of the day this machine was made
URIs: http://archive.test/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://archive.test/debian-security
Suites: bookworm-security
Components: main
"""


def test_reads_deb822_stanzas() -> None:
    assert list(parse_sources(DEB822)) == [
        Source("http://archive.test/debian", ("bookworm", "bookworm-updates")),
        Source("http://archive.test/debian-security", ("bookworm-security",)),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "deb http://archive.test/debian trixie main",
        "deb [arch=amd64 signed-by=/etc/apt/key.gpg] http://archive.test/debian trixie main contrib",
        "  deb\thttp://archive.test/debian\ttrixie\tmain",
    ],
)
def test_reads_one_line_entries_with_and_without_options(line: str) -> None:
    assert list(parse_sources(line)) == [Source("http://archive.test/debian", ("trixie",))]


@pytest.mark.parametrize(
    "line", ["# deb http://archive.test/debian trixie main", "deb-src http://a.test/d trixie main"]
)
def test_skips_comments_and_source_packages(line: str) -> None:
    assert list(parse_sources(line)) == []


def test_deb822_stanza_of_source_packages_only_is_no_archive() -> None:
    assert list(parse_sources("Types: deb-src\nURIs: http://archive.test/debian\nSuites: trixie\n")) == []


def test_takes_the_archive_that_has_the_machines_release() -> None:
    other = "deb http://other.test/apt nodistro main\n"

    assert archive_uri([other, DEB822], "bookworm") == "http://archive.test/debian"


def test_vendor_that_names_its_suite_after_the_release_is_no_archive_of_it() -> None:
    vendor = "deb [signed-by=/etc/apt/vendor.gpg] http://vendor.test/deb bookworm main\n"

    assert archive_uri([vendor, DEB822], "bookworm") == "http://archive.test/debian"


def test_archive_without_updates_will_do() -> None:
    assert archive_uri(["deb http://mirror.test/debian bookworm main\n"], "bookworm") == "http://mirror.test/debian"


def test_installation_disc_is_no_archive() -> None:
    disc = "deb cdrom:[Debian GNU/Linux 12 _Bookworm_]/ bookworm main\n"

    assert archive_uri([disc, DEB822], "bookworm") == "http://archive.test/debian"


def test_skips_a_disabled_stanza() -> None:
    assert list(parse_sources("Enabled: no\n" + DEB822.partition("\n\n")[0])) == []


def test_reads_field_names_in_any_case() -> None:
    stanza = "types: deb\nuris: http://archive.test/debian\nsuites: trixie\n"

    assert list(parse_sources(stanza)) == [Source("http://archive.test/debian", ("trixie",))]


def test_looks_only_at_the_files_that_apt_reads(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    for name in ("sources.list", "sources.list.d/debian.sources", "sources.list.d/old.list.save"):
        (tmp_path / name).touch()

    assert [path.name for path in source_files(tmp_path)] == ["sources.list", "debian.sources"]


def test_security_archive_does_not_pass_for_the_release() -> None:
    security = "deb http://archive.test/debian-security bookworm-security main\n"

    with pytest.raises(SandboxError, match="suite bookworm"):
        archive_uri([security], "bookworm")


def test_machine_that_is_not_debian_is_told_what_to_do() -> None:
    with pytest.raises(SandboxError) as caught:
        archive_uri([], release_name('NAME="Something"\n'))

    assert "step archive" in caught.value.message
    assert "Docker of your own" in caught.value.hint


@pytest.mark.parametrize("text", ["VERSION_CODENAME=trixie\nID=debian\n", 'ID=debian\nVERSION_CODENAME="trixie"\n'])
def test_reads_the_release_name(text: str) -> None:
    assert release_name(text) == "trixie"


def test_apt_keeps_everything_below_the_sandbox(tmp_path: Path) -> None:
    archive = Archive(State(tmp_path), "http://archive.test/debian", "bookworm", "arm64")

    options = dict(option.split("=", 1) for option in archive.options if "=" in option)

    for name in ("Dir::Etc::sourcelist", "Dir::State::Lists", "Dir::State::status", "Dir::Cache"):
        assert Path(options[name]).is_relative_to(tmp_path), name
    assert options["Dir::Etc::sourceparts"] == "/dev/null"
    assert options["APT::Architecture"] == "arm64"
