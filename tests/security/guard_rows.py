# ruff: noqa: E501 - a table reads best with one request a line
"""The table of requests that must not get in: each with what has to come back.

A new surface is added as rows; `Row.through` marks the few that rightly get in.
"""

import base64
import json
from dataclasses import dataclass

from tests.security.wire import request

#: The token of the services under attack, and a key they hold.
TOKEN = "canary-" + "7f3a9c51d2e84b60" * 3
KEY = "eliza_" + "c0ffee5ec4e7d00d" * 4
RIGHT = f"Authorization: Bearer {TOKEN}"
SIGN_OUT = "POST /api/cloud/disconnect"
STATUS = "GET /api/cloud/status"
CREATE = "POST /api/cloud/agents"
CHAT = "POST /api/chat"
AGENT = "0b5f0f7e-1111-4222-8333-444455556666"
HERE = f"/api/cloud/agents/{AGENT}"
#: What costs, deletes, or is passed on.
COSTLY = (
    *(f"POST {HERE}/{action}" for action in ("connect", "resume", "restart", "upgrade", "shutdown")),
    *("POST /api/cloud/billing/checkout", "POST /api/cloud/compat/agents", "POST /v1/chat/completions"),
    "POST /rpc/base",
)
JSON = "Content-Type: application/json"


@dataclass(frozen=True)
class Row:
    """One request. `status` lists what may come back, `through` tells whether a handler may be reached."""

    name: str
    sent: bytes
    status: tuple[int, ...] = (401,)
    through: bool = False


