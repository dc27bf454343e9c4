"""What is tried must not take minutes or gigabytes: where it would, it fails."""

import resource
import signal
from contextlib import contextmanager
from pathlib import Path

# A healthy plan takes 0.1 s, and reading a small file less.
SECONDS = 20
BYTES = 2 * 2**30


@contextmanager
def bounded(seconds: int = SECONDS, memory: int = BYTES):
    """TimeoutError after so many seconds; MemoryError (on Linux) above so many further bytes."""

    def too_long(*_):
        raise TimeoutError(f"takes more than {seconds} s")

    handler = signal.signal(signal.SIGALRM, too_long)
    before = resource.getrlimit(resource.RLIMIT_AS)
    signal.alarm(seconds)
    if Path("/proc/self/statm").exists():
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + memory, before[1]))
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, handler)
        resource.setrlimit(resource.RLIMIT_AS, before)
