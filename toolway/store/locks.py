"""Files that one process holds at a time. The system gives a hold back when the process ends, however it ends."""

import fcntl
import os
from pathlib import Path
from typing import Self


class Hold:
    """A hold on a file."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    @classmethod
    def attempt(cls, path: Path, *, make: bool = False) -> Self | None:
        """Hold the file, made when missing if `make`, unless somebody else does: then None."""
        descriptor = os.open(path, os.O_RDWR | (os.O_CREAT if make else 0), 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        return cls(path, descriptor)

    def release(self, *, remove: bool = False) -> None:
        """Give the hold back; with `remove` the file goes too."""
        if remove:
            self._path.unlink(missing_ok=True)
        os.close(self._descriptor)


class Presence:
    """Tells which processes live: each holds a file of its own name in a folder beside the database."""

    def __init__(self, folder: Path, owner: str, hold: Hold) -> None:
        self.owner = owner
        self._folder = folder
        self._hold = hold

    @classmethod
    def begin(cls, folder: Path, owner: str) -> Self:
        """Hold the file of `owner` and clear away the dead. Only one process at a time may be here: the caller sees to it."""
        folder.mkdir(mode=0o700, exist_ok=True)
        for file in folder.iterdir():
            if (hold := Hold.attempt(file)) is not None:
                hold.release(remove=True)
        hold = Hold.attempt(folder / owner, make=True)
        if hold is None:
            raise RuntimeError("Two processes of one name.")
        return cls(folder, owner, hold)

    def lives(self, owner: str) -> bool:
        """Whether the process of that name still runs."""
        if owner == self.owner:
            return True
        try:
            hold = Hold.attempt(self._folder / owner)
        except FileNotFoundError:
            return False
        if hold is None:
            return True
        hold.release(remove=True)
        return False

    def end(self) -> None:
        """This process is done."""
        self._hold.release(remove=True)
