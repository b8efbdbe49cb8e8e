"""Links a machine, or a program, to Eliza Cloud (`eliza-cloud reference library`).

What a program uses is imported from its module when it is first asked for (PEP 562): the command line needs
none of it, and starts without.
"""

TYPE_CHECKING = False  # what `typing` has under this name, without importing it
if TYPE_CHECKING:
    from eliza_cloud.cloud.client import ElizaCloudClient as ElizaCloudClient
    from eliza_cloud.cloud.config import CloudConfig as CloudConfig
    from eliza_cloud.cloud.errors import AccessDenied as AccessDenied
    from eliza_cloud.cloud.errors import AgentNotReady as AgentNotReady
    from eliza_cloud.cloud.errors import AgentTimedOut as AgentTimedOut
    from eliza_cloud.cloud.errors import AgentUnreachable as AgentUnreachable
    from eliza_cloud.cloud.errors import BaseUrlRefused as BaseUrlRefused
    from eliza_cloud.cloud.errors import BillingHold as BillingHold
    from eliza_cloud.cloud.errors import CertificateDates as CertificateDates
    from eliza_cloud.cloud.errors import CloudError as CloudError
    from eliza_cloud.cloud.errors import CloudServerError as CloudServerError
    from eliza_cloud.cloud.errors import Conflict as Conflict
    from eliza_cloud.cloud.errors import DeleteNeedsBackup as DeleteNeedsBackup
    from eliza_cloud.cloud.errors import InsufficientCredits as InsufficientCredits
    from eliza_cloud.cloud.errors import InvalidRequest as InvalidRequest
    from eliza_cloud.cloud.errors import InvalidResponse as InvalidResponse
    from eliza_cloud.cloud.errors import JobFailed as JobFailed
    from eliza_cloud.cloud.errors import JobSkipped as JobSkipped
    from eliza_cloud.cloud.errors import KeyRefused as KeyRefused
    from eliza_cloud.cloud.errors import KeyUnavailable as KeyUnavailable
    from eliza_cloud.cloud.errors import MessageTooLarge as MessageTooLarge
    from eliza_cloud.cloud.errors import ModelNotFound as ModelNotFound
    from eliza_cloud.cloud.errors import NameNotFound as NameNotFound
    from eliza_cloud.cloud.errors import NotFound as NotFound
    from eliza_cloud.cloud.errors import OrganizationInactive as OrganizationInactive
    from eliza_cloud.cloud.errors import PriceConfirmationRequired as PriceConfirmationRequired
    from eliza_cloud.cloud.errors import QuotaExceeded as QuotaExceeded
    from eliza_cloud.cloud.errors import QuoteChanged as QuoteChanged
    from eliza_cloud.cloud.errors import RateLimited as RateLimited
    from eliza_cloud.cloud.errors import Redirected as Redirected
    from eliza_cloud.cloud.errors import ReplyFailed as ReplyFailed
    from eliza_cloud.cloud.errors import SessionNotReady as SessionNotReady
    from eliza_cloud.cloud.errors import StartNotScheduled as StartNotScheduled
    from eliza_cloud.cloud.errors import StreamFailed as StreamFailed
    from eliza_cloud.cloud.errors import TimedOut as TimedOut
    from eliza_cloud.cloud.errors import TlsFailed as TlsFailed
    from eliza_cloud.cloud.errors import Unreachable as Unreachable
    from eliza_cloud.cloud.errors import WorkerDown as WorkerDown
    from eliza_cloud.core.problems import Problem as Problem
    from eliza_cloud.core.states import LinkState as LinkState
    from eliza_cloud.core.states import Reason as Reason
    from eliza_cloud.runtime.activities.backup import BackupScheduler as BackupScheduler
    from eliza_cloud.runtime.activities.monitor import ConnectionMonitor as ConnectionMonitor
    from eliza_cloud.runtime.errors import LinkError as LinkError
    from eliza_cloud.runtime.manager import CloudManager as CloudManager
    from eliza_cloud.runtime.manager import LinkedAgent as LinkedAgent
    from eliza_cloud.runtime.observers import LinkTransition as LinkTransition
    from eliza_cloud.runtime.program.browser_login import CloudLoginResult as CloudLoginResult
    from eliza_cloud.runtime.program.browser_login import login as login
    from eliza_cloud.runtime.proxy import CloudRuntimeProxy as CloudRuntimeProxy
    from eliza_cloud.store.errors import StoreError as StoreError
    from eliza_cloud.store.sqlite.database import AgentRecord as AgentRecord
    from eliza_cloud.store.sqlite.database import Store as Store

    __version__: str
else:
    _NAMES_OF = {
        "cloud.client": ("ElizaCloudClient",),
        "cloud.config": ("CloudConfig",),
        "cloud.errors": (
            "AccessDenied",
            "AgentNotReady",
            "AgentTimedOut",
            "AgentUnreachable",
            "BaseUrlRefused",
            "BillingHold",
            "CertificateDates",
            "CloudError",
            "CloudServerError",
            "Conflict",
            "DeleteNeedsBackup",
            "InsufficientCredits",
            "InvalidRequest",
            "InvalidResponse",
            "JobFailed",
            "JobSkipped",
            "KeyRefused",
            "KeyUnavailable",
            "MessageTooLarge",
            "ModelNotFound",
            "NameNotFound",
            "NotFound",
            "OrganizationInactive",
            "PriceConfirmationRequired",
            "QuotaExceeded",
            "QuoteChanged",
            "RateLimited",
            "Redirected",
            "ReplyFailed",
            "SessionNotReady",
            "StartNotScheduled",
            "StreamFailed",
            "TimedOut",
            "TlsFailed",
            "Unreachable",
            "WorkerDown",
        ),
        "core.problems": ("Problem",),
        "core.states": ("LinkState", "Reason"),
        "runtime.activities.backup": ("BackupScheduler",),
        "runtime.activities.monitor": ("ConnectionMonitor",),
        "runtime.errors": ("LinkError",),
        "runtime.manager": ("CloudManager", "LinkedAgent"),
        "runtime.observers": ("LinkTransition",),
        "runtime.program.browser_login": ("CloudLoginResult", "login"),
        "runtime.proxy": ("CloudRuntimeProxy",),
        "store.errors": ("StoreError",),
        "store.sqlite.database": ("AgentRecord", "Store"),
    }
    _MODULE_OF = {name: module for module, names in _NAMES_OF.items() for name in names}

    __all__ = [*_MODULE_OF, "__version__"]  # noqa: PLE0604 - they are strings

    def __getattr__(name: str) -> object:
        from importlib import import_module, metadata  # noqa: PLC0415 - importing the package imports nothing

        if name == "__version__":
            value: object = metadata.version("eliza-cloud")
        elif name in _MODULE_OF:
            value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
