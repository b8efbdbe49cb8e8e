"""Can the cloud's name be looked up, and does it lead where the service may go?"""

import asyncio
import ipaddress

from eliza_cloud.cloud.http.address import BaseUrl
from eliza_cloud.cloud.http.session import AddressGuard, AddressRefused, GuardedResolver
from eliza_cloud.cloud.http.ssrf import NameLookup
from eliza_cloud.core.problems import CLOUD_ADDRESS_REFUSED, CLOUD_NAME_NOT_FOUND, LOOKUP_TOO_SLOW
from eliza_cloud.ops.doctor.result import Check, Finding, failed, passed, skipped

LOOKUP_WITHIN = 10.0  # seconds


async def check_name(base_url: BaseUrl) -> Finding:
    """Look the host up; a name with a forbidden address is a finding about the base URL."""
    host = base_url.site.host or ""
    if base_url.is_loopback:
        return skipped(Check.DNS, f"{host} is this machine; no name is looked up.")
    if _is_address(host):
        return skipped(Check.DNS, f"{host} is an address, not a name.")
    resolver = GuardedResolver(AddressGuard(base_url), NameLookup())
    try:
        async with asyncio.timeout(LOOKUP_WITHIN):
            answers = await resolver.resolve(host, base_url.site.port or 443)
    except TimeoutError:
        return failed(Check.DNS, LOOKUP_TOO_SLOW, host=host, seconds=round(LOOKUP_WITHIN))
    except AddressRefused as refused:
        return failed(Check.BASE_URL, CLOUD_ADDRESS_REFUSED, reason=refused)
    except OSError:
        return failed(Check.DNS, CLOUD_NAME_NOT_FOUND, host=host)
    found = sorted({answer["host"] for answer in answers})
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return passed(Check.DNS, f"{host} is at {', '.join(found[:3])}{more}.")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