def _tokens() -> list[Row]:
    """Nothing, nearly, or the right thing in the wrong place."""
    shown = base64.b64encode(f"user:{TOKEN}".encode()).decode()
    bare = base64.b64encode(TOKEN.encode()).decode()
    headers = {
        "no token": "X-Nothing: 1",
        "a wrong token": "Authorization: Bearer wrong",
        "an empty token": "Authorization: Bearer",
        "an empty token with a blank": "Authorization: Bearer ",
        "an empty header": "X-Eliza-Token:",
        "a blank header": "X-Api-Key:    ",
        "a prefix": f"Authorization: Bearer {TOKEN[:-1]}",
        "half": f"Authorization: Bearer {TOKEN[: len(TOKEN) // 2]}",
        "a suffix": f"Authorization: Bearer {TOKEN[1:]}",
        "one more": f"Authorization: Bearer {TOKEN}0",
        "twice in one": f"Authorization: Bearer {TOKEN}{TOKEN}",
        "twice with a comma": f"Authorization: Bearer {TOKEN},{TOKEN}",
        "in capitals": f"Authorization: Bearer {TOKEN.upper()}",
        "reversed": f"Authorization: Bearer {TOKEN[::-1]}",
        "in quotes": f'Authorization: Bearer "{TOKEN}"',
        "in angle brackets": f"Authorization: Bearer <{TOKEN}>",
        "as a parameter": f"Authorization: Bearer token={TOKEN}",
        "as base64": f"Authorization: Bearer {bare}",
        "percent-encoded": f"Authorization: Bearer %63{TOKEN[1:]}",
        "as basic": f"Authorization: Basic {shown}",
        "as bare basic": f"Authorization: Basic {bare}",
        "as digest": f'Authorization: Digest response="{TOKEN}"',
        "under the scheme Token": f"Authorization: Token {TOKEN}",
        "without a scheme": f"Authorization: {TOKEN}",
        "glued to the scheme": f"Authorization: Bearer{TOKEN}",
        "after a second scheme": f"Authorization: Bearer Bearer {TOKEN}",
        "with a non-ASCII tail": f"Authorization: Bearer {TOKEN}\xe9",
        "with a no-break space": f"Authorization: Bearer \xa0{TOKEN}",
        "with a soft hyphen": f"Authorization: Bearer {TOKEN[:9]}\xad{TOKEN[9:]}",
        "not ASCII at all": "Authorization: Bearer \xfc\xf1\xee\xe7\xf8\xf0\xe9",
        "very long": f"Authorization: Bearer {'A' * 8000}",
        "very long with the right start": f"Authorization: Bearer {TOKEN}{'0' * 4000}",
        "what a secret shows": "Authorization: Bearer <secret>",
        "the word null": "X-Eliza-Token: null",
        "the word undefined": "X-Api-Key: undefined",
        "the API key": f"Authorization: Bearer {KEY}",
        "in a cookie": f"Cookie: token={TOKEN}; X-Eliza-Token={TOKEN}; Authorization=Bearer {TOKEN}",
        "in X-Api-Token": f"X-Api-Token: {TOKEN}",
        "in X-Auth-Token": f"X-Auth-Token: {TOKEN}",
        "in X_Api_Key": f"X_Api_Key: {TOKEN}",
        "in Proxy-Authorization": f"Proxy-Authorization: Bearer {TOKEN}",
        "in the Referer": f"Referer: http://localhost/?token={TOKEN}",
        "in the User-Agent": f"User-Agent: Bearer {TOKEN}",
        "in a WebSocket protocol": f"Sec-WebSocket-Protocol: bearer, {TOKEN}",
        "a claim to be local": "X-Forwarded-For: 127.0.0.1",
        "a claim to be a proxy": "Forwarded: for=127.0.0.1;host=localhost;proto=https",
        "a claim of another path": "X-Original-URL: /api/cloud/status",
        "a claim of a path rewritten": "X-Rewrite-URL: /api/cloud/status",
        "a claim of another method": "X-HTTP-Method-Override: GET",
        "two wrong ones": "X-Api-Key: a\r\nX-Eliza-Token: b",
        "two wrong bearers": "Authorization: Bearer a\r\nAuthorization: Bearer b",
    }
    rows = [Row(f"token: {name}", request(SIGN_OUT, header)) for name, header in headers.items()]
    queries = ("token", "access_token", "api_key", "authorization", "X-Api-Key")
    rows += [Row(f"token: in the query as {name}", request(f"{SIGN_OUT}?{name}={TOKEN}")) for name in queries]
    rows += [
        Row("token: in the path", request(f"{SIGN_OUT}/{TOKEN}")),
        Row("token: as a path parameter", request(f"{SIGN_OUT};token={TOKEN}")),
        Row("token: in the fragment", request(f"{SIGN_OUT}#{TOKEN}")),
        Row("token: as user info", request(f"POST http://user:{TOKEN}@localhost/api/cloud/disconnect")),
        Row("token: in a JSON body", request(SIGN_OUT, JSON, body=b'{"token":"%s"}' % TOKEN.encode())),
        Row(
            "token: in a trailer",
            request(SIGN_OUT, "Transfer-Encoding: chunked", "Trailer: X-Api-Key", close=False)
            + f"0\r\nX-Api-Key: {TOKEN}\r\n\r\n".encode(),
            (400, 401),
        ),
        Row("token: over 64 headers", request(SIGN_OUT, *[f"X-{n}: 1" for n in range(80)], RIGHT), (400,)),
        Row("token: after the head", request(SIGN_OUT) + f"{RIGHT}\r\n\r\n".encode(), (400, 401)),
    ]
    return rows


