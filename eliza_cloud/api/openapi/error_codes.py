"""The catalogue of the codes in our errors: what each means, what to do, and with which HTTP status it comes.

A code that is also a cause (`core.problems`) takes its words from there. What the service answers carries a
sentence of its own as well, which knows the particulars.
"""

import msgspec

from eliza_cloud.core.problems import PROBLEMS


class ErrorCode(msgspec.Struct, frozen=True):
    """One word of the API. `statuses` are those it is answered with."""

    code: str
    statuses: tuple[int, ...]
    meaning: str
    remedy: str


def _cause(code: str, *statuses: int) -> ErrorCode:
    cause = PROBLEMS[code]
    return ErrorCode(code, statuses, cause.title, cause.remedy)


_AGAIN = "Try again."
_LATER = "Try again in a moment."
_LOOK_FIRST = "Look at what came of it before you try again."
_NO_BUG = "If it happens again, report it with the log's lines about it."

CATALOGUE = (
    # The request
    ErrorCode("malformed_request", (400,), "What came is not well-formed HTTP.", "Correct the program."),
    ErrorCode("invalid_json", (400,), "The body is not JSON, or not an object.", "Correct the body."),
    ErrorCode(
        "invalid_request",
        (400,),
        "A member is missing or wrong; the sentence names it.",
        "Correct the request.",
    ),
    ErrorCode(
        "invalid_agent_id", (400,), "The agent's id is no UUID.", "Take one from `eliza-cloud agents list`."
    ),
    ErrorCode("body_too_slow", (408,), "The body did not arrive in time.", "Send it again."),
    ErrorCode("body_too_large", (413,), "The body is larger than this path takes.", "Send less."),
    ErrorCode(
        "unknown_path",
        (404, 502),
        "There is nothing at this path, here or at the cloud.",
        "Correct the path.",
    ),
    ErrorCode(
        "method_not_allowed", (405,), "The path does not take this method.", "Use one that `Allow` names."
    ),
    ErrorCode(
        "refused",
        (400, 411, 413, 414, 417),
        "The HTTP server refused the request for the reason given.",
        "Correct the request.",
    ),
    # Who may ask
    ErrorCode(
        "unauthorized",
        (401,),
        "The token is missing or wrong.",
        "Send the one in `api-token` of the state directory as `Authorization: Bearer`.",
    ),
    ErrorCode("too_many_attempts", (429,), "Too many wrong tokens came.", "Wait for `Retry-After` seconds."),
    ErrorCode(
        "host_not_allowed",
        (403,),
        "The service does not answer to this host name.",
        "Use its address, or add the name to `ELIZA_ALLOWED_HOSTS`.",
    ),
    ErrorCode(
        "origin_not_allowed",
        (403,),
        "This web page may not call the service.",
        "Add its origin to `ELIZA_ALLOWED_ORIGINS`.",
    ),
    # The service
    ErrorCode(
        "internal_error",
        (500,),
        "A fault of the service itself.",
        f"Look for the id in `X-Request-Id` in its log. {_NO_BUG}",
    ),
    ErrorCode("stopping", (503,), "The service is stopping.", "Try again when it is back."),
    ErrorCode(
        "runtime_not_started",
        (503,),
        "A fault stopped the link's runtime.",
        f"Restart the service. {_NO_BUG}",
    ),
    ErrorCode(
        "not_acceptable",
        (406,),
        "The path does not answer with what `Accept` asks for.",
        "Leave `Accept` out.",
    ),
    ErrorCode(
        "too_many_readers",
        (503,),
        "As many programs as may already read the event stream.",
        "End one of them, then try again.",
    ),
    ErrorCode(
        "unknown_page",
        (404,),
        "The reference has no page of this name.",
        "Take a name that `/docs` or `eliza-cloud reference --help` lists.",
    ),
    ErrorCode("invalid_level", (400,), "This is no level of the log.", "Use one that the sentence names."),
    _cause("settings_invalid", 500),
    _cause("store_failed", 500),
    _cause("disk_full", 500),
    # The account
    ErrorCode(
        "not_authenticated",
        (401,),
        "Nobody is signed in to Eliza Cloud.",
        "Sign in with `eliza-cloud login`.",
    ),
    _cause("key_rejected", 401, 403),
    ErrorCode(
        "signed_out", (409,), "A sign-out came before this was done.", "Sign in again to see what came of it."
    ),
    ErrorCode(
        "login_not_begun",
        (502,),
        "The cloud did not begin a sign-in.",
        "Try `eliza-cloud login` again in a moment.",
    ),
    ErrorCode(
        "key_unavailable",
        (502,),
        "The sign-in ended without a key that can be collected.",
        "Sign in anew with `eliza-cloud login`.",
    ),
    _cause("credits_exhausted", 402),
    ErrorCode(
        "access_denied",
        (403,),
        "The key is good, but not for this.",
        "Check the account and its organization.",
    ),
    ErrorCode(
        "agent_quota_exceeded",
        (429,),
        "The account has as many agents as it may have.",
        "Delete one that is not needed with `eliza-cloud agents shutdown`.",
    ),
    ErrorCode(
        "browser_required",
        (403,),
        "The cloud takes this from its own web page only.",
        "Do it there in a browser.",
    ),
    # The way to the cloud
    _cause("base_url_refused", 400),
    _cause("cloud_name_not_found", 502),
    _cause("cloud_unreachable", 502),
    _cause("clock_wrong", 502),
    _cause("cloud_tls_failed", 502),
    _cause("cloud_server_error", 502),
    ErrorCode("cloud_timeout", (504,), "The cloud took too long.", _LOOK_FIRST),
    ErrorCode(
        "cloud_error",
        (502,),
        "A failure of the cloud of no kind of its own.",
        "Read the sentence, then try again.",
    ),
    ErrorCode(
        "invalid_response",
        (502,),
        "An answer is not what its contract says.",
        "Try again; then check the base URL.",
    ),
    ErrorCode(
        "redirected",
        (502,),
        "The answer was a redirect to a host outside this cloud, where the key must not go.",
        "Set the address it leads to as the base URL, if that is the right one.",
    ),
    ErrorCode("rate_limited", (429,), "Too many requests.", "Wait for `Retry-After` seconds."),
    ErrorCode(
        "not_found", (404,), "The cloud or provider does not know it.", "Check the id, or the model's name."
    ),
    ErrorCode(
        "conflict",
        (409,),
        "The agent's present state does not allow it.",
        "Read the sentence, then try again.",
    ),
    # Agents and the link
    _cause("agent_unreachable", 502),
    ErrorCode("agent_timeout", (504,), "The agent took too long; it may still be working.", _LOOK_FIRST),
    ErrorCode(
        "agent_not_running",
        (503,),
        "No agent is connected.",
        "Connect one with `eliza-cloud agents connect`.",
    ),
    ErrorCode("agent_reconnecting", (503,), "The link is being restored.", "Try again when it is connected."),
    ErrorCode("job_failed", (502,), "The cloud gave a job up.", "Start it again."),
    ErrorCode("superseded", (409,), "A later command took the place of this one.", "Nothing need be done."),
    ErrorCode("link_not_ready", (409,), "The link is just being made.", "Try again when it is connected."),
    ErrorCode("link_closing", (409,), "The link is just being closed.", "Try again in a few seconds."),
    ErrorCode(
        "link_interrupted",
        (503,),
        "The link ended before this was done.",
        "See with `eliza-cloud backups list` what came of it.",
    ),
    ErrorCode("stream_truncated", (502,), "A reply ended before it was complete.", _AGAIN),
    ErrorCode("stream_failed", (502,), "The agent reported a failure instead of a reply.", _AGAIN),
    ErrorCode("stream_timeout", (504,), "A reply stopped coming.", _AGAIN),
    ErrorCode("response_truncated", (502,), "An answer that was passed on broke off.", _AGAIN),
    # Routes
    ErrorCode(
        "unknown_capability", (400, 404), "There is no such capability.", "Use one that the sentence names."
    ),
    ErrorCode("unknown_chain", (404,), "This is no name of a chain.", "Use one such as `base`."),
    ErrorCode(
        "invalid_route", (400,), "The route cannot be set as given.", "Correct what the sentence names."
    ),
    ErrorCode("missing_provider", (400,), "No provider is named.", "Name one."),
    ErrorCode("invalid_provider", (400,), "This provider is not known.", "Describe it under `providers`."),
    ErrorCode(
        "invalid_key", (400,), "This can be no provider's key.", "Give the key as the provider shows it."
    ),
    ErrorCode("switch_in_progress", (409,), "Another switch is under way.", _LATER),
    ErrorCode(
        "capability_not_routed",
        (503,),
        "No route is set for this capability.",
        "Set one with `eliza-cloud routing set`.",
    ),
    ErrorCode(
        "route_incomplete", (503,), "The route leads nowhere.", "Set it anew with `eliza-cloud routing set`."
    ),
    ErrorCode(
        "unknown_provider", (503,), "The route's provider is not known.", "Describe it under `providers`."
    ),
    ErrorCode(
        "capability_unsupported",
        (503,),
        "The provider does not offer this capability.",
        "Route it elsewhere.",
    ),
    ErrorCode(
        "provider_without_address",
        (503,),
        "The provider has no valid address.",
        "Set its `baseUrl` under `providers`.",
    ),
    ErrorCode(
        "provider_key_missing",
        (503,),
        "There is no key for the provider.",
        "Set the variable that the sentence names.",
    ),
    ErrorCode("provider_key_rejected", (401,), "The provider does not accept the key.", "Set a valid one."),
    ErrorCode("provider_credits_exhausted", (402,), "The provider asks for more credits.", "Top up there."),
    ErrorCode("provider_refused", (), "The provider refused with this 4xx.", "Correct what its words name."),
    ErrorCode(
        "provider_unreachable",
        (502,),
        "The provider cannot be reached.",
        "Check its address, and that it runs.",
    ),
    ErrorCode("provider_server_error", (502,), "The provider has a fault.", _LATER),
    ErrorCode("provider_timeout", (504,), "The provider took too long.", _LATER),
    ErrorCode("model_required", (400,), "Neither request nor route names a model.", "Name one."),
    ErrorCode(
        "model_not_configured",
        (400,),
        "The route has no model for this tier.",
        "Set one with `eliza-cloud routing set … --tier`.",
    ),
    ErrorCode(
        "unsupported_format", (400,), "The road cannot give this format.", "Leave `response_format` out."
    ),
)

ERROR_CODES = {one.code: one for one in CATALOGUE}
