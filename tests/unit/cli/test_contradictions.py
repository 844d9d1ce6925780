"""What a command line says is never silently ignored: contradictions and empty values are refused, for all verbs."""

import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import typer

from bake_compiler.cli.app import make_app
from bake_compiler.cli.contradictions import FREE, RULES, Rule, refuse
from bake_compiler.cli.verb import Verb
from bake_compiler.errors import UsageError


def leaves(command: Any, *path: str) -> Iterator[tuple[str, Any]]:
    """Each verb that does something, by its name."""
    if own := getattr(command, "commands", {}):
        for name, each in own.items():
            yield from leaves(each, *path, name)
    else:
        yield " ".join(path), command


VERBS = dict(leaves(typer.main.get_command(make_app())))


def names(parameter: Any) -> tuple[str, ...]:
    """How a parameter is called in the table."""
    if parameter.param_type_name == "argument":
        return tuple(parameter.metavar.strip("[].").split(" | "))
    return tuple(each for each in (*parameter.opts, *parameter.secondary_opts) if each.startswith("--"))


def parameters(verb: str) -> dict[str, Any]:
    return {name: each for each in VERBS[verb].params if each.name != "help" for name in names(each)}


def argv(verb: str, word: str) -> list[str]:
    """A word of the table, as it is typed."""
    name, _, value = word.partition(" ")
    if word == f"bakec {verb}":
        return []
    if name == "REFERENCE":
        return ["a.test/x:1"]
    value = {"": "x", "P,P": "amd64,arm64"}.get(value, value.replace("*", "x"))
    parameter = parameters(verb)[name]
    if parameter.param_type_name == "argument":
        return [value]
    return [name] if parameter.is_flag else [name, value]


def refused(verb: str, words: list[str]) -> UsageError:
    with pytest.raises(UsageError) as caught:
        make_app(verb.split(maxsplit=1)[0])(args=[*verb.split(), *words], prog_name="bakec")
    return caught.value


def pairs() -> Iterator[tuple[Rule, tuple[str, ...]]]:
    """Each rule, with the words that break it."""
    for rule in RULES:
        yield from ((rule, (rule.word, other)) for other in rule.without)
        if rule.only_with:
            yield rule, (rule.word,)


def needed(rule: Rule, words: tuple[str, ...]) -> Iterator[str]:
    """What the words need by other rules."""
    for each in RULES:
        is_other = each.verb == rule.verb and each is not rule and each.word in {*words, f"bakec {rule.verb}"}
        if is_other and each.only_with and not {*words}.intersection(each.only_with):
            yield each.only_with[-1]


@pytest.mark.parametrize(
    ("rule", "words"),
    [*pairs()],
    ids=[f"{rule.verb}: {' '.join((*words, *rule.only_with))}" for rule, words in pairs()],
)
def test_what_goes_together_with_nothing_is_refused_with_both_words_and_nothing_is_done(
    rule: Rule, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    typed = [*words, *needed(rule, words)]

    error = refused(rule.verb, [each for word in typed for each in argv(rule.verb, word)])

    assert error.exit_code == 2
    assert all(word in error.message for word in (*words, *rule.only_with)), error.message
    assert rule.why in error.message
    assert error.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", [*VERBS])
def test_each_option_is_in_the_table_or_goes_with_everything(verb: str) -> None:
    assert isinstance(VERBS[verb], Verb)
    told = {
        word.partition(" ")[0]
        for rule in RULES
        if rule.verb == verb
        for word in (rule.word, *rule.without, *rule.only_with)
        if word != f"bakec {verb}"
    }

    assert told | set(FREE[verb]) == set(parameters(verb)) | ({"REFERENCE"} if verb == "verify" else set())


def test_the_table_has_no_other_verbs_and_no_rule_twice() -> None:
    assert set(FREE) == set(VERBS)
    assert {rule.verb for rule in RULES} <= set(VERBS)
    broken = [(rule.verb, *sorted(words)) for rule, words in pairs() if rule.without]
    assert len(broken) == len(set(broken))


def test_what_the_table_does_not_name_is_no_contradiction() -> None:
    for verb, words in FREE.items():
        refuse(verb, {*words, "--staged", "--older-than"})


_NOT_A_COMMAND_LINE: Any = typer.BadParameter.__mro__[1]  # typer's own error: a part of a line, or a pipe behind it


def written() -> Iterator[tuple[str, list[str]]]:
    """Each command line of README, docs and --help that could be typed as it is: its verb, and the rest."""
    root = Path(__file__).parents[3]
    pages = [path.read_text(encoding="utf-8") for path in (root / "README.md", *root.glob("docs/**/*.md"))]
    for page in pages:
        for line in re.findall(
            r"`(bakec [^`]+)`|^(?:\$ |  )?(bakec .+?)(?: #.*)?$", re.sub(r"\n  (?!bakec )", " ", page), re.MULTILINE
        ):
            with suppress(ValueError):
                _, *words = shlex.split("".join(line), comments=True)
                name = next((" ".join(words[:size]) for size in (2, 1) if " ".join(words[:size]) in VERBS), "")
                if name and len(words) > len(name.split()) and "…" not in "".join(line):
                    yield name, words[len(name.split()) :]


def test_no_command_line_of_the_docs_contradicts_itself() -> None:
    group: Any = typer.main.get_command(make_app())
    outer = group.context_class(group, info_name="bakec")
    lines = [*written()]
    for verb, words in lines:
        ctx = VERBS[verb].context_class(VERBS[verb], info_name=verb, parent=outer)
        with suppress(_NOT_A_COMMAND_LINE):
            VERBS[verb].refuse(ctx, words)

    assert len(lines) > 100


def texts() -> Iterator[tuple[str, str, list[str]]]:
    """Each parameter that takes a text, with an empty one."""
    for verb in VERBS:
        for name, each in parameters(verb).items():
            if not getattr(each, "is_flag", False):
                yield verb, name, [""] if each.param_type_name == "argument" else [name, ""]


@pytest.mark.parametrize(("verb", "name", "words"), [*texts()], ids=[f"{verb} {name}" for verb, name, _ in texts()])
def test_an_empty_value_is_refused(
    verb: str, name: str, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    error = refused(verb, words)

    assert error.message == f"{name if name != 'REFERENCE' else 'SELECTOR'}: the value is empty"
    assert error.hint
    assert list(tmp_path.iterdir()) == []


def test_an_empty_variable_of_the_environment_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BAKEC_TAG", "")

    assert "components/project.py" in refused("build", []).message


def test_a_variable_of_the_environment_contradicts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BAKEC_TAG", "9")

    assert "components/project.py" in refused("plan", ["--why", "web"]).message


def test_help_is_told_whatever_else_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        make_app("plan")(args=["plan", "--why", "web", "--emulation", "--tag", "", "--help"], prog_name="bakec")

    assert ended.value.code == 0
    assert "--emulation" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("verb", "file", "message"),
    [
        ("graph", "x.png", "no format has the ending .png"),
        ("graph", "x", "x has no ending that says its format"),
        ("report", "x.pdf", "no format has the ending .pdf"),
        ("report", "x", "x has no ending that says its format"),
    ],
)
def test_a_file_whose_name_asks_for_no_format_is_refused_with_those_that_are_known(
    verb: str, file: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    error = refused(verb, ["-o", file])

    assert error.message == f"--output: {message}"
    assert ".svg" in error.hint or ".html" in error.hint
    assert ".json" in error.hint
