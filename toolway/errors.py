"""Every way to fail, drawn as a tree.

    ToolwayError
    ├── BadRequest              what came cannot be understood
    │   ├── BadArgument         one argument of a tool is wrong: where, what came, what is expected
    │   ├── BadFile             a toolkit file is wrong: file, line, tool, key
    │   └── BadSetting          a setting cannot be used
    ├── Unauthorized            no key, or not a key of ours
    ├── Forbidden               the key, the session or the policy does not allow it
    ├── NotFound
    │   ├── UnknownTool         no tool of that slug (with the nearest ones)
    │   ├── UnknownToolkit      no toolkit of that slug (with the nearest ones)
    │   └── UnknownSession      no session of that id in this project
    ├── Conflict                it exists already, or another was faster
    ├── Gone                    a link that was used or is too old
    ├── TooLarge                more bytes than are taken
    ├── Unavailable             the database does not answer for now
    ├── NotConnected            the user has no account for the toolkit yet
    └── CallFailed              a call to a service did not succeed
        ├── Refused             the service answered no
        ├── Unreachable         the request surely did not arrive
        ├── NoAnswer            the request left and no usable answer came: the outcome is unknown
        ├── Blocked             our own guard stopped it: address, host or path
        └── Busy                the pace of the account is used up for now

A message says what happened and in whose words; `fix` says what to do next. Codes are words: only `serve.wire` knows the numbers
of HTTP and MCP. `maybe_done` is set where a request that changes something left and its answer does not say what became of it.
"""

from collections.abc import Sequence


class ToolwayError(Exception):
    """Something went wrong inside Toolway."""

    code = "error"
    maybe_done = False

    def __init__(self, message: str | None = None, *, fix: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip().splitlines()[0]
        self.fix = fix
        super().__init__(self.message)

    @property
    def sentence(self) -> str:
        """Message and mend in one line, for people and agents."""
        mend = "Whether it was done is not known: look before you repeat it." if self.maybe_done else self.fix
        if not mend:
            return self.message
        return f"{self.message}{'' if self.message.endswith(('.', '?', '!')) else '.'} {mend}"


class BadRequest(ToolwayError):
    """The request cannot be understood."""

    code = "bad_request"

    def __init__(self, message: str | None = None, *, fix: str | None = None, details: Sequence[str] = ()) -> None:
        super().__init__(message, fix=fix)
        self.details = tuple(details)


class BadArgument(BadRequest):
    """An argument is wrong. `field` is the field of a form that it stands in, "" when it is none of a form."""

    code = "bad_argument"

    def __init__(self, message: str | None = None, *, fix: str | None = None, details: Sequence[str] = (), field: str = "") -> None:
        super().__init__(message, fix=fix, details=details)
        self.field = field


class BadFile(BadRequest):
    """A toolkit file cannot be read."""

    code = "bad_file"


class BadSetting(BadRequest):
    """A setting cannot be used."""

    code = "bad_setting"


class Unauthorized(ToolwayError):
    """Invalid API key."""

    code = "unauthorized"


class Forbidden(ToolwayError):
    """This is not allowed here."""

    code = "forbidden"


class NotFound(ToolwayError):
    """There is no such thing."""

    code = "not_found"


class _Unknown(NotFound):
    noun = "thing"

    def __init__(self, slug: str, near: Sequence[str] = (), *, fix: str | None = None) -> None:
        self.slug = slug
        self.near = tuple(near)
        shown = slug if len(slug) <= 80 else slug[:77] + "..."
        hint = fix or (f"Did you mean {' or '.join(self.near)}?" if self.near else None)
        super().__init__(f"There is no {self.noun} {shown!r}.", fix=hint)


class UnknownTool(_Unknown):
    """No tool of that slug."""

    code = "unknown_tool"
    noun = "tool"


class UnknownToolkit(_Unknown):
    """No toolkit of that slug."""

    code = "unknown_toolkit"
    noun = "toolkit"


class UnknownSession(NotFound):
    """There is no such session."""

    code = "unknown_session"


class Conflict(ToolwayError):
    """It exists already."""

    code = "conflict"


class Gone(ToolwayError):
    """This link was used or has expired."""

    code = "gone"


class TooLarge(ToolwayError):
    """That is too large."""

    code = "too_large"


class Unavailable(ToolwayError):
    """This cannot be done just now."""

    code = "unavailable"


class NotConnected(ToolwayError):
    """No account is connected."""

    code = "not_connected"

    def __init__(self, toolkit: str, *, fix: str | None = None) -> None:
        self.toolkit = toolkit
        super().__init__(f"No active connected account found for toolkit: {toolkit}.", fix=fix)


class CallFailed(ToolwayError):
    """The call did not succeed."""

    code = "call_failed"


class Refused(CallFailed):
    """The service refused the call."""

    code = "refused"

    def __init__(self, message: str, *, status: int, means: str = "refused", fix: str | None = None) -> None:
        self.status = status
        self.means = means
        super().__init__(message, fix=fix)

    @property
    def of_credential(self) -> bool:
        """Whether it is the credential that the service does not accept."""
        return self.means in ("key", "refused", "forbidden")


class Unreachable(CallFailed):
    """The service could not be reached; nothing was changed."""

    code = "unreachable"


class NoAnswer(CallFailed):
    """The request left, but no usable answer came back: the outcome is unknown."""

    code = "no_answer"


class Blocked(CallFailed):
    """The call was stopped before it left."""

    code = "blocked"


class Busy(CallFailed):
    """The account has used up its pace for now."""

    code = "busy"

    def __init__(self, message: str, *, seconds: float, fix: str | None = None) -> None:
        self.seconds = seconds
        super().__init__(message, fix=fix)
