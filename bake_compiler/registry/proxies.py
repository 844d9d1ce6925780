"""Chooses the proxy of a request, from the environment."""

from collections.abc import Mapping
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

from bake_compiler.registry.address import is_loopback


class Proxies:
    """HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY. Lower-case names win, as in curl."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        def value(name: str) -> str:
            return environ.get(name) or environ.get(name.upper()) or ""

        self._proxies = {scheme: value(f"{scheme}_proxy") or value("all_proxy") for scheme in ("http", "https")}
        self._bypassed = {"no": value("no_proxy")}
        self._chosen: dict[str, str] = {}

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts of the proxies themselves."""
        return frozenset(urlsplit(_url(each)).hostname or "" for each in self._proxies.values() if each)

    def choose(self, url: str) -> str:
        """Return the URL of the proxy for a URL; empty for no proxy. Requests to this machine use no proxy."""
        origin = "/".join(url.split("/", 3)[:3])
        if origin not in self._chosen:
            split = urlsplit(origin)
            self._chosen[origin] = self._choose(split.scheme, split.hostname or "", split.netloc)
        return self._chosen[origin]

    def _choose(self, scheme: str, host: str, authority: str) -> str:
        proxy = self._proxies.get(scheme, "")
        if not proxy or is_loopback(host) or proxy_bypass(authority, self._bypassed):
            return ""
        return _url(proxy)


def _url(proxy: str) -> str:
    return proxy if "://" in proxy else f"http://{proxy}"
