"""Things that go wrong on purpose, so that a client's patience can be tried."""

from typing import Annotated

import msgspec


class Fault(msgspec.Struct):
    """What happens to the next requests under a path: a status, a body, a delay, rubbish, far too much or no answer at all."""

    path_prefix: str
    method: str | None = None
    status: Annotated[int, msgspec.Meta(ge=100, le=599)] | None = None
    body: object = None
    headers: dict[str, str] = {}
    delay_seconds: Annotated[float, msgspec.Meta(ge=0, le=600)] = 0
    times: Annotated[int, msgspec.Meta(ge=1)] = 1
    garbage: bool = False
    cut: bool = False
    """The connection is closed without an answer."""
    huge: Annotated[int, msgspec.Meta(ge=0, le=1 << 30)] = 0
    after: bool = False
    """The request is obeyed first, and then its answer is replaced: done, but nobody was told."""

    @property
    def only_slow(self) -> bool:
        """Nothing but a delay: the true answer comes, late."""
        return self.status is None and self.body is None and not self.garbage and not self.cut and not self.huge


class Faults:
    """The faults that wait for their request, oldest first."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let a fault wait."""
        self._waiting.append(fault)

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that hits this request, used up once."""
        for fault in self._waiting:
            if path.startswith(fault.path_prefix) and fault.method in (None, method):
                fault.times -= 1
                if fault.times <= 0:
                    self._waiting.remove(fault)
                return fault
        return None
