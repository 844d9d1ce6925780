"""Reports of runs that might have been: the reference stack, with a failure and all that follows; a large one."""

from collections.abc import Iterator, Sequence

from bake_compiler.buildx import Failure, Step
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.plan.plan import Cell
from bake_compiler.report import Attempt, CellResult, ImageResult, Outcome, PlatformResult, Report
from bake_compiler.verify import Finding, Severity

AMD64, ARM64 = PLATFORMS = tuple(map(Platform.parse, ("amd64", "arm64")))
BEGAN = 1_795_550_000.0  # 24 November 2026
_SLOTS = 4
_MMDEBSTRAP = "RUN mmdebstrap --quiet --variant=extract --architectures=$TARGETARCH --include={} trixie /rootfs"
_APT = "RUN apt-get update && apt-get install -y --no-install-recommends {} && rm -rf /var/lib/apt/lists/*"

Recipe = Sequence[tuple[str, str, float]]
"""Stage, step, seconds; a step of 0 seconds was cached."""


def _debian(packages: str, seconds: float, *copies: str) -> Recipe:
    return (
        ("extract", "FROM debian:trixie-slim", 0),
        ("extract", _APT.format("mmdebstrap"), 0),
        ("extract", _MMDEBSTRAP.format(packages), seconds),
        ("stage-1", "COPY --from=extract /rootfs/ /", 2.2),
        *(("stage-1", copy, 0.2) for copy in copies),
    )


_RECIPES: dict[str, Recipe] = {
    "apphub": (
        *_debian("nginx", 19, "COPY hub.conf /etc/nginx/sites-enabled/default"),
        ("packages", _APT.format("apt-utils"), 6),
        ("packages", "RUN apt-ftparchive packages . >/srv/apt/Packages && test -s /srv/apt/Packages", 3),
    ),
    "gitea": (("stage-0", "FROM gitea/gitea:1.25.1", 0), ("stage-0", "COPY app.ini /etc/gitea/app.ini", 0.4)),
    "nginx": _debian("nginx,openssl", 21, "COPY proxy.conf /etc/nginx/sites-enabled/default", "COPY entrypoint /usr/"),
    "saltstack": (
        *_debian("$(cat /tmp/python.packages)", 58, "COPY master.conf /etc/salt/master.d/platform.conf"),
        ("salt", _APT.format("python3-pip python3-packaging"), 22),
        ("salt", "RUN pip install --no-deps --no-build-isolation --target /opt/salt salt==3007.9", 27),
    ),
    "backend": _debian("python3", 31, "COPY app/schema.py app/backend.py /app/"),
    "backend-init": (
        ("extract", _MMDEBSTRAP.format("python3"), 0),
        ("runtime", "COPY --from=extract /rootfs/ /", 0),
        ("backend-init", "COPY app/schema.py app/initialise.py /app/", 0.3),
    ),
    "frontend": (
        ("extract", _MMDEBSTRAP.format("nginx"), 0),
        ("page", 'RUN mkdir /www && sed "s/@TITLE@/${TITLE:?}/g" /page/index.html >/www/index.html', 0.6),
        ("stage-0", "COPY --from=page /www/ /srv/www/", 0.2),
    ),
    "jupyterhub": _debian("jupyterhub,node-configurable-http-proxy,python3-pamela", 118, "COPY jupyterhub_config.py /"),
    "nightingale": (
        ("stage-0", "FROM flashcatcloud/nightingale:8.4.0", 0),
        ("stage-0", "COPY config.toml /app/etc/config.toml", 0.5),
    ),
    "prometheus": _debian("prometheus", 52, "COPY --chown=nobody:nogroup prometheus.yml /etc/prometheus/"),
    "singleuser": (
        *_debian("python3", 34, "COPY --chown=nobody:nogroup home/ /home/jovyan/"),
        ("wheels", _APT.format("python3-pip"), 24),
        ("wheels", "RUN pip download --only-binary=:all: --platform manylinux_2_28_$machine jupyterlab", 49),
    ),
    "slurm-master": (),
    "test-containers": (
        ("stage-0", _APT.format("openssh-server"), 96),
        ("stage-0", "COPY entrypoint /usr/local/bin/entrypoint", 0.2),
    ),
}
_FOUNDATION = {"apphub", "gitea", "nginx", "saltstack"}
_FAILURE = Failure(
    cause='process "/bin/sh -c apt-ftparchive packages . >/srv/apt/Packages && test -s /srv/apt/Packages" '
    "did not complete successfully: exit code: 1",
    platform=ARM64,
    stage="packages",
    step="RUN apt-ftparchive packages . >/srv/apt/Packages && test -s /srv/apt/Packages",
    line="Dockerfile:13",
    tail=(
        *(
            f"Get:{number} http://packages.example/debian trixie/main arm64 {name} arm64 24.11.5-4 [{size} kB]"
            for number, (name, size) in enumerate(
                {
                    "libmunge2": 16,
                    "munge": 89,
                    "slurm-wlm-basic-plugins": 2210,
                    "slurmctld": 1388,
                    "slurmd": 1043,
                }.items(),
                start=1,
            )
        ),
        "Fetched 4746 kB in 1s (6120 kB/s)",
        "E: Unable to locate package slurm-wlm-plugins",
        "W: packages.list names 6 packages, 5 are there",
    ),
    log=".bakec/runs/20261124T193320-5f0c1d/logs/apphub.log",
    fault="step",
)
_UNAVAILABLE = Failure(
    cause="failed to push ai-infra/jupyterhub: unexpected status from PUT request: 503 Service Unavailable",
    kind="registry",
    step="pushing layers",
    tail=("pushing layers 4.1s done", "error: 503 Service Unavailable"),
    log=".bakec/runs/20261124T193320-5f0c1d/logs/jupyterhub.1.log",
    fault="registry-5xx",
    transient=True,
)


