import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake_compiler.registry.challenge import Challenge, parse_challenges, preferred

HUB = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull"'
TOKENS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=8)
VALUES = st.text(max_size=20)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", ()),
        ("  , ,", ()),
        ("Basic", (Challenge("basic"),)),
        ('Basic realm="a, b=c"', (Challenge("basic", {"realm": "a, b=c"}),)),
        ("BASIC Realm=x", (Challenge("basic", {"realm": "x"}),)),
        ('Basic realm = "x" , charset="UTF-8"', (Challenge("basic", {"realm": "x", "charset": "UTF-8"}),)),
        (r'Basic realm="a \"quoted\" word"', (Challenge("basic", {"realm": 'a "quoted" word'}),)),
        (
            'Negotiate, Basic realm="x", Bearer realm="https://a/t",scope="a:b:pull,push"',
            (
                Challenge("negotiate"),
                Challenge("basic", {"realm": "x"}),
                Challenge("bearer", {"realm": "https://a/t", "scope": "a:b:pull,push"}),
            ),
        ),
        ('realm="nobody\'s", Basic', (Challenge("basic"),)),
        ('Basic realm="unclosed', (Challenge("basic", {"realm": ""}),)),
        ('Basic realm="first",realm="second"', (Challenge("basic", {"realm": "first"}),)),
        ('@@ "junk" Basic', (Challenge("basic"),)),
    ],
)
def test_reads_every_challenge(header: str, found: tuple[Challenge, ...]) -> None:
    assert parse_challenges(header) == found


def test_a_token_is_preferred_to_a_password() -> None:
    chosen = preferred(f'Basic realm="x", {HUB}')

    assert chosen is not None
    assert (chosen.scheme, chosen.realm) == ("bearer", "https://auth.docker.io/token")
    assert (chosen.service, chosen.scope) == ("registry.docker.io", "repository:a/b:pull")
    assert chosen.for_any_scope().scope == ""


@pytest.mark.parametrize("header", ["", "Negotiate", "Bearer", 'Bearer scope="x"', "Digest realm=x"])
def test_what_bakec_cannot_meet_is_no_challenge(header: str) -> None:
    assert preferred(header) is None


@given(st.lists(st.tuples(TOKENS, st.dictionaries(TOKENS, VALUES, max_size=3)), max_size=4))
def test_what_was_written_is_read(challenges: list[tuple[str, dict[str, str]]]) -> None:
    def quoted(value: str) -> str:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

    header = ", ".join(
        f"{scheme} {', '.join(f'{name}={quoted(value)}' for name, value in parameters.items())}".rstrip()
        for scheme, parameters in challenges
    )

    assert parse_challenges(header) == tuple(Challenge(scheme, parameters) for scheme, parameters in challenges)


@given(st.text(max_size=200) | st.text('Basicer =,"\\', max_size=200))
def test_no_header_is_too_odd(header: str) -> None:
    parse_challenges(header)
    preferred(header)
