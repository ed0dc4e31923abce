"""Characters that nobody sees, taken out of what services say: pure."""

import re
from typing import Any, Final, cast

from toolway.catalog.model import Json

_UNSEEN = r"\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
# Two more marks without width join letters of Persian and of Indian scripts, and emoji; only between such do they mean anything.
_SEEN = rf"[^\x00-\xa0\u200c\u200d{_UNSEEN}]"
_CONTROL = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # what a terminal obeys, as a whole
    rf"|[\x00-\x08\x0b-\x1f\x7f-\x9f{_UNSEEN}]|(?<!{_SEEN})[\u200c\u200d]|[\u200c\u200d](?!{_SEEN})"
)
PERHAPS: Final = re.compile(
    rb"\\[bfr]|\\u(?:00[01789]|061[cC]|180[eE]|20[0-6]|[fF][eE][fF]|[fF][fF][fF]|[dD][bB]40)"
    rb"|\x7f|\xc2[\x80-\x9f]|\xd8\x9c|\xe1\xa0\x8e|\xe2\x80[\x8b-\x8f\xaa-\xae]|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf|\xef\xbf[\xb9-\xbb]|\xf3\xa0[\x80\x81]"
)
"""Such characters in a body, where they may stand as they are or escaped; what it finds too much costs only a walk."""


def clean(text: str) -> str:
    """A text without what nobody sees: control characters save line ends and tabs, terminal sequences, marks of direction, and those
    without width that join nothing.
    """
    return _CONTROL.sub("", text).strip()


def tidy(value: Any) -> Any:
    """A value with all its texts and names so, but for the blanks around them."""
    match value:
        case str():
            return _CONTROL.sub("", value)
        case list():
            return [tidy(item) for item in cast("list[Any]", value)]
        case dict():
            return {_CONTROL.sub("", name): tidy(inner) for name, inner in cast("Json", value).items()}
        case _:
            return value
