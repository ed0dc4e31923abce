"""Takes parcels to the addresses of their webhooks: at least once, beside everything else, and to this machine only."""

import asyncio
import ipaddress
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import quote, urlsplit

from toolway.errors import ToolwayError
from toolway.net import Net, Request
from toolway.sandbox.world import Delivery, Parcel, Webhook, World, hex_id

PAUSES = (0.5, 2.0)
"""Seconds before the second try, the third, and so on."""
_SECONDS = 10.0
_MOST_ANSWER = 64 * 1024
_MOST_KEPT = 2000
_DAYS = timedelta(days=7)
_AT_ONCE = 16
_PLAIN = "/%:@,;=+&~-._"
_ELSEWHERE = "Not sent: the sandbox sends to loopback addresses only, such as http://127.0.0.1:8000/hook."


class Postman:
    """Delivers what waits in the world. `world` tells which that is, `keep` writes it down, `now` tells the time."""

    def __init__(self, world: Callable[[], World], keep: Callable[[], None], now: Callable[[], datetime]) -> None:
        self._world = world
        self._keep = keep
        self._now = now
        self._ways: dict[str, asyncio.Task[None]] = {}
        self._turns = asyncio.Semaphore(_AT_ONCE)

    def go(self) -> None:
        """Set out with every parcel that is not on its way yet. What cannot be sent is logged at once."""
        for parcel in list(self._world().parcels.values()):
            if parcel.id in self._ways:
                continue
            hook = self._world().webhooks.get(parcel.webhook)
            if hook is not None and address(hook.url):
                way = asyncio.create_task(self._carry(parcel))
                self._ways[parcel.id] = way
                way.add_done_callback(lambda _, id=parcel.id: self._ways.pop(id, None))
            else:
                self._done(parcel, hook, 0, _ELSEWHERE)

    def drop(self) -> None:
        """Turn back; what was not delivered still waits in its world."""
        for way in self._ways.values():
            way.cancel()
        self._ways = {}

    async def _carry(self, parcel: Parcel) -> None:
        while True:
            async with self._turns:
                hook = self._world().webhooks.get(parcel.webhook)
                status, said = await _post(hook, parcel) if hook and hook.enabled else (0, "The webhook is gone or off.")
            parcel.tries += 1
            last = hook is None or not hook.enabled or 200 <= status < 300 or parcel.tries > len(PAUSES)
            if last:
                self._done(parcel, hook, status, said)
                return
            self._log(parcel, hook, status, said)
            await asyncio.sleep(PAUSES[parcel.tries - 1])

    def _done(self, parcel: Parcel, hook: Webhook | None, status: int, said: str) -> None:
        self._world().parcels.pop(parcel.id, None)
        self._log(parcel, hook, status, said)

    def _log(self, parcel: Parcel, hook: Webhook | None, status: int, said: str) -> None:
        """A line of the webhook's log for each try; they are kept for seven days, and so many."""
        world, now = self._world(), self._now()
        if hook is not None:
            id = hex_id("delivery", parcel.id, str(parcel.tries))
            world.deliveries.append(Delivery(id=id, webhook=hook.id, status=status, request=parcel.body, response=said, at=now))
            world.deliveries = [one for one in world.deliveries if one.at > now - _DAYS][-_MOST_KEPT:]
        self._keep()


def address(url: str) -> tuple[str, int] | None:
    """Host and port of a URL that leads to this machine; None for every other."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname or ""
        number = ipaddress.ip_address(host)
    except ValueError:
        return None
    return (str(number), port) if number in ipaddress.ip_network("127.0.0.0/8" if number.version == 4 else "::1/128") else None


async def _post(hook: Webhook, parcel: Parcel) -> tuple[int, str]:
    """One try: the status and the beginning of the answer; status 0 and a sentence when there was none."""
    to = address(hook.url)
    if to is None:
        return 0, _ELSEWHERE
    parts = urlsplit(hook.url)
    host = f"[{to[0]}]" if ":" in to[0] else to[0]
    query = f"?{quote(parts.query, safe=_PLAIN)}" if parts.query else ""
    # Written anew from what was checked, so that no second reader of the webhook's URL can find another host in it.
    url = f"{parts.scheme}://{host}:{to[1]}{quote(parts.path, safe=_PLAIN) or '/'}{query}"
    headers = {"content-type": "application/json", "clockify-signature": hook.token, "clockify-webhook-event-type": parcel.event}
    net = Net(named=[to])
    try:
        answer = await net.send(Request("POST", url, headers, parcel.body.encode(), once=True, seconds=_SECONDS, most=_MOST_ANSWER))
        return answer.status, answer.body.decode("utf-8", "replace")[:2000]
    except ToolwayError as error:
        return 0, error.message
    finally:
        await net.close()