def reference_run() -> Report:
    """13 images: apphub fails on arm64, slurm-master is blocked by it, jupyterhub is pushed the second time."""
    free = [0.6] * _SLOTS
    images = []
    for name, recipe in _RECIPES.items():
        if name == "slurm-master":
            images.append(_blocked(name, "apphub"))
            continue
        slot = free.index(min(free))
        images.append(_image(name, recipe, free[slot]))
        free[slot] = images[-1].ended - BEGAN + 0.1
    return Report(
        verb="build",
        registry="127.0.0.1:36907",
        tag="v0.3.8",
        images=tuple(images),
        excluded=(),
        published=False,
        seconds=max(free) + 0.4,
        run="20261124T193320-5f0c1d",
        began=BEGAN,
        slots=_SLOTS,
    )


def large_run(images: int = 1000, steps: int = 30) -> Report:
    """So many images on both platforms, each with so many steps on each; every 50th fails, every 70th was retried."""
    results = []
    for index in range(images):
        began = BEGAN + index * 0.9
        recipe = [(f"stage-{step % 4}", f"RUN make part-{step} of image {index}", step % 3) for step in range(steps)]
        made = _attempts(recipe, began, retried=index % 70 == 0, failing=index % 50 == 49)
        outcome = Outcome.FAILED if index % 50 == 49 else Outcome.BUILT
        name = f"team-{index % 17}-service-{index:04}"
        results.append(
            ImageResult(
                name=name,
                reference=f"registry.example/fleet/{name}:v1",
                cells=tuple(CellResult(Cell(name, platform), outcome) for platform in PLATFORMS),
                digest=None if outcome is Outcome.FAILED else Digest.of(str(index).encode()),
                phase=f"phase-{index * 6 // images}",
                platforms=() if outcome is Outcome.FAILED else _sizes(f"{index}"),
                attempts=made,
                failure=made[-1].failure,
                began=began,
                ended=made[-1].ended + 0.8,
                seconds=made[-1].ended + 0.8 - began,
            )
        )
    return Report(
        *("build", "registry.example", "v1", tuple(results), ()),
        published=False,
        seconds=max(result.ended for result in results) - BEGAN,
        run="20261124T193320-000000",
        began=BEGAN,
        slots=32,
    )


