"""The guides' own code, and the running of it as a person at a terminal would."""

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from .server import REPO

GUIDES = REPO.parent / "shared" / "guides"
PROMPT = "You: "
# Nothing may leave the machine (the SDKs report their use to their vendors): https goes to a proxy that is not there.
OFFLINE = {"PATH": os.environ["PATH"], "HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1,localhost"}


def complete_code(guide: Path) -> str:
    """The block under "Complete Code", to the letter."""
    text = guide.read_text()
    start = text.index("import asyncio", text.index("\nComplete Code\n"))
    last = re.compile(r"asyncio\.run\(\w+\(\)\)").search(text, start)
    assert last is not None, f"{guide.name}: the block has no end"
    return text[start : last.end()] + "\n"


class Program:
    """A chat program in a terminal: say something, read the answer. A `.env` beside it carries its settings.

    `shell` is what the terminal's own environment holds besides.
    """

    def __init__(self, python: Path, code: str, folder: Path, settings: Mapping[str, str], shell: Mapping[str, str] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "chat.py").write_text(code)
        (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        self._said = {"out": bytearray(), "err": bytearray()}
        self._heard = 0
        own = {"HOME": str(folder), "PYTHONUNBUFFERED": "1", "LANG": "C.UTF-8", **OFFLINE, **(shell or {})}
        self._process = subprocess.Popen(
            [str(python), "chat.py"],
            cwd=folder,
            env=own,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._news = threading.Condition()
        self._readers = [threading.Thread(target=self._read, args=(name,), daemon=True) for name in ("out", "err")]

    def __enter__(self) -> Self:
        for reader in self._readers:
            reader.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        for reader in self._readers:
            reader.join()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None and not pipe.closed:
                pipe.close()
        if error is not None:
            print(f"--- the program's stdout\n{self.out}\n--- the program's stderr\n{self.err}")

    @property
    def out(self) -> str:
        """All of its stdout so far."""
        return self._said["out"].decode(errors="replace")

    @property
    def err(self) -> str:
        """All of its stderr so far."""
        return self._said["err"].decode(errors="replace")

    def listen(self, deadline: float = 120) -> str:
        """What it says until it asks again. Fails when it ends or stays silent."""
        end = time.monotonic() + deadline
        with self._news:
            while PROMPT not in self.out[self._heard :]:
                ended = self._process.poll() is not None and not any(reader.is_alive() for reader in self._readers)
                assert not ended, f"the program ended with {self._process.returncode} before it asked again"
                assert time.monotonic() < end, f"no answer within {deadline:.0f} s"
                assert "Traceback" not in self.err, "the program fell, and may wait for ever"
                self._news.wait(0.2)
            said = self.out[self._heard :].partition(PROMPT)[0]
            self._heard += len(said) + len(PROMPT)
            return said

    def say(self, words: str) -> None:
        """Type a line."""
        pipe = self._process.stdin
        assert pipe is not None
        pipe.write(words.encode() + b"\n")
        pipe.flush()

    def ask(self, words: str) -> str:
        """Type a line and read the answer."""
        self.say(words)
        return self.listen()

    def leave(self, deadline: float = 60) -> int:
        """Say exit; the exit code."""
        self.say("exit")
        code = self._process.wait(deadline)
        for reader in self._readers:
            reader.join()
        return code

    def _read(self, name: str) -> None:
        pipe: IO[bytes] | None = self._process.stdout if name == "out" else self._process.stderr
        assert pipe is not None
        while piece := os.read(pipe.fileno(), 65536):
            with self._news:
                self._said[name] += piece
                self._news.notify_all()
