"""The control-plane hosts of Eliza Cloud, by their exact names: two clouds, each with one set of keys.

A host of an agent (`<uuid>.cloud.eliza.app`) is not among them: it belongs to a customer, and any request to
it starts that agent.
"""

import re
from typing import NamedTuple

from yarl import URL


class _Cloud(NamedTuple):
    """One control plane: every host that has served it, and the one that serves its pages today."""

    hosts: frozenset[str]
    pages: str


_PRODUCTION = _Cloud(
    frozenset(
        {
            "elizacloud.ai",
            "www.elizacloud.ai",
            "dev.elizacloud.ai",
            "app.elizacloud.ai",
            "api.elizacloud.ai",
            "eliza.app",
            "cloud.eliza.app",
            "api.eliza.app",
        }
    ),
    "cloud.eliza.app",
)
_STAGING = _Cloud(
    frozenset(
        {
            "api-staging.elizacloud.ai",
            "staging.eliza.app",
            "cloud-staging.eliza.app",
            "api-staging.eliza.app",
        }
    ),
    "cloud-staging.eliza.app",
)
_CLOUDS = {host: cloud for cloud in (_PRODUCTION, _STAGING) for host in cloud.hosts}
#: The hosts without the sign-in page and the others of the web app.
_WITHOUT_PAGES = {
    "api.elizacloud.ai",
    "api.eliza.app",
    "eliza.app",
    "api-staging.elizacloud.ai",
    "api-staging.eliza.app",
    "staging.eliza.app",
}
_AGENT_HOST = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(cloud\.eliza\.app|cloud-staging\.eliza\.app|elizacloud\.ai)"
)
_BILLING_PAGE = "/cloud/billing"
_FORMER_BILLING_PAGE = "/dashboard/settings?tab=billing"


def is_same_cloud(one: URL, other: URL) -> bool:
    """Tell whether both URLs are on https origins of one of the listed clouds."""
    cloud = _cloud_of(one)
    return cloud is not None and cloud is _cloud_of(other)


def pages_of(api: URL, *, after_redirect: bool = False) -> URL | None:
    """Return the origin of the pages that belong to an API; None where they are on the API's own.

    A host that still answers serves its own pages; one that a redirect led to has those of its cloud.
    """
    cloud = _cloud_of(api)
    if cloud is None or (api.host not in _WITHOUT_PAGES and not after_redirect):
        return None
    return URL(f"https://{cloud.pages}")


def billing_page(pages: URL) -> str:
    """Return the path of the page about money on the origin of the pages."""
    cloud = _cloud_of(pages)
    return _BILLING_PAGE if cloud is not None and pages.host == cloud.pages else _FORMER_BILLING_PAGE


def is_agent_host(host: str) -> bool:
    """Tell whether a host in lower case is an agent's own."""
    return _AGENT_HOST.fullmatch(host) is not None


def _cloud_of(url: URL) -> _Cloud | None:
    """Return the cloud of an https URL on its default port."""
    if url.scheme != "https" or url.port != 443:
        return None
    return _CLOUDS.get((url.raw_host or "").lower())
