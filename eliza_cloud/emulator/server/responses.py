"""What goes over the wire: JSON as the cloud writes it, its error bodies (cloud-api §5), times and money."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from aiohttp import web

from eliza_cloud.emulator.server.cloud import Cloud

MICROS = 1_000_000


class ApiError(Exception):
    """A refusal that a handler raises and the error middleware sends: HTTP status and JSON body."""

    def __init__(
        self, status: int, body: Mapping[str, object], headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body
        self.headers = headers

    def response(self) -> web.Response:
        """This refusal as an HTTP answer."""
        return json_response(self.body, self.status, self.headers)


def api_error(status: int, error: str, **more: object) -> ApiError:
    """A business failure: `success: false`, `error` and no `code` unless given."""
    return ApiError(status, {"success": False, "error": error, **more})


def coded_error(status: int, code: str, error: str, details: Mapping[str, object] | None = None) -> ApiError:
    """A thrown API error: like a refusal, with `code`."""
    extra = {} if details is None else {"details": details}
    return ApiError(status, {"success": False, "error": error, "code": code, **extra})


def not_found(cloud: Cloud, error: str) -> ApiError:
    """404 for something that does not exist; typed in generation L (cloud-api-latest L22)."""
    return coded_error(404, "resource_not_found", error) if cloud.is_latest else api_error(404, error)


def unexpected_error() -> ApiError:
    """What the cloud answers to anything it did not foresee."""
    return coded_error(500, "internal_error", "An unexpected error occurred")


def to_json(value: object) -> str:
    """Compact JSON, non-ASCII as it is, like the server's own serialiser."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def json_response(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON answer."""
    return web.Response(
        body=to_json(body).encode(), status=status, headers=headers, content_type="application/json"
    )


def success(data: object, status: int = 200, **more: object) -> web.Response:
    """The usual wrapper: `{"success": true, …, "data": …}`."""
    return json_response({"success": True, **more, "data": data}, status)


async def read_json(request: web.Request, cloud: Cloud) -> object:
    """The body as JSON whatever its content type; C answers 500 to anything else, N 400 (cloud-api §5)."""
    try:
        return json.loads(await request.text())
    except (ValueError, RecursionError, LookupError) as error:
        if not cloud.is_c:
            raise coded_error(400, "validation_error", "Invalid JSON body") from error
        raise unexpected_error() from error


def iso(moment: float) -> str:
    """An instant as the wire writes it: UTC, milliseconds, `Z`."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_or_null(moment: float | None) -> str | None:
    """Like `iso`, for columns that may be empty."""
    return None if moment is None else iso(moment)


def dollars(micros: int) -> float:
    """Money as a JSON number, whole amounts without a fraction as JavaScript writes them."""
    return micros // MICROS if micros % MICROS == 0 else micros / MICROS


def numeric(micros: int) -> str:
    """Money as the database's numeric column prints it: a decimal string with at least two places."""
    whole, _, places = f"{Decimal(micros) / MICROS:.6f}".partition(".")
    return f"{whole}.{places.rstrip('0').ljust(2, '0')}"


def six_places(micros: int) -> str:
    """Money as a decimal string with six places."""
    return f"{Decimal(micros) / MICROS:.6f}"


def micros(amount: float | str) -> int:
    """Dollars, as a number or decimal string, in millionths."""
    return int((Decimal(str(amount)) * MICROS).to_integral_value())
