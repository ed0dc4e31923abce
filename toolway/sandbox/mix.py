"""A share of all requests goes wrong by lot: `429:0.1,500:0.05,slow:2s,cut:0.01,rubbish:0.01`. The same seed draws the same lots."""

import random
import re
from typing import NamedTuple

from toolway.errors import BadSetting
from toolway.sandbox.faults import Fault

_FIX = "Give NAME:SHARE separated by commas, for example 429:0.1,500:0.05,slow:2s,cut:0.01,rubbish:0.01."
_STATUS = re.compile(r"[45][0-9]{2}")
_SHARE = re.compile(r"[01]|[01]?\.[0-9]{1,9}")
_LENGTH = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)(ms|s)")
_LONGEST = 600.0


class Lot(NamedTuple):
    """What was drawn for one request: its name (`429`, `cut`, ... or "" for none) and the fault, if any, which may be a mere delay."""

    name: str
    fault: Fault | None


class Mix:
    """Which share of the requests gets which fault.

    A status stands for itself, in the vendor's shape: 429 and all below 500 before anything is done, one of 500 and above before or after,
    as the lot falls. `cut` closes the connection without an answer, before or after. `rubbish` is done, and answered with no JSON.
    `slow:2s` lets every answer take so long, `slow:2s:0.1` a tenth of them, whatever else befalls them.
    """

    def __init__(self, shares: dict[str, float], slow: tuple[float, float], seed: int) -> None:
        self._shares = shares
        self._slow = slow
        self.seed = seed
        self._random = random.Random(seed)

    @classmethod
    def read(cls, text: str, seed: int) -> "Mix":
        """The mix that is written so. Raises `BadSetting`."""
        shares: dict[str, float] = {}
        slow: tuple[float, float] | None = None
        for part in text.split(","):
            name, _, rest = part.strip().partition(":")
            if name in shares or (name == "slow" and slow):
                raise BadSetting(f"The fault {name} is named twice.", fix="Name each fault once.")
            if name == "slow":
                length, _, share = rest.partition(":")
                slow = _seconds(length), _share(name, share) if share else 1.0
            elif name in ("cut", "rubbish") or _STATUS.fullmatch(name):
                shares[name] = _share(name, rest)
            else:
                known = "a status from 400 to 599, slow, cut and rubbish are known"
                raise BadSetting(f"There is no fault {name[:40]!r}; {known}.", fix=_FIX)
        if sum(shares.values()) > 1 + 1e-9:
            raise BadSetting(f"The shares of the faults are {sum(shares.values()):g} together, more than 1.", fix="Give smaller ones.")
        return cls(shares, slow or (0, 0), seed)

    def again(self) -> "Mix":
        """The same from its beginning."""
        return Mix(self._shares, self._slow, self.seed)

    def draw(self) -> Lot:
        """The lot of the next request. Each takes three numbers, so that one fault more or less does not move the others' places."""
        what, late, done = self._random.random(), self._random.random(), self._random.random() < 0.5
        delay = self._slow[0] if late < self._slow[1] else 0
        for name, share in self._shares.items():
            if what < share:
                return Lot(name, _fault(name, done, delay))
            what -= share
        return Lot("slow", Fault(path_prefix="/", delay_seconds=delay)) if delay else Lot("", None)


def _fault(name: str, done: bool, delay: float) -> Fault:
    match name:
        case "cut":
            return Fault(path_prefix="/", delay_seconds=delay, cut=True, after=done)
        case "rubbish":
            return Fault(path_prefix="/", delay_seconds=delay, garbage=True, after=True)
        case _:
            return Fault(path_prefix="/", delay_seconds=delay, status=int(name), after=done and name >= "500")


def _share(name: str, text: str) -> float:
    if not _SHARE.fullmatch(text) or float(text) > 1:
        raise BadSetting(f"The share of {name} is {text[:40]!r}; a number from 0 to 1 is expected.", fix=_FIX)
    return float(text)


def _seconds(text: str) -> float:
    found = _LENGTH.fullmatch(text)
    seconds = float(found[1]) / (1000 if found[2] == "ms" else 1) if found else -1
    if not 0 <= seconds <= _LONGEST:
        raise BadSetting(f"slow is {text[:40]!r}; a time such as 2s or 200ms is expected, at most {_LONGEST:g}s.", fix=_FIX)
    return seconds
