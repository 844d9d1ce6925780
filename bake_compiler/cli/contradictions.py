"""Options that contradict each other, and options without effect: one table for all verbs.

An option counts as given if it is typed, whatever its value. An environment variable is a default for all verbs, and
contradicts nothing. With --dry-run, options of the real run may stay, so that a person can try a command line
unchanged. But an option that asks for a file or a document is refused.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from bake_compiler.cli.formats import GRAPHS, REPORTS
from bake_compiler.errors import UsageError


class Rule(NamedTuple):
    """A rule for one word of a command line.

    A word is an option as it is written, the name of an argument, or `bakec VERB` for the verb itself. It may have a
    value: `--output -`, `--output *.html` for a file's ending, `--platform P,P` for more than one.

    Attributes:
        verb: such as `build` or `release export`.
        word: the given word.
        why: the reason, for the message.
        without: the words that must not be given with it.
        only_with: the words of which at least one must be given with it; empty if the word needs no other word.
        hint: how to fix it; by default to leave one of the words out, or to write the missing word too.
    """

    verb: str
    word: str
    why: str
    without: tuple[str, ...] = ()
    only_with: tuple[str, ...] = ()
    hint: str = ""


_PUBLISHES = "--load publishes nothing"
_COMMANDS = "--dry-run prints commands, and makes no report"
_NO_PROJECT = "a reference is verified without a project"
_IN_THE_FILE = "the release file lists the images and what they must be"

RULES: tuple[Rule, ...] = (
    Rule(
        "compile",
        "--check",
        "it compares a file, and - is no file",
        ("--output -",),
        hint="leave -o out, or name the file",
    ),
    Rule("compile", "--json", "stdout has either the bake file or the document", ("--output -",)),
    Rule("compile", "--by", "it says how --check compares", only_with=("--check",)),
    Rule(
        "plan",
        "--why",
        "it explains one image as the models define it",
        ("SELECTOR", "--platform", "--tag", "--registry", "--var", "--emulation", "--build-platform"),
    ),
    Rule("plan", "--emulation", "it lists RUN steps, which have no tags", ("--tag", "--registry", "--var")),
    Rule("plan", "--build-platform P,P", "a plan is made for one machine", only_with=("--emulation",)),
    Rule("lock", "--check", "it writes nothing, and --update writes", ("--update",)),
    Rule("lock", "BASE", "it names a base image to update", only_with=("--update",)),
    *(
        Rule("graph", f"--format {form}", "the file's ending is that of another format", (f"--output *{ending}",))
        for form in dict.fromkeys(GRAPHS.values())
        for ending, other in GRAPHS.items()
        if other != form
    ),
    *(
        Rule("graph", "--json", "it draws nothing", (f"--format {form}",))
        for form in dict.fromkeys(GRAPHS.values())
        if form != "json"
    ),
    *(
        Rule("graph", "--json", "the file's ending is that of another format", (f"--output *{ending}",))
        for ending, form in GRAPHS.items()
        if form != "json"
    ),
    Rule("build", "--push", "they are opposites", ("--load",)),
    Rule("build", "--preflight", "they are opposites", ("--no-preflight",)),
    Rule("build", "--dry-run", _COMMANDS, ("--json", "--junit", "--release-file")),
    Rule("build", "--resume", "the commands are those of a new run", ("--dry-run",)),
    Rule("build", "--release-file", _PUBLISHES, ("--load",)),
    Rule("build", "--allow-partial", _PUBLISHES, ("--load",)),
    Rule("build", "--sign", _PUBLISHES, ("--load",)),
    Rule("build", "--deep", "it reads layers in the registry, and --load pushes none", ("--load",)),
    Rule("build", "--rebuild", "--load builds every image anyway", ("--load",)),
    Rule("build", "--signing-config", "it says how --sign signs", only_with=("--sign", "--resume")),
    Rule("build", "--retry-pause", "there is no second attempt", ("--retries 0",)),
    Rule("build", "--quiet", "--plain shows progress, and --quiet shows none", ("--plain",)),
    Rule("build", "--json", "with --json, stderr has every event", ("--plain", "--quiet")),
    Rule(
        "verify",
        "REFERENCE",
        "one run verifies either the project's images or any other images",
        ("SELECTOR",),
        hint="write a reference with its tag or digest: HOST/REPOSITORY:TAG",
    ),
    *(
        Rule("verify", option, _NO_PROJECT, ("REFERENCE",))
        for option in ("--tag", "--registry", "--var", "--run", "--project")
    ),
    *(
        Rule("verify", option, _IN_THE_FILE, ("--release",))
        for option in ("SELECTOR", "REFERENCE", "--platform", "--tag", "--registry", "--var", "--run", "--project")
    ),
    Rule("verify", "--timeout", "it is for each start of an image", only_with=("--run",)),
    Rule("verify", "--foreign", "it is for the binaries in the layers", only_with=("--deep",)),
    Rule("verify", "--jobs", "it is for layers to read and images to start", only_with=("--deep", "--run")),
    *(
        Rule("report", "--json", "the file's ending is that of another format", (f"--output *{ending}",))
        for ending, form in REPORTS.items()
        if form != "json"
    ),
    Rule("promote", "--jobs", "it is for layers to read", only_with=("--deep",)),
    Rule("promote", "--release-file", "--dry-run releases nothing", ("--dry-run",)),
    Rule("clean", "bakec clean", "else nothing is named to clean", only_with=("--staged", "--journals")),
    Rule(
        "clean",
        "bakec clean",
        "bakec needs to know what is old",
        only_with=("--older-than",),
        hint="write --older-than 7d",
    ),
    *(
        Rule("clean", option, "journals are of this project, not of a registry", only_with=("--staged",))
        for option in ("SELECTOR", "--tag", "--registry", "--var", "--insecure")
    ),
    Rule("builder up", "--bootstrap", "they are opposites", ("--no-bootstrap",)),
)
"""The rules, in the order in which they are checked."""

FREE: Mapping[str, tuple[str, ...]] = {
    "compile": ("--project",),
    "plan": ("--project", "--json"),
    "lock": ("--insecure", "--project", "--json"),
    "graph": ("SELECTOR", "--project"),
    "build": (
        *("SELECTOR", "--platform", "--tag", "--registry", "--var", "--insecure", "--jobs"),
        *("--fail-fast", "--allow", "--project"),
    ),
    "verify": ("--insecure", "--json"),
    "report": ("RUN", "--project"),
    "release status": ("RELEASE", "--insecure", "--project", "--json"),
    "release finish": ("RELEASE", "--insecure", "--project", "--json"),
    "release diff": ("RELEASE_FILE", "--json"),
    "release export": ("RELEASE_FILE", "--format", "--output", "--json"),
    "mirror": ("NAME", "--registry", "--var", "--deep", "--insecure", "--jobs", "--dry-run", "--project", "--json"),
    "promote": ("RELEASE_FILE", "--tag", "--insecure", "--project", "--json"),
    "rollback": ("RELEASE", "--insecure", "--project", "--json"),
    "clean": ("--delete", "--project", "--json"),
    "doctor": (
        *("SELECTOR", "--platform", "--tag", "--registry", "--var", "--insecure", "--jobs", "--allow"),
        *("--project", "--json"),
    ),
    "builder up": ("--allow-loss", "--dry-run", "--project", "--json"),
    "builder ls": ("--project", "--json"),
    "builder rm": ("--with-cache", "--dry-run", "--project", "--json"),
}
"""Verb → the words that can be combined with every other word of that verb."""


def refuse(verb: str, words: Collection[str]) -> None:
    """Raise an error if the words break a rule.

    Args:
        verb: such as `build` or `release export`.
        words: the given words, with and without values, as in a Rule.

    Raises:
        UsageError: the first broken rule, with both words.
    """
    there = {*words, f"bakec {verb}"}
    for rule in (each for each in RULES if each.verb == verb and each.word in there):
        for other in (each for each in rule.without if each in there):
            message = f"{rule.word} can't be combined with {other}: {rule.why}"
            raise UsageError(message, hint=rule.hint or "leave one of the two out")
        if rule.only_with and there.isdisjoint(rule.only_with):
            others = " or ".join(rule.only_with)
            raise UsageError(f"{rule.word} needs {others}: {rule.why}", hint=rule.hint or f"write {others} too")
