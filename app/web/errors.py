"""The API's own errors, beside those of core and store. All become problem documents."""

from app.core.errors import LakewardenError, NotFoundError


class ScopeMissingError(LakewardenError):
    """The token is good, and not for this."""

    code = "scope-missing"
    status = 403


class NoWholeRunError(NotFoundError):
    """The lake was never audited to the end, so there is nothing to say about it."""

    code = "no-whole-run"


class BadCursorError(NotFoundError):
    """No page of this question begins at the cursor."""

    code = "bad-cursor"


class CursorExpiredError(LakewardenError):
    """The run that the cursor is pinned to was pruned."""

    code = "cursor-expired"
    status = 410


class InvalidRequestError(LakewardenError):
    """A parameter or a body says something unusable that a schema cannot express."""

    code = "invalid-request"
    status = 422


class UnsupportedBodyError(LakewardenError):
    """The body is in a format this route does not read."""

    code = "unsupported-media-type"
    status = 415


class TooManyJobsError(LakewardenError):
    """So many runs of the lake wait that another one would say nothing new."""

    code = "too-many-jobs"
    status = 429


class TrailFullError(LakewardenError):
    """Questions cannot be recorded at the moment, so none is answered."""

    code = "trail-unavailable"
    status = 503


class StoppedError(LakewardenError):
    """The server ends; the audit under way is given up."""

    code = "server-stopped"
    status = 503
