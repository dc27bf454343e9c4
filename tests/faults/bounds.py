"""What is tried must not take minutes or gigabytes: where it would, it fails."""

import resource
import signal
from contextlib import contextmanager
from pathlib import Path

# Of computing: a healthy plan takes 0.1 s, and reading a small file less. By the clock it may be
# many times longer on a busy machine, and for ever where something is waited for.
SECONDS = 20
WAITED = 15
BYTES = 2 * 2**30


@contextmanager
def bounded(seconds: int = SECONDS, memory: int = BYTES):
    """TimeoutError after so many seconds of computing, or `WAITED` times as many by the clock.

    MemoryError (on Linux) above so many further bytes.
    """

    def too_long(*_):
        raise TimeoutError(f"takes more than {seconds} s")

    handlers = {of: signal.signal(of, too_long) for of in (signal.SIGPROF, signal.SIGALRM)}
    before = resource.getrlimit(resource.RLIMIT_AS)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.alarm(WAITED * seconds)
    if Path("/proc/self/statm").exists():
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + memory, before[1]))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
        for of, handler in handlers.items():
            signal.signal(of, handler)
        resource.setrlimit(resource.RLIMIT_AS, before)
