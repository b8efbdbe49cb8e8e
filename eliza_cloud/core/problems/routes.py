"""Routes of capabilities, and the providers they lead to."""

from eliza_cloud.core.problems.account import ACCESS_DENIED
from eliza_cloud.core.problems.cloud import NOT_FOUND, RATE_LIMITED, REDIRECTED
from eliza_cloud.core.problems.definition import AS_THE_SENTENCE_SAYS, IN_A_MOMENT, Action, ProblemType
from eliza_cloud.core.problems.request import INVALID_REQUEST

UNKNOWN_CAPABILITY = ProblemType(
    code="unknown_capability",
    statuses=(404, 400),
    title="There is no such capability.",
    remedy="Those that can be routed are llmText, tts, media, embeddings and rpc.",
)

UNKNOWN_CHAIN = ProblemType(
    code="unknown_chain",
    statuses=(404,),
    title="The name of the chain is not valid.",
    remedy="A chain's name has letters, digits and hyphens, such as `base`.",
)

INVALID_ROUTE = ProblemType(
    code="invalid_route",
    statuses=(400,),
    title="The route cannot be set as given.",
    remedy=AS_THE_SENTENCE_SAYS,
    sentence="{what}",
    examples={"what": "transport direct needs the backend of a provider, such as openai."},
)

MISSING_PROVIDER = ProblemType(
    code="missing_provider",
    statuses=(400,),
    title="The request names no provider.",
    remedy="Name a provider.",
    sentence="Missing provider",
)

INVALID_PROVIDER = ProblemType(
    code="invalid_provider",
    statuses=(400,),
    title="This provider is not known.",
    remedy="Describe it under `providers`.",
    sentence="Invalid provider",
)

INVALID_KEY = ProblemType(
    code="invalid_key",
    statuses=(400,),
    title="The key cannot be that of a provider.",
    remedy="Give the key as the provider shows it.",
    sentence="API key is too long",
)
KEY_NOT_PRINTABLE = INVALID_KEY.worded("API key must be printable ASCII without blanks")

SWITCH_IN_PROGRESS = ProblemType(
    code="switch_in_progress",
    statuses=(409,),
    title="Another switch of a provider is in progress.",
    remedy=IN_A_MOMENT,
    sentence="Provider switch already in progress",
    retryable=True,
)

CAPABILITY_NOT_ROUTED = ProblemType(
    code="capability_not_routed",
    statuses=(503,),
    title="No route is set for this capability.",
    remedy="Set one with `eliza-cloud routing set`.",
    action=Action.EDIT_SETTINGS,
)
NO_ROUTE_SET = CAPABILITY_NOT_ROUTED.worded(
    "No route is set for {capability}.",
    "Set one with `eliza-cloud routing set {capability} BACKEND`, where BACKEND is elizacloud or a provider"
    " such as openai, or with PUT /api/cloud/routing/{capability}.",
)

ROUTE_INCOMPLETE = ProblemType(
    code="route_incomplete",
    statuses=(503,),
    title="The route leads nowhere.",
    remedy="Set it again with `eliza-cloud routing set`.",
    sentence="The route of {capability} leads nowhere: it needs backend elizacloud with transport"
    " cloud-proxy, a provider's backend with transport direct, or a remoteApiBase with transport remote.",
    action=Action.EDIT_SETTINGS,
)
REMOTE_WITHOUT_ADDRESS = ROUTE_INCOMPLETE.worded(
    "The remote route of {capability} has no valid remoteApiBase.",
    "Set it with `eliza-cloud routing set {capability} remote --remote ADDRESS`.",
)

UNKNOWN_PROVIDER = ProblemType(
    code="unknown_provider",
    statuses=(503,),
    title="The route's provider is not known.",
    remedy="Describe it under `providers` in eliza.json.",
    sentence="The provider {provider} of {capability} is not known; known are {known}.",
    action=Action.EDIT_SETTINGS,
    examples={"provider": "mine", "known": "groq, openai"},
)

CAPABILITY_UNSUPPORTED = ProblemType(
    code="capability_unsupported",
    statuses=(503,),
    title="The provider does not offer this capability.",
    remedy="Route it elsewhere.",
    sentence="{provider} answers no chain calls.",
    action=Action.EDIT_SETTINGS,
    examples={"provider": "groq"},
)

PROVIDER_WITHOUT_ADDRESS = ProblemType(
    code="provider_without_address",
    statuses=(503,),
    title="The provider has no valid address.",
    remedy="Set its `baseUrl` under `providers` in eliza.json to a plain http or https address.",
    sentence="The provider {provider} of {capability} has no valid address.",
    action=Action.EDIT_SETTINGS,
    examples={"provider": "mine"},
)

