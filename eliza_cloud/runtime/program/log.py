"""The log in a program that uses the package as a library."""

import logging

import structlog

LOGGER = "eliza_cloud"


def log_through_logging() -> None:
    """Send log lines to the loggers below `eliza_cloud`, where structlog would print them to stdout.

    Does nothing in a program that has configured structlog: its configuration holds for the package too.
    """
    if structlog.is_configured():
        return
    logging.getLogger(LOGGER).addHandler(logging.NullHandler())
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["event"]),
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
