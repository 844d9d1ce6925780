import pytest

from bake_compiler.registry.proxies import Proxies

PROXY = "http://me:secret@proxy.test:3128"


@pytest.mark.parametrize(
    ("environ", "url", "chosen"),
    [
        ({}, "https://a.test/", ""),
        ({"HTTPS_PROXY": PROXY}, "https://a.test/", PROXY),
        ({"https_proxy": PROXY, "HTTPS_PROXY": "http://other.test"}, "https://a.test/", PROXY),
        ({"HTTPS_PROXY": PROXY}, "http://a.test/", ""),
        ({"HTTP_PROXY": PROXY}, "http://a.test/", PROXY),
        ({"ALL_PROXY": PROXY}, "https://a.test/", PROXY),
        ({"HTTPS_PROXY": "proxy.test:3128"}, "https://a.test/", "http://proxy.test:3128"),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "b.test,a.test"}, "https://a.test/", ""),
        ({"HTTPS_PROXY": PROXY, "no_proxy": ".test"}, "https://a.test:5000/", ""),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "a.test:5000"}, "https://a.test:5000/", ""),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "a.test:5000"}, "https://a.test/", PROXY),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "*"}, "https://a.test/", ""),
        ({"HTTPS_PROXY": PROXY, "HTTP_PROXY": PROXY}, "https://127.0.0.1:5000/", ""),
        ({"HTTPS_PROXY": PROXY, "HTTP_PROXY": PROXY}, "http://localhost:5000/", ""),
        ({"HTTPS_PROXY": PROXY, "HTTP_PROXY": PROXY}, "http://[::1]:5000/", ""),
    ],
)
def test_the_environment_says_which_proxy(environ: dict[str, str], url: str, chosen: str) -> None:
    proxies = Proxies(environ)

    assert proxies.choose(url) == chosen
    assert proxies.choose(url) == chosen


def test_the_hosts_of_the_proxies_are_known() -> None:
    assert Proxies({"HTTPS_PROXY": PROXY, "http_proxy": "localhost:1"}).hosts == {"proxy.test", "localhost"}
    assert Proxies({}).hosts == frozenset()