def _paths() -> list[Row]:
    """Spellings of open and of closed paths."""
    targets = [
        "/api/cloud/status/", "/api/cloud/status/.", "/api/cloud/status/..", "/api/cloud/statusX", "/api/cloud/statu",
        "/API/CLOUD/STATUS", "/api/cloud/Status", "//api/cloud/status", "/api//cloud/status", "/./api/cloud/status",
        "/api/./cloud/status", "/api/cloud/login/../status", "/api/cloud/status/../agents", "/api/cloud/status%2e",
        "/api/cloud/status%2f", "/api/cloud%2fstatus", "/%2fapi/cloud/status", "/api/cloud/status%2f..%2fagents",
        "/api/cloud/status/..%2fagents", "/api/cloud/status/%2e%2e/agents", "/api/cloud/status%2f%2e%2e%2fagents",
        "/api/cloud/status/%252e%252e/agents", "/api/cloud/status%00", "/api/cloud/status%00/agents",
        "/api/cloud/status%0d%0aX-Api-Key:%20x", "/api/cloud/status%20", "/api/cloud/status;x=1", "/api/cloud/status;/agents",
        "/api/cloud/status,agents", "/api/cloud/status*", "/api/cloud/status.json", "/api/cloud/status%3f", "/api/cloud/status%23",
        "/api/cloud/st%61tus/x", "/api/cloud/login/status/x", "/api/cloud/login/statusXYZ?sessionId=x",
        "/api/cloud/login/status%2fx?sessionId=x", "/api/cloud/agents?/api/cloud/status", "/api/cloud/agents#/api/cloud/status",
        "/api/cloud/agents/..%2fstatus/backups", "/api/cloud/agents/%2e%2e/status", "/api/cloud/agents/../status", "/api/cloud/agents/",
        "/api/cloud/%61gents", "/api/cloud/agents%ff", "/api/cloud/agent\uff53", "/\\localhost/api/cloud/agents",
        "/api\\cloud\\status", "/api/cloud/status\\..\\agents", "//localhost/api/cloud/status", "//127.0.0.1/api/cloud/agents",
        "///api/cloud/agents", "/api", "/favicon.ico", "/.well-known/x", "/etc/passwd", "/..%2f..%2fetc%2fpasswd", "/static/../api/cloud/agents",
    ]  # fmt: skip
    rows = [
        Row(
            f"path: {target}",
            request("GET ? HTTP/1.1").replace(
                b"GET ? HTTP/1.1 HTTP/1.1", b"GET " + target.encode() + b" HTTP/1.1"
            ),
            (400, 401),
        )
        for target in targets
    ]
    absolute = {
        "http://localhost/api/cloud/agents": (401,),
        "HTTP://LOCALHOST/api/cloud/agents": (401,),
        "http://localhost:31337//api/cloud/status": (401,),
        "http://evil.example/api/cloud/status": (403,),
        "https://evil.example:443/api/cloud/status": (403,),
        "http://localhost@evil.example/api/cloud/status": (403,),
        "http://localhost.evil.example/api/cloud/status": (403,),
        "http://evil.example#@localhost/api/cloud/status": (400, 403),
        "http://evil.example\\@localhost/api/cloud/status": (400, 403),
        "http://[::1/api/cloud/status": (400,),
        "http://localhost:99999/api/cloud/status": (400,),
        "http:///api/cloud/status": (400, 401, 403),
        "http://": (400,),
        "ftp://localhost/api/cloud/agents": (400, 401, 403),
        "javascript:alert(1)": (400,),
        "api/cloud/status": (400,),
        "?": (400,),
        "*": (400,),
    }
    return [
        *rows,
        *(Row(f"target: {target}", request(f"GET {target}"), status) for target, status in absolute.items()),
    ]


HOSTS = (
    "127.0.0.1.evil.example", "localhost.evil.example", "evil.example", "evil.example:31337", "attacker.localhost", "notlocalhost",
    "localhost.", "localhost..", "127.0.0.1.", ".localhost", "localhost.localdomain", "127.0.0.2", "127.1", "127.000.000.001",
    "0177.0.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0", "0.0.0.0", "0.0.0.0:31337", "192.168.1.20", "10.0.0.1:31337",
    "169.254.169.254", "[::]", "[::]:31337", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[0:0:0:0:0:0:0:1]", "[::1%25lo]",
    "[::1", "::1]", "[::1]evil.example", "[::1].evil.example", "::1:31337", "[localhost]", "[127.0.0.1]", "localhost:", "localhost:31337:80",
    "localhost:-1", "localhost:port", "localhost:31337x", "localhost:999999", "user@localhost", "localhost@evil.example", "localhost:31337@evil.example",
    "localhost/", "localhost/evil.example", "localhost?evil.example", "localhost#evil.example", "localhost\\evil.example", "localhost, evil.example",
    "evil.example, localhost", "localhost;evil.example", "localhost evil.example", "localhost\tevil.example", "local host", "LOCALHOST.EVIL.EXAMPLE",
    "127.0.0.1.nip.io", "localtest.me", "xn--lcalhost-8va", "l\xf6calhost", "localhost\xad", "\xe2\x93\x9bocalhost", "%6cocalhost", "", " ", '"localhost"', "null", "a" * 5000,
)  # fmt: skip

