"""The demo: the guides' example requests, played through a real MCP client on a router and a sandbox of its own.

`make demo`, or `python -m demo`. No account, no key and no model is involved: `play` says which call a model would make of a request.
"""


class Failed(Exception):
    """The demo cannot go on; the message is a sentence for whoever ran it."""
