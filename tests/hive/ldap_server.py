"""A throw-away LDAP server with a few people in it: Debian's slapd."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from socket import create_connection

from tests.postgres_cluster import NoServerError, free_port

PEOPLE = "ou=people,dc=lake,dc=example"

_SLAPD = "/usr/sbin/slapd"
_CONFIGURATION = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/pid
database mdb
suffix "dc=lake,dc=example"
directory {folder}/data
maxsize 10485760
"""
_TOP = """\
dn: dc=lake,dc=example
objectClass: dcObject
objectClass: organization
o: lake
dc: lake

dn: ou=people,dc=lake,dc=example
objectClass: organizationalUnit
ou: people
"""
_PERSON = """
dn: uid={name},ou=people,dc=lake,dc=example
objectClass: inetOrgPerson
uid: {name}
cn: {name}
sn: {name}
userPassword: {password}
"""


@contextmanager
def ldap_server(passwords: Mapping[str, str]) -> Iterator[str]:
    """Start a server that knows these people; yield its address. Raises NoServerError."""
    slapd = shutil.which("slapd") or shutil.which(_SLAPD)
    if slapd is None:
        raise NoServerError("no slapd, the LDAP server")
    folder = Path(tempfile.mkdtemp(prefix="lakewarden-ldap-"))
    try:
        (folder / "data").mkdir()
        (folder / "slapd.conf").write_text(_CONFIGURATION.format(folder=folder), "utf-8")
        people = "".join(_PERSON.format(name=n, password=p) for n, p in passwords.items())
        (folder / "people.ldif").write_text(_TOP + people, "utf-8")
        configuration = ("-f", str(folder / "slapd.conf"))
        add = [slapd, "-T", "add", *configuration, "-l", str(folder / "people.ldif")]
        subprocess.run(add, check=True, capture_output=True)
        port = free_port()
        command = [slapd, *configuration, "-h", f"ldap://127.0.0.1:{port}", "-d", "0"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            try:
                _wait_for(port, process)
                yield f"ldap://127.0.0.1:{port}"
            finally:
                process.terminate()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("slapd did not start") from None
            time.sleep(0.02)
        else:
            return