ORIGINS = (
    "null", "", "https://evil.example", "http://evil.example:31337", "http://localhost.evil.example", "http://127.0.0.1.evil.example", "http://evil.localhost",
    "http://localhost@evil.example", "http://localhost:80@evil.example", "http://localhost%2eevil.example", "http://evil.example/http://localhost", "http://evil.example?http://localhost",
    "http://localhost\\.evil.example", "http://localhost\x0b", "http://localhost/", "http://localhost:", "http://localhost:80:80", "http://localhost:999999", "http://127.1", "http://2130706433",
    "http://0.0.0.0:31337", "http://[::]", "http://[::1].evil.example", "http://[::ffff:127.0.0.1]", "http://192.168.1.20", "file://", "file:///etc/passwd", "ftp://localhost", "ws://localhost",
    "chrome-extension://abcdefghijklmnop", "moz-extension://localhost", "data:text/html,x", "blob:http://localhost/x", "about:blank", "javascript:0", "localhost", "//localhost",
    "http://localhost http://evil.example", "http://localhost, http://evil.example", "http://l\xf6calhost", "http://xn--lcalhost-8va", "*",
)  # fmt: skip


def _names() -> list[Row]:
    """`Host` and `Origin`, each with the right token: it must not help."""
    rows = [Row(f"host: {host[:40]!r}", request(SIGN_OUT, RIGHT, host=host), (400, 403)) for host in HOSTS]
    rows += [
        Row(f"origin: {origin!r}", request(SIGN_OUT, RIGHT, f"Origin: {origin}"), (400, 403))
        for origin in ORIGINS
    ]
    two = "Host: evil.example"
    return [
        *rows,
        Row("host: missing", request(SIGN_OUT, RIGHT, host=None), (400, 403)),
        Row("host: missing in HTTP/1.0", request(SIGN_OUT, RIGHT, host=None, version="1.0"), (400, 403)),
        Row("host: two, the second foreign", request(SIGN_OUT, RIGHT, two), (400, 403)),
        Row("host: two, the first foreign", request(SIGN_OUT, RIGHT, "Host: localhost", host="evil.example"), (400, 403)),
        Row("host: two alike", request(SIGN_OUT, RIGHT, "Host: localhost"), (400, 403)),
        Row("host: folded", request(SIGN_OUT, RIGHT, "Host:", " localhost", host=None), (400, 403)),
        Row("host: blank before the colon", request(SIGN_OUT, RIGHT, "Host : localhost", host=None), (400, 403)),
        Row("host: only forwarded", request(SIGN_OUT, RIGHT, "X-Forwarded-Host: localhost", host="evil.example"), (403,)),
        Row("host: of a rebound name for an open route", request(STATUS, host="rebind.evil.example:31337"), (403,)),
        Row("host: of a rebound name with its own origin",
            request(STATUS, "Origin: http://rebind.evil.example:31337", host="rebind.evil.example:31337"), (403,)),
        Row("origin: two", request(SIGN_OUT, RIGHT, "Origin: http://localhost", "Origin: http://evil.example"), (403,)),
        Row("origin: foreign for an open route", request(STATUS, "Origin: https://evil.example"), (403,)),
        Row("origin: null for an open route", request(STATUS, "Origin: null"), (403,)),
    ]  # fmt: skip


def _pages() -> list[Row]:
    """What a page in the user's browser can send without asking beforehand: no token, three content types."""
    rows = []
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"):
        for where in (SIGN_OUT, "POST /api/cloud/login", CREATE, CHAT, *COSTLY):
            body = b'{"agentName":"a","text":"hi","x":"="}'
            rows.append(Row(f"page: {kind} to {where}", request(where, f"Content-Type: {kind}", body=body)))
        foreign = ("Origin: https://evil.example", f"Content-Type: {kind}")
        rows.append(
            Row(f"page: {kind} with its origin", request(CREATE, *foreign, body=b"agentName=a"), (403,))
        )
    rows += [
        Row(f"page: a preflight from {origin}", request(
            "OPTIONS /api/cloud/agents", f"Origin: {origin}", "Access-Control-Request-Method: POST"), (403,))
        for origin in ("null", "https://evil.example", "http://localhost.evil.example")
    ]  # fmt: skip
    return [
        *rows,
        Row("page: a preflight without an origin", request("OPTIONS /api/cloud/agents", "Access-Control-Request-Method: POST")),
        Row("page: an OPTIONS that is no preflight", request("OPTIONS /api/cloud/agents", "Origin: http://localhost")),
        Row("page: a private network preflight", request("OPTIONS /api/cloud/agents", "Origin: https://evil.example",
            "Access-Control-Request-Method: POST", "Access-Control-Request-Private-Network: true"), (403,)),
        Row("page: only a foreign Referer", request(SIGN_OUT, "Referer: https://evil.example/")),
        Row("page: only a local Referer", request(SIGN_OUT, "Referer: http://localhost/", "Sec-Fetch-Site: same-origin")),
        Row("page: an image", request("GET /api/cloud/agents", "Sec-Fetch-Dest: image", "Sec-Fetch-Mode: no-cors")),
        Row("page: a beacon", request(CHAT, "Content-Type: text/plain;charset=UTF-8", body=b'{"text":"hi"}')),
        Row("page: a script that asks for an event stream", request(CHAT, "Accept: text/event-stream", body=b'{"text":"hi"}')),
    ]  # fmt: skip


