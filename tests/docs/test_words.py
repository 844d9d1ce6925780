"""The documents keep the rules of CONTRIBUTING that can be checked: words, length of sentences, glossary, paths."""

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
GLOSSARY = DOCS / "glossary.md"
CODE = ROOT / "bake_compiler"
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md")))
OVERVIEWS = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md")))

OF_READERS = {"components/shared.py", "kustomize/", "pins/", "pins/kustomize/"}
"""What a reader's own project has."""

MOST_WORDS = 25
BANNED = {
    "mend": r"mend(?:s|ed|ing)?\b",
    "tell": r"(?:tells?|told)\b",
    "anew": r"anew\b",
    "none is": r"none (?:is|are)\b",
    "but for except": r"(?:nothing|nobody|none|no \w+|all) but\b|but (?:for|with|where|when)\b",
    "looked at": r"looked at\b",
    "is so": r"(?:is|are) so(?=[.,;:)]|$)",
    "held against": r"(?:held|holds?) (?:\w+ )?against\b",
    "in place of": r"in place of\b",
    "staged tag": r"staged tags?\b",
}
"""What is not written → how it is found, at the beginning of a word."""

# They may only fall. Docstrings and help texts are still being rewritten; every other page has none of either.
LONG_SENTENCES: dict[str, int] = {}
BANNED_WORDS: dict[str, int] = {}
LONG_IN_CODE = 9
BANNED_IN_CODE = 15

_DESCRIBED = re.compile(r"\n\s+(?=[\w*, ]+: )")
"""Before an argument or a field that a docstring describes."""


def prose(text: str) -> str:
    """The text without code, targets of links, and the examples of bad sentences."""
    text = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"(?<=\n\n)(?: {4}[^\s-].*\n)+", "", text)
    text = re.sub(r"^ *- Before: .*?(?=^ *- After: )", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`]*`", "CODE", re.sub(r"\]\([^)]*\)", "]", text))


def sentences(text: str) -> Iterator[str]:
    """Each sentence; an item of a list, a cell of a table, and what `;` separates in a cell are parts of their own."""
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )|\n(?=[#|])", prose(text)):
        parts = re.split(r"[|;]", block) if block.startswith("|") else [block]
        for part in (each for cell in parts for each in cell.split(" · ")):
            yield from (each for each in re.split(r"(?<=[.!?])[)\"*]*\s+", part) if each.strip())


def long_sentences(text: str) -> list[str]:
    return [" ".join(each.split()) for each in sentences(text) if len(each.split()) > MOST_WORDS]


def banned_words(text: str) -> list[str]:
    """What is not written, each as often as it is."""
    return [word for word, pattern in BANNED.items() for _ in re.findall(rf"(?i)\b(?:{pattern})", text)]


def docstrings(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_page_has_more_sentences_that_are_too_long(page: Path) -> None:
    found = long_sentences(page.read_text(encoding="utf-8"))

    assert len(found) <= LONG_SENTENCES.get(name(page), 0), found


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_page_has_more_words_that_have_a_plain_one(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    help_texts = "\n".join(re.findall(r"^```text\n(.*?)^```$", text, re.DOTALL | re.MULTILINE))

    found = banned_words(prose(text) + (help_texts if page.name == "cli.md" else ""))

    assert len(found) <= BANNED_WORDS.get(name(page), 0), Counter(found)


@pytest.mark.parametrize(("find", "most"), [(banned_words, BANNED_IN_CODE), (long_sentences, LONG_IN_CODE)])
def test_docstrings_have_no_more_of_either(find: Callable[[str], list[str]], most: int) -> None:
    texts = {name(path): "\n\n".join(docstrings(path)) for path in sorted(CODE.rglob("*.py"))}

    found = Counter({path: len(find(prose(_DESCRIBED.sub("\n\n", text)))) for path, text in texts.items()})

    assert found.total() <= most, found.most_common(20)


def test_a_long_sentence_and_a_banned_word_are_found_wherever_a_reader_sees_them() -> None:
    long = " ".join(["word"] * 26)
    text = f"Short. {long}. Short; {long}.\n\n- {long}\n\n| a | {long} |\n|---|---|\n| b | {long[:50]}; {long[:50]} |\n"

    assert len(long_sentences(text)) == 4
    assert (
        long_sentences(f"`{long}`, [{long[:50]}]({long})\n\n```text\n{long}\n```\n   - Before: {long}\n   - After: x")
        == []
    )
    assert banned_words("Mended, told and anew; amend, retell.") == ["mend", "tell", "anew"]
    assert banned_words("no cache is lost but with X, nothing but Y, none is Z; not A but B") == [
        "none is",
        *["but for except"] * 2,
    ]
    assert banned_words(prose("`mend`\n```text\ntold\n```\n")) == []


def defined() -> Mapping[str, str]:
    """Each word of the glossary → the heading that it stands under, as links have it."""
    found: dict[str, str] = {}
    for section in re.split(r"^## ", GLOSSARY.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        heading = section.partition("\n")[0].lower().replace(" ", "-").replace(",", "")
        for words in re.findall(r"^\| \*\*(.+?)\*\* \|", section, re.MULTILINE):
            for word in words.split(", "):
                assert word not in found
                found[word] = heading
    return found


def to_glossary() -> Iterator[tuple[Path, str, str]]:
    """Each link to a word: page, text, heading."""
    for page in PAGES:
        for text, heading in re.findall(
            r"\[([^\]]+)\]\([./a-z]*glossary\.md#([^)]+)\)", page.read_text(encoding="utf-8")
        ):
            yield page, " ".join(text.strip("*").lower().split()), heading


def test_each_link_to_the_glossary_is_to_a_word_under_the_heading_that_it_names() -> None:
    words = defined()

    wrong = [
        f"{name(page)}: [{text}](#{heading})"
        for page, text, heading in to_glossary()
        if heading not in {words.get(each) for each in (text, text.removesuffix("s"), f"{text.removesuffix('s')}s")}
    ]

    assert len(list(to_glossary())) > 30
    assert wrong == []


@pytest.mark.parametrize("page", OVERVIEWS, ids=name)
def test_each_page_for_users_links_to_the_glossary(page: Path) -> None:
    assert page == GLOSSARY or "glossary.md" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_each_path_of_the_project_that_a_page_names_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    named = [each for each in re.findall(r"`([a-z_][a-z0-9_/-]*(?:\.py|\.md|/))`", text) if "/" in each]

    assert [
        each for each in named if each not in OF_READERS and not any((place / each).exists() for place in (ROOT, CODE))
    ] == []
