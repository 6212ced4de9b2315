"""Runs a command in this process group and ends the whole group when standard input closes.

    python supervise.py COMMAND [ARGUMENT ...]

The parent keeps the other end of the pipe open and never writes to it. However the parent ends, even by SIGKILL, the
kernel closes the pipe and the whole group ends. The command gets SIGTERM first, and two seconds.
"""

import os
import signal
import subprocess
import sys
import threading
import time

GRACE_SECONDS = 2.0
parent_gone = threading.Event()


def main():
    os.setpgid(0, 0)
    # SIGTERM to the group is meant for the command. This process ends last.
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    command = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    threading.Thread(target=end_with_parent, args=(command,), daemon=True).start()
    code = command.wait()
    end_group(code)


def end_with_parent(command):
    while os.read(0, 1024):
        pass
    parent_gone.set()
    os.killpg(0, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while command.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(0, signal.SIGKILL)


def end_group(code):
    """Ends everything that the command has started."""
    if not parent_gone.is_set():
        sys.stderr.write(f"supervise: {sys.argv[1]} ended with code {code}\n")
        sys.stderr.flush()
    os.killpg(0, signal.SIGKILL)


main()