def _image(name: str, recipe: Recipe, at: float) -> ImageResult:
    began = BEGAN + at
    attempts = _attempts(recipe, began, retried=name == "jupyterhub", failing=name == "apphub")
    failure = attempts[-1].failure
    ended = attempts[-1].ended + (0 if failure else 0.7)
    why = {ARM64: "packages 6/6 ended with 1", AMD64: "the build was cancelled when linux/arm64 failed"}
    return ImageResult(
        name=name,
        reference=f"127.0.0.1:36907/ai-infra/{name}:v0.3.8",
        cells=tuple(
            CellResult(Cell(name, each), Outcome.FAILED, why[each])
            if failure
            else CellResult(Cell(name, each), Outcome.BUILT)
            for each in PLATFORMS
        ),
        platforms=() if failure else _sizes(name),
        digest=None if failure else Digest.of(name.encode()),
        seconds=ended - began,
        failure=failure,
        findings=_WARNINGS.get(name, ()),
        phase="foundation" if name in _FOUNDATION else "dependent",
        attempts=attempts,
        began=began,
        ended=ended,
    )


_WARNINGS = {
    "gitea": (
        Finding(
            *("gitea", ARM64, "label", "org.opencontainers.image.version says 1.25.0, the tag says 1.25.1"),
            "set the label in components/gitea/component.py",
            Severity.WARNING,
        ),
    )
}


def _blocked(name: str, needs: str) -> ImageResult:
    cells = tuple(CellResult(Cell(name, each), Outcome.BLOCKED, f"needs {needs}, which failed") for each in PLATFORMS)
    return ImageResult(name, f"127.0.0.1:36907/ai-infra/{name}:v0.3.8", cells, phase="dependent", needs=(needs,))


def _attempts(recipe: Recipe, began: float, *, retried: bool, failing: bool) -> tuple[Attempt, ...]:
    failure = _FAILURE if failing else None
    if not retried:
        steps = tuple(_steps(recipe, began, failure))
        return (Attempt(1, began, max(step.ended for step in steps) + 0.2, steps, failure),)
    first = tuple(_steps(recipe, began, _UNAVAILABLE))
    ended = max(step.ended for step in first) + 0.1
    again = ended + 2.1
    cached = tuple(_steps([(stage, name, 0) for stage, name, _ in recipe], again, failure))
    return (
        Attempt(1, began, ended, first, _UNAVAILABLE, pause=2.1),
        Attempt(2, again, max(step.ended for step in cached) + 0.2, cached, failure),
    )


def _steps(recipe: Recipe, began: float, failure: Failure | None) -> Iterator[Step]:
    """Each stage one step after the other, stages and platforms side by side, arm64 slower; then the push."""
    ends: dict[tuple[Platform, str], float] = {}
    yield Step("[internal] load build definition from Dockerfile", None, "", began, began + 0.1)
    for (stage, name, seconds), platform in ((each, platform) for each in recipe for platform in PLATFORMS):
        broken = failure is not None and (failure.step, failure.platform) == (name, platform)
        start = ends.get((platform, stage), began + 0.2)
        if stage == "stage-1":
            start = max((end for (of, _), end in ends.items() if of == platform), default=start)
        taken = seconds * (1.0 if platform == AMD64 else 1.35)
        ends[platform, stage] = start + max(taken, 0.05)
        error = failure.cause if broken and failure else ""
        yield Step(name, platform, stage, start, ends[platform, stage], cached=not seconds, error=error)
    last = max(ends.values(), default=began)
    if failure is None or failure.kind == "registry":
        error = failure.cause if failure else ""
        yield Step("exporting layers", None, "", last, last + 1.1)
        yield Step("pushing layers", None, "", last + 1.1, last + 2.6, error=error)


def _sizes(name: str) -> tuple[PlatformResult, ...]:
    """About as large as such images are, different for each name."""
    base = 18_000_000 + int(Digest.of(name.encode()).encoded[:6], 16) * 11
    return tuple(
        PlatformResult(platform, Digest.of(f"{name} {platform}".encode()), int(base * share))
        for platform, share in zip(PLATFORMS, (1.0, 0.96), strict=True)
    )
