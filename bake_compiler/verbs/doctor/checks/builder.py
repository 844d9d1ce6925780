"""The builder runs, and can build and push an index."""

from bake_compiler.buildx.said import Said
from bake_compiler.verbs.doctor.facts import Facts
from bake_compiler.verbs.doctor.result import CheckResult, bad, good, unknown

_NEW_BUILDER = "docker buildx create --name bakec --driver docker-container --bootstrap --use"
_STORE = '`{"features": {"containerd-snapshotter": true}}` into daemon.json'
_UP = "`bakec builder up` makes the one that the project describes; `docker buildx ls` lists those that are there"
_ELSEWHERE = "start its BuildKit, or fix its endpoint or certificates: `docker buildx inspect` names them"
_SNAPSHOTTER = "io.containerd.snapshotter"


async def check_builder(facts: Facts) -> tuple[CheckResult, ...]:
    """Whether the builder runs, and can push an index."""
    return (judge_builder(await facts.said),)


def judge_builder(said: Said) -> CheckResult:
    """Return whether the builder runs, and whether docker's own builder has the image store that an index needs."""
    builder = said.builder
    if said.inspection.trouble:
        return unknown("builder", said.inspection.trouble)
    if said.inspection.refusal or not builder.driver:
        errors = [node.error for node in builder.nodes if node.error]
        last = said.inspection.text.strip().splitlines()[-1:]
        found = said.inspection.refusal or next(iter((*errors, *last)), "it says nothing")
        mend = "start Docker, or see what `docker buildx ls` says"
        mend = _UP if "no builder" in said.inspection.refusal else _ELSEWHERE if builder.facts.runs_elsewhere else mend
        return bad("builder", found, mend)
    if not builder.running:
        return bad("builder", f"driver {builder.driver}, and no node of it runs", "docker buildx inspect --bootstrap")
    found = f"driver {builder.driver}, {builder.running} of {len(builder.nodes)} nodes running"
    return _check_store(said, found) if builder.facts.is_the_engine else good("builder", found)


def _check_store(said: Said, found: str) -> CheckResult:
    if not said.engine.store:
        return unknown("builder", f"{found}; docker does not tell its image store")
    if _SNAPSHOTTER not in said.engine.store:
        mend = f"{_NEW_BUILDER}; or put {_STORE}, and restart docker"
        return bad("builder", f"{found}; its image store takes no index of several platforms", mend)
    return good("builder", f"{found}, with the containerd image store")
