"""What the network does to a request, as the sentence a user sees."""

import ssl

import aiohttp
from yarl import URL

from eliza_cloud.cloud.errors import (
    BaseUrlRefused,
    CertificateDates,
    CloudError,
    InvalidResponse,
    NameNotFound,
    TimedOut,
    TlsFailed,
    Unreachable,
)
from eliza_cloud.cloud.http.session import AddressRefused
from eliza_cloud.core.problems import (
    CLOCK_WRONG,
    CLOUD_ADDRESS_REFUSED,
    CLOUD_NAME_NOT_FOUND,
    CLOUD_SILENT,
    CLOUD_TLS_FAILED,
    CLOUD_UNREACHABLE,
    RESPONSE_NOT_HTTP,
)

#: What aiohttp and the operating system raise while a request is under way.
NETWORK_ERRORS = (aiohttp.ClientError, OSError)

#: What OpenSSL calls a certificate that is not yet valid, and one that has expired.
_DATES = {9, 10}


def network_error(error: Exception, url: URL) -> CloudError:
    """Translate one of `NETWORK_ERRORS` into the sentence a user sees."""
    site = f"{url.scheme}://{url.authority}"
    cause = getattr(error, "os_error", error) if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, AddressRefused):
        return BaseUrlRefused(CLOUD_ADDRESS_REFUSED.occurred(reason=cause))
    if isinstance(error, TimeoutError):
        return TimedOut(CLOUD_SILENT.occurred(site=site))
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return NameNotFound(CLOUD_NAME_NOT_FOUND.occurred(host=url.host))
    if isinstance(error, (aiohttp.ClientSSLError, ssl.SSLError)):
        reason = _tls_reason(cause)
        if _verify_code(cause) in _DATES:
            return CertificateDates(CLOCK_WRONG.occurred(site=site, reason=reason))
        return TlsFailed(CLOUD_TLS_FAILED.occurred(site=site, reason=reason))
    if isinstance(error, aiohttp.ClientResponseError):
        return InvalidResponse(RESPONSE_NOT_HTTP.occurred(site=site))
    return Unreachable(CLOUD_UNREACHABLE.occurred(site=site, reason=_network_reason(cause)))


def _network_reason(cause: BaseException) -> str:
    if isinstance(cause, ConnectionRefusedError):
        return "refused the connection"
    if isinstance(cause, (aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError, ConnectionError)):
        return "closed the connection before its answer was complete"
    return "could not be reached"


def _tls_reason(cause: BaseException) -> str:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return cause.verify_message
    if isinstance(cause, aiohttp.ClientConnectorCertificateError):
        return _tls_reason(cause.certificate_error)
    return "the handshake failed"


def _verify_code(cause: BaseException) -> int | None:
    if isinstance(cause, aiohttp.ClientConnectorCertificateError):
        return _verify_code(cause.certificate_error)
    return cause.verify_code if isinstance(cause, ssl.SSLCertVerificationError) else None
