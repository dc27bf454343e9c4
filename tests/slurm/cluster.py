"""A real Slurm on this machine: two nodes with one placeholder GPU each, and accounting.

munge and MariaDB run in a folder of their own, on ports of their own; nothing that a site has is
touched. Only slurm.conf and gres.conf must lie where Slurm looks without being told, because the
executor plugin removes SLURM_CONF from the environment of jobs; a site's own are left alone.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

ETC = Path("/etc/slurm")
MARK = "# Written by sparsestep's tests; removed when they end."
PACKAGES = "slurm-wlm slurmdbd munge mariadb-server"
NODES = ("gpu1", "gpu2")
ACCOUNT, PARTITION = "lab", "short"
DAEMONS = ("munged", "mariadbd", "slurmdbd", "slurmctld", "slurmd")

SLURM_CONF = """\
{mark}
ClusterName=test
SlurmctldHost={host}
SlurmctldPort={ports[0]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
# cred_expire: a job whose node died starts again after this many seconds, not after two minutes.
AuthInfo=socket={folder}/munge/socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
JobAcctGatherType=jobacct_gather/linux
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost={host}
AccountingStoragePort={ports[1]}
# The socket of munge, here too.
AccountingStoragePass={folder}/munge/socket
AccountingStorageTRES=gres/gpu
AccountingStorageEnforce=associations
MailProg=/bin/true
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
# A node that does not answer is down after five seconds.
SlurmdTimeout=5
# More cores than the machine may have.
SlurmdParameters=config_overrides
GresTypes=gpu
# What both nodes have.
NodeName=DEFAULT CPUs=4 RealMemory=16000 Gres=gpu:1
NodeName=gpu[1-2] NodeHostname={host} Port=[{ports[2]},{ports[3]}]
PartitionName={partition} Nodes=gpu[1-2] MaxTime=12:00:00 State=UP
"""

GRES_CONF = """\
{mark}
NodeName=gpu1 Name=gpu File={folder}/gpu-device-1
NodeName=gpu2 Name=gpu File={folder}/gpu-device-2
"""

SLURMDBD_CONF = """\
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
DbdHost={host}
DbdPort={ports[1]}
SlurmUser=root
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={ports[4]}
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm_acct_db
PidFile={folder}/slurmdbd.pid
"""


def missing() -> str | None:
    """Why no Slurm can be started here and what would help, or None."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "a Slurm of one's own needs root on Linux: `make test-slurm` as root, in a container"
    lacking = [name for name in DAEMONS if shutil.which(name) is None]
    if lacking:
        return f"no {', '.join(lacking)}: `apt-get install {PACKAGES}` (Debian, Ubuntu)"
    conf = ETC / "slurm.conf"
    if conf.exists() and MARK not in conf.read_text():
        return f"{conf} belongs to a Slurm that is already here; it is left alone"
    return None


class Cluster:
    """The daemons, from `start` to `stop`."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.host = socket.gethostname().split(".")[0]
        self.daemons: dict[str, subprocess.Popen] = {}

    def start(self) -> None:
        """Returns when both nodes are idle; raises with the logs when they do not become so."""
        self._write_configuration()
        self._start_munge()
        self._start_database()
        self.start_accounting()
        for what in (
            ("cluster", "test"),
            ("account", ACCOUNT),
            ("user", "root", f"account={ACCOUNT}"),
        ):
            run("sacctmgr", "-i", "add", *what)
        self.start_controller()
        for node in NODES:
            self.start_node(node)
        self._wait("slurmctld", "sh", "-c", "test $(sinfo -h -N -t idle | wc -l) = 2")

    def start_accounting(self) -> None:
        """Returns when it answers."""
        self._daemon("slurmdbd", "slurmdbd", "-D")
        self._wait("slurmdbd", "sacctmgr", "-n", "list", "cluster")

    def start_controller(self) -> None:
        """With what it knew when it was stopped; returns when it answers."""
        self._daemon("slurmctld", "slurmctld", "-D")
        self._wait("slurmctld", "scontrol", "ping")

    def stop_daemon(self, name: str) -> None:
        """As its service is stopped."""
        daemon = self.daemons.pop(name)
        daemon.terminate()
        daemon.wait(timeout=60)

    @contextlib.contextmanager
    def hanging(self, name: str) -> Iterator[None]:
        """A daemon that takes requests and answers none, until the end of the block."""
        self.daemons[name].send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.daemons[name].send_signal(signal.SIGCONT)

    def start_node(self, node: str) -> None:
        """A slurmd."""
        self._daemon(node, "slurmd", "-D", "-N", node)

    def kill_node(self, node: str) -> None:
        """kill -9 of its slurmd and of all that its jobs run, as when a machine goes down."""
        daemon = self.daemons.pop(node)
        daemon.kill()
        daemon.wait()
        jobs = run("squeue", "-h", "-o", "%A", "-w", node).split()
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                title = " ".join(process.cmdline())
                step = any(title.startswith(f"slurmstepd: [{job}.") for job in jobs)
                if step or process.environ().get("SLURMD_NODENAME") == node:
                    process.kill()

    def stop(self) -> None:
        """End every daemon and every job, and remove the configuration."""
        for node in NODES:
            if node in self.daemons:
                self.kill_node(node)
        for daemon in reversed(self.daemons.values()):
            daemon.terminate()
        for daemon in self.daemons.values():
            try:
                daemon.wait(timeout=10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        self.daemons.clear()
        for name in ("slurm.conf", "gres.conf", "slurmdbd.conf"):
            (ETC / name).unlink(missing_ok=True)

    def _write_configuration(self) -> None:
        for name in ("state", "munge", "spool/gpu1", "spool/gpu2"):
            (self.folder / name).mkdir(parents=True)
        for number in (1, 2):
            (self.folder / f"gpu-device-{number}").touch()
        values = {
            "mark": MARK,
            "host": self.host,
            "folder": self.folder,
            "partition": PARTITION,
            "ports": free_ports(5),
        }
        ETC.mkdir(exist_ok=True)
        for name, text in (
            ("slurm.conf", SLURM_CONF),
            ("gres.conf", GRES_CONF),
            ("slurmdbd.conf", SLURMDBD_CONF),
        ):
            (ETC / name).write_text(text.format(**values))
            (ETC / name).chmod(0o600 if name == "slurmdbd.conf" else 0o644)
        self.database_port = values["ports"][4]

    def _start_munge(self) -> None:
        folder = self.folder / "munge"
        key = folder / "key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        self._daemon(
            *("munged", "munged", "--foreground", "--force", f"--socket={folder / 'socket'}"),
            *(f"--{name}-file={folder / name}" for name in ("key", "pid", "seed")),
        )

    def _start_database(self) -> None:
        data = f"--datadir={self.folder / 'database'}"
        run("mariadb-install-db", "--no-defaults", "--user=root", "--skip-test-db", data)
        self._daemon(
            *("mariadbd", "mariadbd", "--no-defaults", "--user=root", "--skip-grant-tables", data),
            *("--bind-address=127.0.0.1", f"--port={self.database_port}"),
            *(f"--socket={self.folder / 'database.socket'}", "--innodb-buffer-pool-size=64M"),
        )
        self._wait("mariadbd", sys.executable, "-c", CONNECT, str(self.database_port))

    def _daemon(self, name: str, *command: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            # It ends with these tests, also where they are killed.
            self.daemons[name] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _wait(self, name: str, *command: str, seconds: float = 30) -> None:
        """Until a command succeeds; with the daemon's log when it does not."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                run(*command)
                return
            except RuntimeError as error:
                if self.daemons[name].poll() is not None or time.monotonic() > deadline:
                    log = (self.folder / f"{name}.log").read_text()[-3000:]
                    raise RuntimeError(f"{name} is not ready: {error}\n{log}") from None
            time.sleep(0.3)


CONNECT = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])))"


def run(*command: str) -> str:
    """What a command prints; raises with it when the command fails."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}:\n{done.stdout}")
    return done.stdout


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("", 0))
        return [one.getsockname()[1] for one in sockets]
