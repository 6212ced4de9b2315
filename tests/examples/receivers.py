"""The receivers of examples/: installed, run, and asked what they have stored."""

import contextlib
import functools
import http.client
import os
import pathlib
import platform
import shutil
import socket
import sqlite3
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Nothing is installed in the checkout itself.
FOLDER = ROOT / "target/examples"


def run(*command, **options):
    """The output of a command that has to pass."""
    print("$", *command, flush=True)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode:
        sys.exit(f"{done.stdout[-8000:]}\nexited with {done.returncode}")
    return done.stdout


def until(what, is_so, is_over=lambda: False, seconds=300):
    end = time.monotonic() + seconds
    while not is_so():
        if is_over() or time.monotonic() > end:
            sys.exit(f"this did not happen: {what}")
        time.sleep(0.1)
    print(f"{what} ({time.monotonic() - end + seconds:.1f} s)", flush=True)


def is_installed(folder, *locks):
    """Whether a folder was made from these files; otherwise it is emptied."""
    wanted = b"".join(lock.read_bytes() for lock in locks)
    stamp = folder / "installed"
    if stamp.exists() and stamp.read_bytes() == wanted:
        return True
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return False


def npm(source, folder):
    """Installs the packages of a package.json."""
    manifests = (source / "package.json", source / "package-lock.json")
    if not is_installed(folder, *manifests):
        for manifest in manifests:
            shutil.copy(manifest, folder)
        run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=folder)
        (folder / "installed").write_bytes(b"".join(manifest.read_bytes() for manifest in manifests))


@functools.cache
def node():
    """A Node that has SQLite (22.13 or later): this machine's, or one from npm."""
    if not shutil.which("npm"):
        run(ROOT / ".ci/apt", "nodejs", "npm")
    version = run("node", "--version").strip().removeprefix("v").split(".")
    if tuple(map(int, version[:2])) >= (22, 13):
        return "node"
    npm(ROOT / "tests/examples", FOLDER / "newer-node")
    kind = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    newer = FOLDER / f"newer-node/node_modules/node-linux-{kind}/bin/node"
    if not newer.exists():
        sys.exit(f"the example needs Node 22.13 or later; this is {'.'.join(version)}")
    return newer


def install_node():
    folder = FOLDER / "node"
    npm(ROOT / "examples/node", folder)
    shutil.copy(ROOT / "examples/node/receiver.js", folder)
    return [node(), folder / "receiver.js"]


def install_python():
    folder, source = FOLDER / "python", ROOT / "examples/python"
    lock = source / "requirements.txt"
    if not is_installed(folder, lock):
        run(sys.executable, "-m", "venv", folder / ".venv")
        run(folder / ".venv/bin/pip", "install", "--quiet", "--require-hashes", "--no-deps", "-r", lock)
        shutil.copy(lock, folder / "installed")
    return [folder / ".venv/bin/flask", "--app", source / "receiver.py", "run", "--port", "{port}"]


def install_php():
    modules = run("php", "-m") if shutil.which("php") else ""
    if "pdo_sqlite" not in modules:
        run(ROOT / ".ci/apt", "php-cli", "php-sqlite3")
    # With this setting an error's status is 200, unless the receiver has set another.
    return ["php", "-d", "display_errors=1", "-S", "127.0.0.1:{port}", ROOT / "examples/php/receiver.php"]


INSTALL = {"node": install_node, "python": install_python, "php": install_php}


class Receiver:
    """One example, on a port and with a database of its own."""

    def __init__(self, name):
        self.name, self.command, self.process = name, INSTALL[name](), None
        self.database, self.log = FOLDER / f"{name}.db", FOLDER / f"{name}.log"
        self.database.unlink(missing_ok=True)
        self.log.unlink(missing_ok=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/webhooks"

    def run(self, secret):
        own = {"WEBHOOK_SECRET": secret, "DATABASE": str(self.database), "PORT": str(self.port)}
        command = [str(part).format(port=self.port) for part in self.command]
        with self.log.open("a") as log:
            environment = {**os.environ, **own, "PYTHONDONTWRITEBYTECODE": "1"}
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def has_ended(self):
        return self.process.poll() is not None

    def start(self, secret):
        self.run(secret)
        until(f"{self.name} is up", self.is_up, self.has_ended)

    def is_up(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5):
            return True
        return False

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def restart(self, secret):
        self.stop()
        self.start(secret)

    def post(self, body, headers):
        """The status of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            connection.request("POST", "/webhooks", body, {"content-type": "application/json", **headers})
            return connection.getresponse().status

    def rows(self, query):
        # PHP's receiver makes its tables with the first event.
        if not self.database.exists():
            return []
        with contextlib.closing(sqlite3.connect(self.database)) as db:
            return [row[0] for row in db.execute(query)]
