"""What the docs say is so: their snippets are run, their generated pages are fresh, their links lead somewhere."""

import asyncio
import pkgutil
import re
import shlex
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer
from pydantic import ValidationError

import bake_compiler
from bake_compiler import Component, Function, Group, Image, Phase, Project, Target, Variable, Variant, verify
from bake_compiler.bakefile.render import expression, render
from bake_compiler.cli.app import make_app
from bake_compiler.layers.error import LayerCode
from bake_compiler.model import Model, Stack
from bake_compiler.oci.digest import Digest
from bake_compiler.oci.platform import Platform
from bake_compiler.oci.reference import Reference
from bake_compiler.plan import make_plan
from bake_compiler.plan.check import Inputs, PlanSubject, check_all
from bake_compiler.project.files import template
from bake_compiler.project.planned import plan_project
from bake_compiler.system import process
from bake_compiler.verbs.compile.run import compile_plan
from bake_compiler.verbs.verify.smoke import Smoker
from bake_compiler.verify import Finding, Promise
from bake_compiler.verify.smoke import Start, check_start
from docs import generate
from tests.fakes.reading import BUILDX, difference
from tests.gallery.places import InMemory
from tests.gallery.test_gallery import BAD, verified

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
DICTIONARY = DOCS / "reference/hcl.md"
GUIDE = DOCS / "writing-models.md"
VERIFYING = DOCS / "verifying.md"
FINDINGS = DOCS / "findings"
TABLE = FINDINGS / "README.md"

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_SAID = re.compile(r"^```text finding\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_MORE = "    ...,\n"
_CODE = re.compile(r"`([^`]+)`")
_LISTS: Mapping[type, str] = {
    Variable: "variables",
    Function: "functions",
    Group: "groups",
    Target: "targets",
    Variant: "variants",
}


class Pair(NamedTuple):
    """An example of the dictionary."""

    hcl: str
    python: str


def squeezed(text: str) -> str:
    return " ".join(text.split())


def pairs() -> Iterator[Pair]:
    """The rows of tables, and each HCL block with the Python block after it."""
    text = DICTIONARY.read_text(encoding="utf-8")
    for line in text.splitlines():
        cells = [_CODE.findall(cell.replace("\\|", "|")) for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 3 and cells[0]:
            yield Pair(cells[0][0], cells[1][0])
    blocks = _BLOCK.findall(text)
    assert [language for language, _ in blocks] == ["hcl", "python"] * (len(blocks) // 2)
    for (_, wanted), (_, python) in zip(blocks[::2], blocks[1::2], strict=True):
        yield Pair(wanted, python)


def namespace() -> dict[str, Any]:
    return {name: getattr(bake_compiler, name) for name in bake_compiler.__all__}


def value_of(python: str) -> object:
    """What a snippet means; `field=…` is what it is when an image, a component or the project says it."""
    try:
        compile(python.strip(), "snippet", "eval")
    except SyntaxError:
        return model_of(eval(f"dict({python})", namespace()))  # noqa: S307 - our own docs
    found: object = eval(python.strip(), namespace())  # noqa: S307 - our own docs
    return found


def model_of(fields: dict[str, Any]) -> Model:
    if fields.keys() <= Image.model_fields.keys():
        try:
            return Image(**{"name": "web", **fields})
        except ValidationError:
            return project(**fields)
    if fields.keys() <= Component.model_fields.keys():
        return Component(**{"phase": "apps", **fields})
    return project(**fields)


def project(**fields: Any) -> Project:
    said: dict[str, Any] = {
        "name": "example",
        "registry": "registry.example",
        "tag": "0.1",
        "platforms": ["amd64", "arm64"],
        "phases": [Phase(name="base"), Phase(name="apps")],
        "buildx": ">=0.25",
        "variables": [
            Variable(name="GO_VERSION", default="1.25"),
            Variable(name="DEBUG", default=False),
            Variable(name="MIRRORS", default=["a.example"]),
            Variable(name="OWNERS", default={"app": "red"}),
            Variable(name="CUSTOMER"),
        ],
        "targets": [Target(name="_go"), Target(name="_lint")],
    }
    return Project(**said | fields)


def with_models(models: list[object]) -> Stack:
    """A small project in which the models of a snippet stand beside, or in place of, its own."""
    of_all = next((model for model in models if isinstance(model, Project)), project())
    lists: dict[str, Any] = {}
    for kind, field in _LISTS.items():
        mine = {getattr(model, "name", ""): model for model in models if isinstance(model, kind)}
        lists[field] = tuple(({model.name: model for model in getattr(of_all, field)} | mine).values())
    images = [model for model in models if isinstance(model, Image)] or [Image(name="web")]
    web = next((model for model in models if isinstance(model, Component)), Component(phase="apps", images=images))
    hub = Component(phase="base", images=[Image(name="hub")])
    return Stack(of_all.model_copy(update=lists), {"hub": hub, "web": web})


def compiled(stack: Stack) -> str:
    plan = make_plan(stack)
    assert list(check_all(PlanSubject(stack, plan, Inputs()))) == []
    return render(plan, template(ROOT))


@pytest.mark.parametrize(
    "pair", list(pairs()), ids=lambda pair: f"{squeezed(pair.python)[:40]} for {squeezed(pair.hcl)[:40]}"
)
def test_what_stands_beside_hcl_in_the_dictionary_compiles_to_it(pair: Pair) -> None:
    value = value_of(pair.python)
    models = list(value) if isinstance(value, list | tuple) else [value]

    if all(isinstance(each, Model) for each in models):
        text = squeezed(compiled(with_models(models)))
        assert [piece for piece in pieces(pair.hcl) if piece not in text] == []
    else:
        assert pair.hcl == expression(value)


def saying(value: Any, *, is_list: bool) -> Image:
    if is_list:
        return Image(name="web", no_cache_filter=value)
    return Image(name="web", pull=value) if isinstance(value, bool) else Image(name="web", args={"IT": value})


@pytest.mark.buildx
@pytest.mark.usefixtures("ssh_agent")
@pytest.mark.parametrize(
    "pair",
    [pair for pair in pairs() if "keys/" not in pair.hcl],  # it would read the key
    ids=lambda pair: f"{squeezed(pair.python)[:40]} for {squeezed(pair.hcl)[:40]}",
)
def test_buildx_reads_an_example_of_the_dictionary_as_the_plan_means_it(pair: Pair, tmp_path: Path) -> None:
    value = value_of(pair.python)
    models = list(value) if isinstance(value, list | tuple) else [value]
    if not all(isinstance(each, Model) for each in models):
        models = [saying(value, is_list=pair.hcl.startswith("["))]
    stack = with_models(models)
    (tmp_path / "components/web").mkdir(parents=True)
    (tmp_path / "components/web/netrc").touch()  # buildx looks whether it is there

    assert difference(make_plan(stack), compiled(stack), tmp_path, "newest", {}) == ()


def test_every_attribute_that_bake_knows_is_in_the_dictionary() -> None:
    from bake_compiler.plan.attributes import ORDER  # noqa: PLC0415

    text = DICTIONARY.read_text(encoding="utf-8")

    assert [name for name in ORDER if not re.search(rf"(?<![\w-]){name} += ", text)] == []


class Block(NamedTuple):
    """A fenced block of the guide: a file, a part of project.py, bake output, or commands with what they print."""

    language: str
    text: str


class Reader:
    """Someone who follows the guide in a directory of their own."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def follow(self, section: str) -> None:
        for block in (Block(*found) for found in _BLOCK.findall(section)):
            match block.language:
                case "python" | "dockerfile":
                    self.write(block.text)
                case "hcl":
                    text = squeezed(compile_plan(self.root, plan_project(self.root)))
                    assert [piece for piece in pieces(block.text) if piece not in text] == []
                case "console":
                    assert self.transcript(block.text) == block.text
                case "yaml":
                    hooks = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
                    assert all(f"id: {name}\n" in hooks for name in re.findall(r"id: (\S+)", block.text))
                case other:
                    pytest.fail(f"nobody reads a block of {other}")

    def write(self, text: str) -> None:
        """Write the file that the first line names; `...` stands for the fields that it has already."""
        path = self.root / text.partition("\n")[0].removeprefix("# ")
        path.parent.mkdir(parents=True, exist_ok=True)
        if _MORE in text:
            begin, _, fields = path.read_text(encoding="utf-8").partition("Project(\n")
            imports = f"from bake_compiler import {', '.join(bake_compiler.__all__)}\n"
            text = imports + text.replace(_MORE, fields.removesuffix(")\n"))
            assert begin
        path.write_text(text, encoding="utf-8")

    def transcript(self, text: str) -> str:
        """The commands of a block, each with what it prints here."""
        commands = [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]
        text = "".join(f"$ {command}\n{self.run(command)}" for command in commands)
        return "".join(f"{line.rstrip()}\n" for line in text.splitlines())

    def run(self, command: str) -> str:
        program, *words = shlex.split(command)
        assert program == "bakec"
        argv = [sys.executable, "-m", "bake_compiler", *words]
        env = {"PATH": str(self.root), "HOME": str(self.root), "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}
        done = subprocess.run(
            argv, cwd=self.root, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        return done.stdout


def pieces(wanted: str) -> list[str]:
    """Blocks of HCL, and the parts of one where `# …` leaves something out."""
    return [squeezed(piece) for piece in re.split(r"\n\n|\n *# …\n(?=\})|\n *# …\n", wanted) if piece.strip()]


def sections(text: str) -> list[str]:
    return re.split(r"^(?=## )", text, flags=re.MULTILINE)


def follow_the_guide(directory: Path) -> Path:
    """The project that its reader ends with; a section that shows an error leaves it as it was."""
    reader = Reader(directory / "project")
    for number, section in enumerate(sections(GUIDE.read_text(encoding="utf-8"))):
        before = directory / f"before-{number}"
        if reader.root.exists():
            shutil.copytree(reader.root, before)
        reader.follow(section)
        if "error: " in section:
            shutil.rmtree(reader.root)
            shutil.copytree(before, reader.root)
        elif reader.root.exists():
            text = compile_plan(reader.root, plan_project(reader.root))
            (reader.root / "docker-bake.hcl").write_text(text, encoding="utf-8")
    return reader.root


def test_who_follows_the_guide_sees_what_it_says(tmp_path: Path) -> None:
    root = follow_the_guide(tmp_path)

    names = {image.name for image in plan_project(root).images}
    assert {"web-init", "api", "worker-dev", "tool-3-13", "job-weekly", "private", "notes"} <= names


@pytest.mark.buildx
@pytest.mark.parametrize("which", sorted(BUILDX))
def test_buildx_reads_the_project_of_the_guide_as_its_plan_means_it(which: str, tmp_path: Path) -> None:
    root = follow_the_guide(tmp_path)
    plan = plan_project(root)

    assert difference(plan, compile_plan(root, plan), root, which, {}) == ()


def test_the_generated_pages_are_fresh() -> None:
    argv = [sys.executable, str(DOCS / "generate.py"), "--check"]

    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_field_without_a_description_is_named() -> None:
    class Lid(Model):
        """Something with a colour and a size.

        Attributes:
            size: in cm.
            shape: round or not.
        """

        colour: str
        size: int = 1

    assert list(generate.faults(Lid)) == [
        "Lid.colour: its docstring does not describe it",
        "Lid.shape: described, but there is no such field",
    ]


def test_the_pages_do_not_depend_on_the_terminal_or_the_number_of_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    first = generate.cli_page()
    monkeypatch.setenv("COLUMNS", "40")

    assert generate.cli_page() == first
    assert "[default: " not in re.sub(r"\[default: \D", "", first)


def links() -> Iterator[tuple[Path, str]]:
    for page in (ROOT / "README.md", *sorted(DOCS.rglob("*.md"))):
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if "://" not in target and not target.startswith("mailto:"):
                yield page, target


def anchors(page: Path) -> set[str]:
    """What a page's headings are called in links, as GitHub makes it."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_relative_link_leads_to_a_file_and_a_heading() -> None:
    dead = []
    for page, target in links():
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            dead.append(f"{page.relative_to(ROOT)}: {target}")

    assert dead == []


def codes() -> set[str]:
    """Every code that a finding may have: one a check, and those of the layers' readers."""
    names = (module.name for module in pkgutil.walk_packages(verify.__path__, "bake_compiler.verify."))
    return {code for name in names if (code := getattr(import_module(name), "CODE", ""))} | set(LayerCode)


def code_pages() -> dict[str, str]:
    return {page.stem: page.read_text(encoding="utf-8") for page in FINDINGS.glob("*.md") if page != TABLE}


def severities() -> dict[str, set[str]]:
    """Code → its severities, as the table has them."""
    lines = re.findall(r"^\| \[(.+)\]\((.+)\.md\) \| (.+?) \|", TABLE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [code for code, _, _ in lines] == [page for _, page, _ in lines]
    assert len({code for code, _, _ in lines}) == len(lines)
    return {code: set(said.split(", ")) for code, _, said in lines}


def test_each_code_of_a_finding_has_a_page_and_a_line_in_the_table_and_no_other_has() -> None:
    assert sorted(code_pages()) == sorted(codes())
    assert sorted(severities()) == sorted(codes())


def test_the_pages_of_findings_all_have_the_same_parts() -> None:
    parts = ["How it happens", "How to fix it", "What is checked", "What bakec prints"]

    for code, page in code_pages().items():
        assert page.startswith(f"# {code}\n\n")
        assert re.findall(r"^## (.*)$", page, re.MULTILINE) == parts, code


def verifying() -> Iterator[tuple[str, str]]:
    """The pages about `bakec verify`: name and text, without what bakec itself is shown to say."""
    for page in (VERIFYING, *FINDINGS.glob("*.md")):
        yield page.name, _SAID.sub("", page.read_text(encoding="utf-8"))


def as_shown(finding: Finding) -> str:
    """A finding as the pages show it: with short digests, under the name that all examples have."""
    text = f"{finding}\n hint: {finding.hint}\n"
    for unique, shown in (
        (r"sha256:[0-9a-f]{64}", "sha256:…"),
        (r"gallery/[0-9a-f]{32}", "team/web"),
        (r"\b[0-9a-f]{32}\b", "1.0"),
        (r"registry\.test", "registry.example"),
    ):
        text = re.sub(unique, shown, text)
    return text


def starts() -> Iterator[Start]:
    """How the smoke commands of the examples end."""
    arm = Platform.parse("arm64")
    smoke = ("sh", "-c", "nginx -v && uname -m")
    at = Reference.parse(f"registry.example/team/web@{Digest.of(b'web')}")
    web = str(Smoker(process.run).command(smoke, at, arm, "bakec-smoke-1f0c2e"))
    yield Start(arm)
    yield Start(arm, web, 255, output="exec /bin/sh: exec format error")
    yield Start(arm, web, 0, output="nginx version: nginx/1.29.3\nx86_64")
    yield Start(arm, web, None, 300.0, "nginx version: nginx/1.29.3")


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, set[str]]:
    """Code → what bakec says of the gallery's wrong images, and of starts."""
    cache = tmp_path_factory.mktemp("layers")
    reports = (asyncio.run(verified(exhibit, InMemory(), cache)) for exhibit in BAD)
    found = [finding for report in reports for image in report.images for finding in image.findings]
    web = Promise("web", Reference.parse("registry.example/team/web:1.0"), (Platform.parse("arm64"),))
    found += [finding for start in starts() for finding in check_start(web, start)]
    texts: dict[str, set[str]] = defaultdict(set)
    for finding in found:
        texts[finding.code].add(as_shown(finding))
    return texts


def test_what_the_pages_of_findings_show_is_what_bakec_says(said: Mapping[str, set[str]]) -> None:
    for code, page in code_pages().items():
        shown = set(_SAID.findall(page))
        assert shown, code
        assert shown <= said[code]
    for path in (TABLE, VERIFYING):
        assert set(_SAID.findall(path.read_text(encoding="utf-8"))) <= set().union(*said.values())


def test_the_table_of_findings_has_the_severities_that_bakec_gives(said: Mapping[str, set[str]]) -> None:
    for code, listed in severities().items():
        assert {text.partition(":")[0] for text in said[code]} <= listed, code


def test_the_models_in_the_pages_of_findings_can_be_made() -> None:
    for name, page in verifying():
        for python in re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE):
            exec(compile(python, name, "exec"), namespace())  # noqa: S102 - our own docs


def test_the_commands_in_the_pages_about_verifying_are_such_as_bakec_takes() -> None:
    verbs = typer.main.get_command(make_app()).commands  # type: ignore[attr-defined]
    for name, page in verifying():
        for command in re.findall(r"(?:^\$ |^|`)bakec ([a-z]+ [^`\n|>]*)", page, re.MULTILINE):
            verb, _, words = command.partition(" ")
            if verb in verbs:  # a sentence of the page may begin with bakec too
                arguments = shlex.split(words.partition(" #")[0].partition(" ||")[0])
                verbs[verb].make_context(f"{name}: bakec {verb}", arguments)
