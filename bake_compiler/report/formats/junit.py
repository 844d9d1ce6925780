"""The report as JUnit XML, which CI systems show as tests: a suite for each phase, a case for each cell.

A case is a `failure` if the image itself is wrong. It is an `error` if something else prevented the build or the
verification: another image, the registry, an interruption. So a blocked cell is an error: CI systems show `skipped`
cases as green. A case is `skipped` only if the author excluded the cell.

Source: junit-10.xsd of Jenkins' xUnit plugin, which others follow.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, indent, tostring

from bake_compiler.report.report import CellResult, ImageResult, Outcome, Report
from bake_compiler.report.words.failures import cause, headline, tries
from bake_compiler.report.words.lines import printable
from bake_compiler.verify import UNCHECKED


@dataclass(frozen=True)
class _Case:
    """A test case. `kind` is empty if the case passed, otherwise `failure`, `error` or `skipped`."""

    suite: str
    image: str
    name: str
    seconds: float = 0.0
    kind: str = ""
    type: str = ""
    message: str = ""
    text: str = ""
    out: str = ""

    @property
    def red(self) -> bool:
        return self.kind in {"failure", "error"}


def render_junit(report: Report) -> str:
    """Return the whole report as one document. It is red exactly if the exit code is not 0.

    Each case of an image has the seconds of the image, since its platforms are built at the same time.
    """
    cases = _cases(report)
    counts = {**_counts(cases), "time": _seconds(report.seconds)}
    root = _element("testsuites", {"name": f"bakec {report.verb}", **counts})
    for name in dict.fromkeys(case.suite for case in cases):
        root.append(_suite(report, name, [case for case in cases if case.suite == name]))
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _cases(report: Report) -> list[_Case]:
    cases = [case for image in report.images for case in _image_cases(report, image)]
    suites = {case.image: case.suite for case in cases}
    for result in report.excluded:
        name = result.cell.image
        case = _Case(suites.get(name, report.verb), name, str(result.cell))
        cases.append(replace(case, kind="skipped", message=result.why))
    if report.exit_code and not any(case.red for case in cases):
        why = report.publish_error or ("interrupted" if report.interrupted else report.summary)
        cases.append(
            _Case(report.verb, report.verb, "the run", kind="error", type="run", message=why, text=report.note)
        )
    return cases


def _image_cases(report: Report, image: ImageResult) -> Iterator[_Case]:
    whole = _Case(image.phase or report.verb, image.name, image.name, image.seconds)
    cases = [_cell_case(replace(whole, name=str(cell.cell)), image, cell) for cell in image.cells]
    yield from cases
    if (image.failure or image.errors) and not any(case.red for case in cases):
        yield _wrong(whole, image)


def _cell_case(case: _Case, image: ImageResult, cell: CellResult) -> _Case:
    if cell.outcome is Outcome.FAILED:
        return _wrong(case, image, cell.why)
    if cell.outcome is Outcome.BLOCKED:
        return replace(case, kind="error", type="blocked", message=cell.why)
    if cell.outcome is Outcome.EXCLUDED:
        return replace(case, kind="skipped", message=cell.why)
    return replace(case, out="\n".join(map(str, image.findings)))


def _wrong(case: _Case, image: ImageResult, why: str = "") -> _Case:
    failure = image.failure
    if failure is None:
        codes = [finding.code for finding in image.errors]
        return replace(
            case,
            kind="error" if set(codes) == {UNCHECKED} else "failure",
            type=next(iter(codes), "failed"),
            message=why or "; ".join(finding.message for finding in image.errors),
            text="\n".join(f"{finding}\n hint: {finding.hint}" for finding in image.findings),
        )
    said = headline(image.name, failure)
    whole = "" if failure.cause in said else failure.cause
    return replace(
        case,
        kind="failure" if failure.kind == "build" else "error",
        type=failure.fault or failure.kind,
        message=cause(failure),
        text="\n".join(filter(None, (said, failure.step, whole, tries(image)))),
        out="\n".join((*failure.tail, *([f"whole log: {failure.log}"] if failure.log else []))),
    )


def _suite(report: Report, name: str, cases: Sequence[_Case]) -> Element:
    seconds = sum({case.image: case.seconds for case in cases if case.kind != "skipped"}.values())
    suite = _element("testsuite", {"name": name, **_counts(cases), "time": _seconds(seconds)})
    if report.began:
        suite.set("timestamp", datetime.fromtimestamp(report.began, UTC).strftime("%Y-%m-%dT%H:%M:%S"))
    known = {"registry": report.registry, "tag": report.tag, "run": report.run}
    if any(known.values()):
        suite.append(_element("properties"))
        suite[0].extend(_element("property", {"name": key, "value": known[key]}) for key in known if known[key])
    suite.extend(map(_case_element, cases))
    return suite


def _case_element(case: _Case) -> Element:
    element = _element("testcase", {"classname": case.image, "name": case.name, "time": _seconds(case.seconds)})
    if case.kind:
        kind = {"type": case.type} if case.red else {}
        element.append(_element(case.kind, {**kind, "message": case.message}, case.text))
    if case.out:
        element.append(_element("system-out", text=case.out))
    return element


def _element(tag: str, attributes: Mapping[str, str] | None = None, text: str = "") -> Element:
    """An XML element.

    Characters that XML does not allow (XML 1.0, 2.2) are removed from its texts: logs may contain them.
    """
    element = Element(tag, {name: printable(value) for name, value in (attributes or {}).items()})
    element.text = printable(text) or None
    return element


def _counts(cases: Sequence[_Case]) -> dict[str, str]:
    kinds = [case.kind for case in cases]
    names = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    return {"tests": str(len(kinds)), **{name: str(kinds.count(kind)) for name, kind in names.items()}}


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"
