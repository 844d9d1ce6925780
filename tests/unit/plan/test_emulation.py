"""Which RUNs run under emulation, and what is usually done about them."""

from pathlib import Path

import pytest

from bake_compiler.dockerfile import parse_dockerfile
from bake_compiler.oci.platform import Platform
from bake_compiler.plan.emulation import DockerfileSource, build_platform, emulated_runs, is_step_of, runs_on
from bake_compiler.plan.patterns import PATTERNS, Pattern, pattern_of

ROOT = Path(__file__).parents[3]
AMD64, ARM64, ARM, X86 = map(Platform.parse, ("amd64", "arm64", "arm/v7", "386"))
SELECTED = (
    "FROM a AS x-amd64\nRUN one\nFROM --platform=$BUILDPLATFORM b AS x-arm64\nRUN two\nFROM x-$TARGETARCH\nRUN three\n"
)


def emulated(text: str, wanted: Platform = ARM64, *native: Platform) -> list[int]:
    """The lines of the RUNs that are emulated; on amd64 when nothing else is native."""
    dockerfile = parse_dockerfile(text)
    source = DockerfileSource("Dockerfile", dockerfile, dockerfile.stages[-1], {})
    return [each.run.line for each in emulated_runs("web", source, wanted, native or (AMD64,))]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("FROM a\nRUN make\n", [2]),
        ("FROM a\nCOPY x /x\n", []),
        ("FROM --platform=$BUILDPLATFORM a AS b\nRUN make\nFROM a\nCOPY --from=b /x /x\n", []),
        ("FROM --platform=${BUILDPLATFORM} a AS b\nRUN make\nFROM b\nRUN make more\n", []),
        ("FROM a AS b\nFROM --platform=$BUILDPLATFORM b\nRUN make\n", [3]),
        ("FROM --platform=$TARGETPLATFORM a\nRUN make\n", [2]),
        ("FROM --platform=linux/$TARGETARCH a\nRUN make\n", [2]),
        ("FROM --platform=linux/amd64 a\nRUN make\n", []),
        ("ARG P=linux/arm/v7\nFROM --platform=$P a\nRUN make\n", [3]),
        ("ARG TARGETARCH=amd64\nFROM --platform=linux/$TARGETARCH a\nRUN make\n", []),
        ("FROM a AS unused\nRUN make\nFROM b\n", []),
        ("FROM a\nONBUILD RUN make\nRUN <<EOF\nmake\nEOF\n", [3]),
        (SELECTED, []),
    ],
)
def test_a_run_is_emulated_where_its_stage_is_for_a_platform_that_the_build_platform_is_not(
    text: str, lines: list[int]
) -> None:
    assert emulated(text) == lines


def test_nothing_of_a_native_platform_is_emulated_but_a_stage_for_another_one() -> None:
    assert emulated("FROM a\nRUN make\n", AMD64) == []
    assert emulated("FROM --platform=linux/arm64 a AS b\nRUN make\nFROM a\nCOPY --from=b / /\n", AMD64) == [2]


def test_with_a_node_for_each_platform_nothing_is_emulated() -> None:
    assert emulated("FROM a\nRUN make\n", ARM64, AMD64, ARM64) == []
    assert build_platform(ARM64, (AMD64, ARM64)) == ARM64
    assert build_platform(ARM, (ARM64, AMD64)) == AMD64


def test_a_stage_is_chosen_by_the_platform_that_is_built() -> None:
    assert emulated(SELECTED, AMD64, ARM64) == [2, 6]


def test_a_machine_runs_its_own_programs_and_32_bit_ones_of_amd64() -> None:
    assert runs_on(AMD64, X86)
    assert runs_on(AMD64, Platform.parse("amd64/v3"))
    assert not runs_on(ARM64, ARM)
    assert not runs_on(X86, AMD64)


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.name)
def test_each_pattern_takes_its_own_example_and_has_a_section_in_the_docs(pattern: Pattern) -> None:
    assert pattern_of(pattern.example) is pattern
    assert f"\n### {pattern.name}\n" in (ROOT / "docs/emulation.md").read_text()


@pytest.mark.parametrize(
    ("script", "name"),
    [
        ("apt-get update && apt-get install -y make golang && go build", "go"),
        ("apt-get install -y --no-install-recommends make gcc", "apt"),
        ("apt-get -y -qq install curl", "apt"),
        ("apk --no-cache add curl", "apk"),
        ("apk -U upgrade", "apk"),
        ("apk add --no-cache build-base && make", "c"),
        ("apk del build-base", None),
        ("microdnf install -y nginx", "dnf"),
        ("yum -y update && yum clean all", "dnf"),
        ("dnf -y --setopt=install_weak_deps=False install gcc && gcc x.c", "c"),
        ("dnf clean all", None),
        ("set -e\n  pip3 install x", "pip"),
        ("python3 -m pip install x", "pip"),
        ("GOOS=linux go build ./...", "go"),
        ("if true; then make; fi", "c"),
        ("(cd src; cargo +nightly build)", "rust"),
        ("yarn", "node"),
        ("corepack enable && yarn && yarn build", "node"),
        ("curl -o /x https://example.com/x", "download"),
        ("useradd --system app", None),
        ("echo go build", None),
        ("rm -rf /usr/share/cargo", None),
        ("mkdir -p /opt/make", None),
    ],
)
def test_what_compiles_counts_before_what_it_installs_and_only_commands_count(script: str, name: str | None) -> None:
    pattern = pattern_of(script)

    assert (pattern.name if pattern else None) == name


@pytest.mark.parametrize(
    ("written", "step", "same"),
    [
        ("RUN make  \\\n  all", "RUN make   all", True),
        ("run make", "RUN make", True),
        ("RUN make $X", "RUN make all", True),
        ("RUN make ${X:-y} z", "RUN make all z", True),
        ("RUN make $X z", "RUN make all", False),
        ("RUN make", "RUN make all", False),
        ("RUN make all", "RUN make", False),
        ("RUN <<EOF\nmake\nls\nEOF", "RUN <<EOF (make...)", True),
        ("RUN a$b$c$d", "RUN axx", True),
    ],
)
def test_a_step_is_known_by_its_words_whatever_variables_are_in_them(written: str, step: str, same: bool) -> None:
    (run,) = parse_dockerfile(f"FROM a\n{written}\n").stages[0].runs

    assert is_step_of(run, step) is same