PROVIDER_KEY_MISSING = ProblemType(
    code="provider_key_missing",
    statuses=(503,),
    title="There is no key for the provider.",
    remedy="Set its variable.",
    action=Action.EDIT_SETTINGS,
)
NO_KEY_SET = PROVIDER_KEY_MISSING.worded(
    "{capability} goes to {provider}, but there is no key.",
    "Set {variable} under env in eliza.json, or in the environment of the service.",
)

OWN_SECRET_NAMED = PROVIDER_KEY_MISSING.worded(
    "The key of {provider} is said to be in {variable}, which holds a secret of this service and goes to no"
    " provider.",
    "Put the provider's own key into another variable and name that.",
    examples={"variable": "ELIZA_API_TOKEN"},
)

PROVIDER_KEY_REJECTED = ProblemType(
    code="provider_key_rejected",
    statuses=(401,),
    title="The provider does not accept the key.",
    remedy="Set a valid one.",
    sentence="{provider} does not accept the key in {variable}: {said}.",
    action=Action.EDIT_SETTINGS,
    examples={"said": "HTTP 401"},
)
PROVIDER_KEY_WANTED = PROVIDER_KEY_REJECTED.worded("{provider} asks for a key, and none is set: {said}.")

PROVIDER_CREDITS_EXHAUSTED = ProblemType(
    code="provider_credits_exhausted",
    statuses=(402,),
    title="The provider asks for more credits.",
    remedy="Top up the account there.",
    sentence="{provider} asks for more credits: {said}.",
    examples={"said": "HTTP 402"},
)

PROVIDER_REFUSED = ProblemType(
    code="provider_refused",
    statuses=(422,),
    title="The provider refused the request with a 4xx, which is passed on.",
    remedy="Correct what its words name.",
    sentence="{provider} refused the request: {said}.",
    examples={"said": "HTTP 422"},
)
PROVIDER_FOUND_INVALID = INVALID_REQUEST.worded("{provider} found the request invalid: {said}.")
PROVIDER_DENIED = ACCESS_DENIED.worded("{provider} denied access: {said}.", "Check the account there.")
PROVIDER_LACKS = NOT_FOUND.worded(
    "{provider} does not have it: {said}.", "Check the model's name and the provider's address."
)
PROVIDER_LIMITS_RATE = RATE_LIMITED.worded("{provider} asks to slow down: {said}.")
PROVIDER_REDIRECTED = REDIRECTED.worded("{provider} redirected the request; redirects are not followed.")

PROVIDER_UNREACHABLE = ProblemType(
    code="provider_unreachable",
    statuses=(502,),
    title="The provider cannot be reached.",
    remedy="Check its address, and that it runs.",
    sentence="{provider} {reason}.",
    retryable=True,
    examples={"reason": "cannot be reached"},
)

PROVIDER_SERVER_ERROR = ProblemType(
    code="provider_server_error",
    statuses=(502,),
    title="The provider returned a server error.",
    remedy=IN_A_MOMENT,
    sentence="{provider} returned a server error (HTTP {http_status}): {said}.",
    retryable=True,
    examples={"http_status": "500", "said": "HTTP 500"},
)

PROVIDER_TIMEOUT = ProblemType(
    code="provider_timeout",
    statuses=(504,),
    title="The provider took too long.",
    remedy=IN_A_MOMENT,
    sentence="{provider} took too long to answer.",
    retryable=True,
)

MODEL_REQUIRED = ProblemType(
    code="model_required",
    statuses=(400,),
    title="Neither the request nor the route names a model.",
    remedy="Name a model in either.",
    sentence="model is required: the route of {capability} names none",
)

MODEL_NOT_CONFIGURED = ProblemType(
    code="model_not_configured",
    statuses=(400,),
    title="The route has no model for this tier.",
    remedy="Set one with `eliza-cloud routing set … --tier`.",
    sentence="{what}",
    examples={"what": "The route names no model for small: set smallModel or primaryModel."},
)

UNSUPPORTED_FORMAT = ProblemType(
    code="unsupported_format",
    statuses=(400,),
    title="The selected route does not support this format.",
    remedy="Leave `response_format` out.",
    sentence="Eliza Cloud speaks MP3 only: ask for response_format mp3",
)
IMAGES_BY_ADDRESS = UNSUPPORTED_FORMAT.worded(
    "Eliza Cloud answers with the addresses of images: ask for response_format url"
)
