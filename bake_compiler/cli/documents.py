"""The documents that bakec prints and writes: one table for `--help`, the reference, the JSON Schemas and the tests."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple


class Document(NamedTuple):
    """One kind of document.

    Attributes:
        schema: its id, which is the value of its field `schema`.
        model: the module in `bake_compiler`, and the type in that module.
        printed_by: verb → condition under which `--json` prints it; empty for always.
        written_by: verbs, with the option that names the document's file.
    """

    schema: str
    model: str
    printed_by: Mapping[str, str]
    written_by: tuple[str, ...] = ()

    @property
    def module(self) -> str:
        """The module of the type, in `bake_compiler`."""
        return self.model.partition(":")[0]

    @property
    def kind(self) -> Any:
        """The type: a TypedDict, a union of TypedDicts, or a model."""
        return getattr(import_module(f"bake_compiler.{self.module}"), self.model.partition(":")[2])


EVERY = "every verb"
"""Stands for any verb."""

DOCUMENTS = (
    Document("bakec.compile/1", "verbs.compile.show:CompileDocument", {"compile": ""}),
    Document("bakec.plan/1", "verbs.plan.show:PlanDocument", {"plan": ""}),
    Document("bakec.why/1", "verbs.plan.why:WhyDocument", {"plan": "with --why"}),
    Document("bakec.emulation/1", "verbs.plan.emulation_show:EmulationDocument", {"plan": "with --emulation"}),
    Document("bakec.lock/1", "verbs.lock.show:LockDocument", {"lock": ""}),
    Document("bakec.graph/1", "graph.json:GraphDocument", {"graph": ""}),
    Document("bakec.promotion/1", "verbs.promote.show:PromotionDocument", {"promote": ""}),
    Document(
        "bakec.report/1",
        "report.formats.json:ReportDocument",
        {"build": "", "verify": "", "report": "", "promote": "if an image is not verified"},
    ),
    Document(
        "bakec.doctor/1", "verbs.doctor.show:DoctorDocument", {"doctor": "", "build": "if the preflight finds a fault"}
    ),
    Document("bakec.events/1", "report.stored.events:EventDocument", {"build": "on stderr, one event a line"}),
    Document(
        "bakec.release-status/1",
        "verbs.release.show:ReleaseStatusDocument",
        {"release status": "", "release finish": "", "rollback": ""},
    ),
    Document("bakec.release-diff/1", "release_file.diff:ReleaseDiffDocument", {"release diff": ""}),
    Document("bakec.pins/1", "verbs.release.show:PinsDocument", {"release export": ""}),
    Document(
        "bakec.release/1", "release_file.file:ReleaseFile", {}, ("build --release-file", "promote --release-file")
    ),
    Document("bakec.mirror/1", "verbs.mirror.show:MirrorDocument", {"mirror": ""}),
    Document("bakec.clean/1", "verbs.clean.show:CleanDocument", {"clean": ""}),
    Document("bakec.builder/1", "verbs.builder.ls:BuilderDocument", {"builder ls": ""}),
    Document(
        "bakec.builder-change/1", "verbs.builder.result:BuilderChangeDocument", {"builder up": "", "builder rm": ""}
    ),
    Document("bakec.error/1", "cli.failure:ErrorDocument", {EVERY: "on an error without another document"}),
)

INTERNAL = frozenset({"bakec.run/1", "bakec.run/2", "bakec.moves/1"})
"""Files in `.bakec` that only bakec reads: the options of a run, and the journal of a release."""


def json_help(verb: str) -> str:
    """Return the help of a verb's `--json`: the documents that it prints."""
    whens = {each.schema: each.printed_by[verb] for each in DOCUMENTS if verb in each.printed_by}
    return f"Print {'; '.join(f'{schema} {when}'.rstrip() for schema, when in whens.items())}."