def _smuggling() -> list[Row]:
    """Requests within requests. What is inside asks to sign out, with the right token where that might help."""
    inner = request(SIGN_OUT, host="localhost", close=False)
    chunked = "Transfer-Encoding: chunked"

    def keep(*headers: str, after: bytes = b"", head: str = CREATE) -> bytes:
        return request(head, *headers, close=False) + after

    length = len(inner)
    bare = request(SIGN_OUT, RIGHT, close=False)
    shapes = {
        "length and chunks": keep("Content-Length: 4", chunked, after=b"0\r\n\r\n" + inner),
        "chunks and length": keep(chunked, "Content-Length: 6", after=b"0\r\n\r\nX" + inner),
        "two lengths": keep("Content-Length: 0", f"Content-Length: {length}", after=inner),
        "two lengths alike": keep("Content-Length: 2", "Content-Length: 2", after=b"{}" + inner),
        "a list of lengths": keep("Content-Length: 2, 2", after=b"{}" + inner),
        "a signed length": keep("Content-Length: +2", after=b"{}" + inner),
        "a negative length": keep("Content-Length: -1", after=inner),
        "a hexadecimal length": keep("Content-Length: 0x2", after=b"{}" + inner),
        "a length with an underscore": keep("Content-Length: 1_0", after=b"{}" + inner),
        "a length beyond 64 bits": keep(f"Content-Length: {2**64 + 2}", after=b"{}" + inner),
        "an empty length": keep("Content-Length:", after=inner),
        "an unknown coding": keep("Transfer-Encoding: identity", after=inner),
        "an odd coding": keep("Transfer-Encoding: xchunked", after=b"0\r\n\r\n" + inner),
        "a coding in a list": keep("Transfer-Encoding: chunked, identity", after=b"0\r\n\r\n" + inner),
        "two codings": keep(chunked, "Transfer-Encoding: cow", after=b"0\r\n\r\n" + inner),
        "a coding behind a tab": keep("Transfer-Encoding:\tchunked", after=b"0\r\n\r\n"),
        "a coding with a control character": keep("Transfer-Encoding: \x0bchunked", after=b"0\r\n\r\n" + inner),
        "a blank before the colon": keep("Transfer-Encoding : chunked", after=b"0\r\n\r\n" + inner),
        "a chunk size that is none": keep(chunked, after=b"zz\r\n" + inner),
        "a negative chunk": keep(chunked, after=b"-1\r\n\r\n" + inner),
        "a chunk with a prefix": keep(chunked, after=b"0x1\r\nX\r\n0\r\n\r\n" + inner),
        "a huge chunk": keep(chunked, after=b"FFFFFFFFFFFFFFFFFF\r\n" + inner),
        "a chunk longer than said": keep(chunked, after=b"1\r\nXXXX\r\n0\r\n\r\n" + inner),
        "bare line feeds in chunks": keep(chunked, after=b"1\nX\n0\n\n" + inner),
        "a folded header": keep("X-A: 1", " X-Api-Key: x", after=inner),
        "a header that starts with a blank": keep(" Authorization: Bearer x", after=inner),
        "a header without a colon": keep("Authorization", after=inner),
        "a header without a name": keep(f": {TOKEN}", after=inner),
        "a NUL in a header": keep(f"Authorization: Bearer {TOKEN}\0", after=inner),
        "a NUL in a name": keep(f"X-Api-Key\0: {TOKEN}", after=inner),
        "a bare CR in a header": keep(f"X-A: 1\rX-Api-Key: {TOKEN}", after=inner),
        "a bare LF in a header": keep(f"X-A: 1\nX-B: {TOKEN}", after=inner),
        "bare line feeds": bare.replace(b"\r\n", b"\n"),
        "bare carriage returns": bare.replace(b"\r\n", b"\r"),
        "line breaks the other way round": bare.replace(b"\r\n", b"\n\r"),
        "HTTP/0.9": b"POST /api/cloud/disconnect\r\n\r\n",
        "HTTP/0.9 with a version": request(SIGN_OUT, host=None, version="0.9"),
        "HTTP/2.0": request(SIGN_OUT, version="2.0"),
        "HTTP/1.9": request(SIGN_OUT, version="1.9"),
        "HTTP/11": request(SIGN_OUT, version="11"),
        "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 32,
        "no version": b"POST /api/cloud/disconnect HTTP/\r\nHost: localhost\r\n\r\n",
        "a version in small letters": b"POST /api/cloud/disconnect http/1.1\r\nHost: localhost\r\n\r\n",
        "two blanks": b"POST  /api/cloud/disconnect  HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "a tab for a blank": b"POST\t/api/cloud/disconnect\tHTTP/1.1\r\nHost: localhost\r\n\r\n",
        "a blank in the target": request("POST /api/cloud/status /api/cloud/disconnect", close=False),
        "a NUL in the target": request("POST /api/cloud/disconnect\0", close=False),
        "raw bytes in the target": request("POST /api/cloud/disconnect\xff\xfe", close=False),
        "a TLS handshake": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 60 + b"\r\n\r\n",
        "noise": bytes(range(256)) + b"\r\n\r\n",
        "a proxy's preamble": b"PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n" + inner,
        "a line that is too long": request(f"POST /{'a' * 9000}", close=False),
        "a query that is too long": request(f"{SIGN_OUT}?{'a' * 70_000}", close=False),
        "a header that is too long": request(SIGN_OUT, f"X-A: {'a' * 9000}", close=False),
        "a header name that is too long": request(SIGN_OUT, f"{'X' * 9000}: a", close=False),
        "too many headers": request(SIGN_OUT, *[f"X-{n}: 1" for n in range(500)], close=False),
        "a length without a body, cut": request(SIGN_OUT, "Content-Length: 10"),
        "an upgrade to a WebSocket": request(SIGN_OUT, "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", close=False),
        "an upgrade to HTTP/2": request(SIGN_OUT, "Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings",
            "HTTP2-Settings: AAMAAABkAAQAAP__", close=False),
        "a connection header that drops the token": request(SIGN_OUT, "Connection: X-Api-Key", close=False),
        "an expectation": request(CREATE, "Expect: 100-continue", body=b"{}"),
        "an unknown expectation": request(CREATE, "Expect: 200-ok; <b>", body=b"{}"),
        "an unknown expectation where nothing is": request("POST /nothing", "Expect: 200-ok; <b>", body=b"{}"),
        "an expectation where nothing is": request("POST /nothing", "Expect: 100-continue", body=b"{}"),
    }  # fmt: skip
    statuses = {"an unknown expectation where nothing is": (401, 417), "HTTP/0.9": (400, 401, 403),
                "HTTP/0.9 with a version": (400, 401, 403)}  # fmt: skip
    return [Row(f"shape: {name}", sent, statuses.get(name, (400, 401))) for name, sent in shapes.items()]


