"""An sshd on the loopback interface with a host key of its own, and a client that may log in with a throw-away key."""

import contextlib
import getpass
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.runner.services.started import answers, free_port, needs, service, until

_SERVER = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/key.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
"""
_CLIENT = """\
Host bench
  HostName 127.0.0.1
  Port {port}
  User {user}
  IdentityFile {folder}/key
  IdentitiesOnly yes
  UserKnownHostsFile {folder}/known_hosts
  StrictHostKeyChecking yes
"""


@dataclass
class Host:
    """A host that ssh reaches as "bench" by a configuration of its own, while `running`."""

    folder: Path
    port: int

    @property
    def config(self):
        return self.folder / "ssh_config"

    @contextlib.contextmanager
    def running(self):
        """Run the server; with it end the sessions that it began."""
        log = self.folder / "sshd.log"
        with service(["/usr/sbin/sshd", "-D", "-e", "-f", self.folder / "sshd_config"], log) as process:
            until("no sshd answers", lambda: answers(self.port), log)
            yield
            for session in psutil.Process(process.pid).children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    session.kill()


def host(folder):
    """Return a host whose keys and configuration are in a folder."""
    needs("openssh-server", "sshd", "ssh", "ssh-keygen")
    port = free_port()
    for name in ("host_key", "key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    kind, key = (folder / "host_key.pub").read_text().split()[:2]
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {kind} {key}\n")
    known = {"port": port, "folder": folder, "user": getpass.getuser()}
    (folder / "sshd_config").write_text(_SERVER.format(**known))
    (folder / "ssh_config").write_text(_CLIENT.format(**known))
    Path("/run/sshd").mkdir(exist_ok=True)  # where it separates privileges, as Debian's service has it
    return Host(folder, port)
