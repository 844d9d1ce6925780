"""All images from which each image of a run was built, directly or through others."""

from collections.abc import Iterator, Mapping

from bake_compiler.report.report import Report


def all_needs(report: Report) -> Mapping[str, frozenset[str]]:
    """Image → all images of the run that it needs, directly or through others."""
    needs = {image.name: image.needs for image in report.images}
    return {name: frozenset(_reached(name, needs)) for name in needs}


def _reached(name: str, needs: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    known, todo = {name}, list(needs[name])
    while todo:
        need = todo.pop()
        if need not in known:
            known.add(need)
            todo += needs.get(need, ())
            yield need