def _methods() -> list[Row]:
    """Methods, on an open path and on a closed one."""
    methods = (
        "POST",
        "PUT",
        "PATCH",
        "DELETE",
        "OPTIONS",
        "TRACE",
        "CONNECT",
        "PROPFIND",
        "get",
        "Get",
        "PRI",
        "QUERY",
        "M-SEARCH",
    )
    return [
        Row(f"method: {method} {path}", request(f"{method} {path}"), (400, 401, 403))
        for method in methods
        for path in ("/api/cloud/status", "/api/cloud/login/status?sessionId=x", "/api/cloud/agents")
        if (method, path) != ("POST", "/api/cloud/agents")
    ] + [
        Row("method: CONNECT to elsewhere", request("CONNECT evil.example:443", RIGHT), (400, 403)),
        Row("method: HEAD of a closed path", request("HEAD /api/cloud/agents")),
    ]  # fmt: skip


def _probes() -> list[Row]:
    """The probes need no token, but everything else that a request needs."""
    targets = ("/healthz/", "/healthz/.", "//healthz", "/HEALTHZ", "/healthz%2f", "/healthz%00", "/healthz;x", "/healthz/../api/cloud/agents",
               "/readyz/..%2fapi%2fcloud%2fagents", "/readyz/x", "/api/healthz", "/api/cloud/agents?/healthz", "/api/cloud/agents#/readyz")  # fmt: skip
    return [
        *(Row(f"probe: {target}", request(f"GET {target}"), (400, 401)) for target in targets),
        *(
            Row(f"probe: {method} {path}", request(f"{method} {path}"), (401,))
            for method in ("POST", "PUT", "DELETE", "OPTIONS")
            for path in ("/healthz", "/readyz")
        ),
        *(
            Row(f"probe: {path} from {host}", request(f"GET {path}", host=host), (400, 403))
            for path in ("/healthz", "/readyz")
            for host in ("evil.example", "0.0.0.0", "", None)
        ),
        *(
            Row(f"probe: {path} for {origin}", request(f"GET {path}", f"Origin: {origin}"), (403,))
            for path in ("/healthz", "/readyz")
            for origin in ("null", "https://evil.example")
        ),
    ]


