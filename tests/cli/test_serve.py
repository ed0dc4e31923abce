"""What `toolway serve` says when it cannot, and where its limits come in."""

import re
import shlex
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.processes import House
from toolway.cli import serve
from toolway.cli.doorkeeper import Doorkeeper


def _serve(folder: Path, *words: str) -> str:
    command = [sys.executable, "-m", "toolway", "serve", "--port", "0", "--data", str(folder / "data"), *words]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=folder)
    assert run.returncode not in (0, None)
    assert "Traceback" not in run.stderr, run.stderr
    return re.sub(r"\s+", " ", run.stderr)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_certificate_that_is_none(tmp_path: Path, workers: str) -> None:
    file = tmp_path / "cert.pem"
    file.write_text("no certificate", "utf-8")
    said = _serve(tmp_path, "--tls-cert", str(file), "--tls-key", str(file), "--workers", workers)
    assert "tls_cert and tls_key cannot be used" in said


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_a_key_with_a_password(tmp_path: Path) -> None:
    """Nobody is asked for it: a server starts alone."""
    words = "openssl req -x509 -newkey rsa:2048 -keyout key.pem -out cert.pem -days 1 -subj /CN=a -passout pass:secret"
    subprocess.run(shlex.split(words), cwd=tmp_path, check=True, capture_output=True)
    said = _serve(tmp_path, "--tls-cert", "cert.pem", "--tls-key", "key.pem")
    assert "tls_cert and tls_key cannot be used" in said


def test_an_address_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "toolway.toml").write_text('host = "127.0.0.1\\u0000"\n', "utf-8")
    assert "which is no address" in _serve(tmp_path)
    assert "cannot be listened on" in _serve(tmp_path, "--host", "a" * 80)


def test_faults_of_a_sandbox(tmp_path: Path) -> None:
    assert "There is no fault 'fire'" in _serve(tmp_path, "--sandbox", "--sandbox-fault", "fire:1")
    assert "Add --sandbox." in _serve(tmp_path, "--sandbox-fault", "429:1")
    assert not (tmp_path / "data" / "sandbox.json").exists()


def test_a_sandbox_with_faults_is_played(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "toolway", "serve", "--port", "0", "--data", str(tmp_path / "data"), "--sandbox"]
    with subprocess.Popen([*command, "--sandbox-fault", "418:1", "--sandbox-seed", "7"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        played = next(line.split()[-1] for line in process.stdout if line.startswith("Sandbox:"))
        with pytest.raises(urllib.error.HTTPError, match="418"):
            urllib.request.urlopen(f"{played}/clockify/api/v1/user", timeout=10)
        process.terminate()


def test_half_a_public_address(tmp_path: Path) -> None:
    assert "is no origin" in _serve(tmp_path, "--public-url", "https://[::1")


def test_the_first_lines(tmp_path: Path) -> None:
    """Where it listens, under which address it is reached, and what to do about a toolkit that cannot be read."""
    (tmp_path / "kits" / "odd").mkdir(parents=True)
    (tmp_path / "kits" / "odd" / "toolkit.toml").write_text("[", "utf-8")
    house = House(tmp_path, TOOLWAY_PUBLIC_URL="https://router.example.org", TOOLWAY_TOOLKITS=str(tmp_path / "kits"))
    with house.serving() as served:
        said = house.log.read_text("utf-8")
        asked = urllib.request.Request(served.origin, headers={"accept": "text/html,*/*"})
        with urllib.request.urlopen(asked, timeout=10) as page:
            assert b"Toolway runs here" in page.read()
        assert served.ask("GET", "/")[0] == 404
        status = house.say("status")
        house.environment["TOOLWAY_TOOLKITS"] = str(Path(__file__).parents[2] / "bench" / "toolkit")
        other = house.say("status")
        taken = _serve(tmp_path, "--port", served.origin.rpartition(":")[2])
    assert "The server that runs serves" not in status and "The server that runs serves clockify, desktime:" in re.sub(r"\s+", " ", other)
    assert re.search(r"Toolway runs already: https://router\.example\.org \(process \d+\)\. End it, or choose another with --port", taken)
    assert re.search(r"Calls go to the real services: clockify \(\d+ tools\), desktime", said)
    assert re.search(r"Toolway listens on http://127\.0\.0\.1:\d+ and is reached under https://router\.example\.org\n", said)
    assert f"See: toolway toolkit lint {tmp_path / 'kits' / 'odd'}\n" in said
    assert "COMPOSIO_BASE_URL=https://router.example.org" not in said  # the key was preset: nothing is new


def test_the_doorkeeper_is_there() -> None:
    assert serve._protocol() is Doorkeeper  # pyright: ignore[reportPrivateUsage]
