import pytest

from bake_compiler import Expr, Join, Var
from bake_compiler.model.values import has_expr, variables_of


@pytest.mark.parametrize(
    "hcl",
    [
        "upper(TAG)",
        'DEBUG ? "debug" : "release"',
        '[for each in MIRRORS : "https://${each}/}"]',
        "{ for name, team in OWNERS : upper(name) => team }",
        '"a # b // c }"',
        '"$${literal} %%{too} ${TAG}"',
        '"${TAG == "x" ? "{" : "}"}"',
        'regex_replace(TAG, "[^a-z\\\\]", "-")',
        "OWNERS.app",
        "MIRRORS[0]",
    ],
)
def test_an_expression_is_taken_as_it_is(hcl: str) -> None:
    assert Expr(hcl).hcl == hcl


@pytest.mark.parametrize(
    ("hcl", "why"),
    [
        ("", "one expression"),
        ("a\n}", "one line"),
        ("1 }\ntarget", "one line"),
        ("1 }", "'}' closes what it did not open"),
        ("f(1", "'(' is not closed"),
        ("[1)", "')' closes what it did not open"),
        ("1 # rest", "comment"),
        ("1 // rest", "comment"),
        ("1 /* rest", "comment"),
    ],
)
def test_what_would_not_stay_one_expression_is_refused(hcl: str, why: str) -> None:
    with pytest.raises(ValueError, match=r"^Expr\(") as caught:
        Expr(hcl)

    assert why in str(caught.value)


def test_a_join_takes_values_alone() -> None:
    with pytest.raises(TypeError, match="not 7"):
        Join("a", 7)  # type: ignore[arg-type]


def test_the_variables_of_a_structure_are_found_however_deep() -> None:
    value = {"a": (Join("x", Var("ONE"), Join(Var("TWO"))), Var("THREE")), "b": "${FOUR}"}

    assert list(variables_of(value)) == ["ONE", "TWO", "THREE"]
    assert not has_expr(value)
    assert has_expr({"a": [Join("x", Expr("f()"))]})