def _bodies() -> list[Row]:
    """From someone who has the token: refused with a sentence before the cloud hears of it."""
    deep = b'{"agentName":"a","agentConfig":'
    bodies = {
        "nothing": (b"", 400),
        "no JSON": (b"hello", 400),
        "cut": (b'{"agentName":', 400),
        "a list": (b"[]", 400),
        "a text": (b'"a"', 400),
        "a number": (b"1", 400),
        "null": (b"null", 400),
        "NaN": (b'{"agentName":"a","agentConfig":{"a":NaN}}', 400),
        "infinite": (b'{"agentName":"a","agentConfig":{"a":1e999}}', 400),
        "a number of 5000 digits": (b'{"agentName":"a","agentConfig":{"a":' + b"9" * 5000 + b"}}", 400),
        "100000 deep": (deep + b"[" * 100_000, 400),
        "50000 deep": (deep + b'{"a":' * 50_000 + b"1" + b"}" * 50_001, 400),
        "invalid UTF-8": (b'{"agentName":"\xff\xfe"}', 400),
        "an overlong UTF-8": (b'{"agentName":"\xc0\xaf"}', 400),
        "UTF-16": ('{"agentName":"a"}'.encode("utf-16"), 400),
        "a byte order mark": (b'\xef\xbb\xbf{"agentName":"a"}', 400),
        "a lone surrogate": (b'{"agentName":"\\ud800"}', 400),
        "a NUL byte": (b'{"agentName":"a\x00"}', 400),
        "something behind": (b'{"agentName":"a"}{}', 400),
        "comments": (b'{"agentName":"a"/**/}', 400),
        "the name twice, the last one wrong": (b'{"agentName":"a","agentName":1}', 400),
        "a name of another type": (b'{"agentName":{"$ne":null}}', 400),
        "a blank name": (b'{"agentName":"  "}', 400),
        "a name that is too long": (b'{"agentName":"' + b"a" * 101 + b'"}', 400),
        "a switch of another type": (b'{"agentName":"a","forceCreate":"true"}', 400),
        "variables that are none": (b'{"agentName":"a","environmentVars":{"A":1}}', 400),
        "a prototype": (b'{"__proto__":{"agentName":"a"}}', 400),
        "more than a mebibyte": (b'{"agentName":"' + b"a" * 1_100_000 + b'"}', 413),
        "gzip that is none": (b"\x1f\x8b", 400),
    }
    rows = [
        Row(f"body: {name}", request(CREATE, RIGHT, JSON, body=body), (status,), through=True)
        for name, (body, status) in bodies.items()
    ]
    for name in (
        "..",
        "%2e%2e",
        "%00",
        "x",
        "..%2f..%2fuser",
        f"{AGENT}%2fx",
        f"{AGENT}%20",
        f"%7b{AGENT}%7d",
        f"urn:uuid:{AGENT}",
        AGENT.replace("-", ""),
        "%ff",
    ):
        sent = request(f"POST /api/cloud/agents/{name}/shutdown", RIGHT)
        rows.append(Row(f"body: the agent id {name}", sent, (400, 404), through=True))
    rows += [
        Row("body: gzip that says so", request(CREATE, RIGHT, "Content-Encoding: gzip", body=b"abcde"), (400,), through=True),
        Row("body: a bomb's head", request(CREATE, RIGHT, "Content-Encoding: deflate", body=b"\x78\x9c" + b"\0" * 99), (400,), through=True),
        Row("body: a foreign sign-in", request("GET /api/cloud/login/status?sessionId=11111111-2222-4333-8444-555555555555"), (200,), through=True),
        Row("body: a sign-in that climbs", request("GET /api/cloud/login/status?sessionId=..%2f..%2fv1%2fuser"), (200,), through=True),
        Row("body: a sign-in of invalid bytes", request("GET /api/cloud/login/status?sessionId=%ff%00"), (200,), through=True),
        Row("body: no sign-in", request("GET /api/cloud/login/status?sessionId=%20"), (400,), through=True),
        Row("body: no sign-in to cancel", request("POST /api/cloud/login/cancel", RIGHT, body=b'{"sessionId":[]}'), (400,), through=True),
    ]  # fmt: skip
    return rows


