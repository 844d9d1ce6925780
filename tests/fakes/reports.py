"""Strategies for hypothesis: whole reports and events, with every kind of text that a log or a registry may hold."""

from hypothesis import strategies as st

from bake_compiler.buildx import Failure, Step
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.provenance import Provenance, ProvenanceBase
from bake_compiler.plan.plan import Cell
from bake_compiler.report import Attempt, CellResult, ImageResult, Outcome, PlatformResult, Report
from bake_compiler.report.events import (
    AttemptBegan,
    AttemptFailed,
    Event,
    Expected,
    ImageEnded,
    Publishing,
    Pushed,
    RunBegan,
    RunEnded,
    Signing,
    StepChanged,
)
from bake_compiler.verify import Finding, Severity
from bake_compiler.verify.smoke import Start

HOSTILE = (
    "</script><script>alert(1)</script>",
    "<!--",
    "]]>",
    "</details></table>",
    "`````",
    "~~~~",
    "|",
    "\n::error::forged",
    "\r\n",
    "%0A",
    "a,b:c=d",
    "\x1b[31mred\x07",
    "\x00",
    "\x85",
    "\u2028",
    "\u202egnp.exe",
    "\ufffe",
    "\ud800",
    "&amp;",
    "[x](javascript:alert(1))",
    "🐳",
    "[bold]",
)
FAULTS = ("", "step", "missing-file", "unauthorized", "disk-full", "reset", "registry-5xx", "no-such-fault")

NAMES = st.sampled_from(("api", "web", "hub", "db-init", "x1", "ui_2"))
TEXTS = st.sampled_from(("", "RUN make", *HOSTILE, *map("{} {}".format, HOSTILE, reversed(HOSTILE)))) | st.text(
    max_size=4
)
MOMENTS = st.integers(1_700_000_000_000_000, 1_800_000_000_000_000).map(lambda micro: micro / 1e6)
SECONDS = st.integers(0, 100_000_000_000).map(lambda micro: micro / 1e6)
DIGESTS = st.binary(max_size=3).map(Digest.of)
KNOWN_PLATFORMS = st.sampled_from(tuple(map(Platform.parse, ("amd64", "arm64", "arm/v6"))))
PLATFORMS = KNOWN_PLATFORMS | st.builds(Platform, *[st.sampled_from(("", "linux", "un/known", "V7"))] * 3)

steps = st.builds(
    Step,
    name=TEXTS,
    platform=st.none() | KNOWN_PLATFORMS,
    stage=TEXTS,
    began=MOMENTS,
    ended=st.just(0.0) | MOMENTS,
    cached=st.booleans(),
    error=TEXTS,
)
failures = st.builds(
    Failure,
    cause=TEXTS,
    kind=st.sampled_from(("build", "registry")),
    platform=st.none() | KNOWN_PLATFORMS,
    stage=TEXTS,
    step=TEXTS,
    line=st.sampled_from(("", "Dockerfile:7", "components/web/Dockerfile:12")) | TEXTS,
    tail=st.lists(TEXTS, max_size=2).map(tuple),
    log=TEXTS,
    fault=st.sampled_from(FAULTS),
    transient=st.booleans(),
    retry_after=SECONDS,
)
attempts = st.builds(
    Attempt,
    number=st.integers(1, 4),
    began=MOMENTS,
    ended=MOMENTS,
    steps=st.lists(steps, max_size=2).map(tuple),
    failure=st.none() | failures,
    pause=SECONDS,
)


def cells(outcomes: st.SearchStrategy[Outcome]) -> st.SearchStrategy[CellResult]:
    return st.builds(CellResult, st.builds(Cell, NAMES, PLATFORMS), outcomes, TEXTS)


statements = st.builds(
    Provenance,
    st.just(()),
    st.lists(PLATFORMS, max_size=2).map(tuple),
    st.lists(st.builds(ProvenanceBase, TEXTS, st.none() | DIGESTS), max_size=2).map(tuple),
)
starts = st.builds(
    Start, KNOWN_PLATFORMS, TEXTS, status=st.none() | st.integers(0, 255), seconds=SECONDS, output=TEXTS, log=TEXTS
)
platforms = st.builds(
    PlatformResult,
    PLATFORMS,
    DIGESTS,
    size=st.integers(0, 1 << 40),
    provenance=st.lists(statements, max_size=1).map(tuple),
    binaries=st.none() | st.dictionaries(TEXTS, st.integers(0, 99), max_size=2),
    start=st.none() | starts,
)
findings = st.builds(
    Finding,
    NAMES,
    st.none() | PLATFORMS,
    st.sampled_from(("absent", "unchecked", "label")),
    TEXTS,
    TEXTS,
    st.sampled_from(Severity),
)
images = st.builds(
    ImageResult,
    name=NAMES,
    reference=NAMES.map("r.test/{}:1".format) | TEXTS,
    cells=st.lists(cells(st.sampled_from(Outcome)), max_size=2).map(tuple),
    tags=st.lists(TEXTS, max_size=2).map(tuple),
    platforms=st.lists(platforms, max_size=1).map(tuple),
    digest=st.none() | DIGESTS,
    seconds=SECONDS,
    failure=st.none() | failures,
    findings=st.lists(findings, max_size=2).map(tuple),
    phase=st.sampled_from(("", "foundation", "dependent")),
    needs=st.lists(NAMES, max_size=2).map(tuple),
    attempts=st.lists(attempts, max_size=2).map(tuple),
    began=st.just(0.0) | MOMENTS,
    ended=st.just(0.0) | MOMENTS,
    kept_from=st.sampled_from(("", "20261124T193320-5f0c1d")),
)
reports = st.builds(
    Report,
    verb=st.sampled_from(("build", "verify")),
    registry=st.sampled_from(("", "r.test:5000/team")) | TEXTS,
    tag=TEXTS,
    images=st.lists(images, max_size=2).map(tuple),
    excluded=st.lists(cells(st.just(Outcome.EXCLUDED)), max_size=2).map(tuple),
    checks=st.sampled_from((("registry",), ("registry", "deep", "run"))),
    published=st.none() | st.booleans(),
    interrupted=st.booleans(),
    publish_error=TEXTS,
    note=TEXTS,
    seconds=SECONDS,
    run=st.sampled_from(("", "20261124T193320-5f0c1d")),
    began=st.just(0.0) | MOMENTS,
    slots=st.integers(0, 16),
    resumes=st.sampled_from(("", "20261124T193320-5f0c1d")),
)
expected = st.builds(
    Expected, NAMES, NAMES, st.lists(PLATFORMS, max_size=2).map(tuple), st.lists(NAMES, max_size=2).map(tuple)
)
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(
        RunBegan,
        MOMENTS,
        TEXTS,
        st.lists(expected, max_size=2).map(tuple),
        st.integers(1, 16),
        st.dictionaries(NAMES, SECONDS, max_size=2),
        TEXTS,
    ),
    st.builds(AttemptBegan, MOMENTS, NAMES, st.integers(1, 4)),
    st.builds(StepChanged, MOMENTS, NAMES, steps, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)),
    st.builds(AttemptFailed, MOMENTS, NAMES, st.integers(1, 4), failures, SECONDS),
    st.builds(Pushed, MOMENTS, NAMES, DIGESTS),
    st.builds(ImageEnded, MOMENTS, images),
    st.builds(Signing, MOMENTS, st.integers(0, 99)),
    st.builds(Publishing, MOMENTS, st.integers(0, 99)),
    st.builds(RunEnded, MOMENTS, TEXTS, st.integers(0, 130), TEXTS),
)
