"""Slurm on one machine, on loopback: a controller and two nodes, fake1 of the feature "h100" and fake2 of "a100"."""

import contextlib
import getpass
import os
import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field

import psutil

from tests.runner.services.started import answers, free_port, needs, service, until

_CONFIG = """\
ClusterName=bench
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CryptoType=crypto/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_interval=2
MpiDefault=none
ReturnToService=2
SlurmdTimeout=5
InactiveLimit=30
KillWait=2
SlurmdParameters=config_overrides
GresTypes=gpu
NodeName=fake1 NodeHostname={host} NodeAddr=127.0.0.1 Port={port1} CPUs=2 Feature=h100 Gres=gpu:h100:1 State=UNKNOWN
NodeName=fake2 NodeHostname={host} NodeAddr=127.0.0.1 Port={port2} CPUs=2 Feature=a100 Gres=gpu:a100:1 State=UNKNOWN
PartitionName=bench Nodes=fake1,fake2 Default=YES MaxTime=INFINITE State=UP
"""
_GRES = "NodeName=fake1 Name=gpu Type=h100 File={folder}/gpu1\nNodeName=fake2 Name=gpu Type=a100 File={folder}/gpu2\n"


@dataclass
class Slurm:
    """A cluster; `nodes` are the processes of its daemons by the names of the nodes."""

    variables: dict[str, str]
    start_node: Callable[[str], None] = lambda _: None
    nodes: dict[str, subprocess.Popen] = field(default_factory=dict)

    def kill_node(self, name):
        """End its daemon and all that runs on it, as a power cut would."""
        self.nodes[name].kill()
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                known = process.environ()
                if (known.get("SLURM_CONF"), known.get("SLURMD_NODENAME")) == (self.variables["SLURM_CONF"], name):
                    step = [it for it in process.parents() if it.name() == "slurmstepd"]
                    for each in (process, *step):
                        each.kill()

    def is_idle(self):
        """Say whether both nodes are there, with nothing to do."""
        return self.says("sinfo", "--noheader", "--Node", "--format=%T").split() == ["idle", "idle"]

    def says(self, *command):
        """Return what a command of Slurm's prints."""
        environment = os.environ | self.variables
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30).stdout


@contextlib.contextmanager
def slurm(folder):
    needs("slurmctld, slurmd, slurm-client and munge", "slurmctld", "slurmd", "srun", "munged", root=True)
    known = {name: free_port() for name in ("port", "port1", "port2")}
    known |= {"folder": folder, "host": socket.gethostname().split(".")[0], "user": getpass.getuser()}
    (folder / "slurm.conf").write_text(_CONFIG.format(**known))
    (folder / "gres.conf").write_text(_GRES.format(**known))
    for name in ("state", "spool-fake1", "spool-fake2"):
        (folder / name).mkdir()
    for name in ("gpu1", "gpu2"):  # a device that is none: Slurm wants a file for each
        os.mknod(folder / name, 0o600 | 0o020000, os.makedev(1, 3))
    key = folder / "munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    cluster = Slurm({"SLURM_CONF": str(folder / "slurm.conf")})
    environment = os.environ | cluster.variables
    with contextlib.ExitStack() as services:

        def start(name, *command):
            log = folder / f"{name}.log"
            return services.enter_context(service(command, log, env=environment)), log

        socket_ = folder / "munge.socket"
        files = [f"--{what}={folder}/munge.{what}" for what in ("log-file", "pid-file", "seed-file")]
        _, log = start(
            "munged", "/usr/sbin/munged", "-F", "--force", f"--socket={socket_}", f"--key-file={key}", *files
        )
        until("no munged answers", socket_.exists, log)
        _, log = start("slurmctld", "/usr/sbin/slurmctld", "-D", "-c")

        def start_node(name):
            cluster.nodes[name], log = start(name, "/usr/sbin/slurmd", "-D", "-N", name)
            port = known[f"port{name[-1]}"]
            # The controller may not have missed it yet, and calls it idle.
            until(f"no slurmd answers for {name}", lambda: answers(port), log)

        cluster.start_node = start_node
        for name in ("fake1", "fake2"):
            start_node(name)
        until("no two idle nodes", cluster.is_idle, log)
        yield cluster