def _consents() -> list[Row]:
    """From someone who has the token: a consent, a quote or an amount that none can be; a path that climbs."""
    price = "X-Eliza-Dedicated-Price"
    requests = {
        "a price with a blank": (f"POST {HERE}/connect", (), {"acceptPrice": "a b"}),
        "a price that is no text": (f"POST {HERE}/restart", (), {"acceptPrice": 7}),
        "an empty price": (CREATE, (), {"agentName": "a", "dedicated": True, "acceptPrice": ""}),
        "a price with a blank in the header": ("POST /api/cloud/compat/agents", (f"{price}: a b",), {}),
        "a price that is too long": (f"POST {HERE}/resume", (f"{price}: {'x' * 257}",), {}),
        "a member that nobody knows": (CREATE, (), {"agentName": "a", "stateLossAcknowledged": True}),
        "no quote": (f"POST {HERE}/upgrade", (), {}),
        "a blank quote": (f"POST {HERE}/upgrade", (), {"quoteId": " "}),
        "a loss that is no switch": (f"POST {HERE}/shutdown", (), {"acceptStateLoss": "yes"}),
        "a blank name": (f"PATCH {HERE}", (), {"agentName": " "}),
        "U+0000 in a name": (f"PATCH {HERE}", (), {"agentName": "a\0"}),
        "no line of the log": (f"GET {HERE}/logs?tail=0", (), None),
        "a log without end": (f"GET {HERE}/logs?tail=99999999999", (), None),
        "an amount of nothing": ("POST /api/cloud/billing/checkout", (), {"amountUsd": 0}),
        "an amount that is none": ("POST /api/cloud/billing/checkout", (), {"amountUsd": "1e3"}),
        "a key that repeats nothing": (
            "POST /api/cloud/billing/checkout", ("Idempotency-Key: x",), {"amountUsd": 5}),
        "a compat path that climbs": ("POST /api/cloud/compat/..%2fv1%2fuser", (), {}),
        "a compat path that climbs in capitals": ("DELETE /api/cloud/compat/agents/%2E%2E/x", (), None),
    }  # fmt: skip
    return [
        Row(
            f"consent: {name}",
            request(where, RIGHT, JSON, *headers, body=b"" if body is None else json.dumps(body).encode()),
            (400,),
            through=True,
        )
        for name, (where, headers, body) in requests.items()
    ]


ROWS = [
    *_tokens(),
    *_paths(),
    *_names(),
    *_pages(),
    *_smuggling(),
    *_methods(),
    *_probes(),
    *_bodies(),
    *_consents(),
]
