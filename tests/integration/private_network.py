"""What runs inside a network namespace of the test's own, where a public address is an address of this machine.

usage: private_network.py SCENARIO JSON

own_network.py starts it by `unshare`: nothing leaves the namespace. It prints what the scenario gives, as JSON.
"""

import collections
import json
import os
import selectors
import socket
import struct
import subprocess
import sys
import tempfile
import threading

PUBLIC = "8.8.8.8"
PUBLIC6 = "2606:4700:4700::1111"
PRIVATE = ("10.1.2.3", "169.254.169.254", "192.168.7.7", "100.64.0.9", "168.63.129.16")


def set_up():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in (PUBLIC, *PRIVATE):
        subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True)
    subprocess.run(["ip", "-6", "address", "add", f"{PUBLIC6}/128", "dev", "lo", "nodad"], check=True)


class Listener:
    """Counts connections to a port by the address that was dialled; closes each at once, or passes it to a Unix socket."""

    def __init__(self, port, forward_to=None):
        self.forward_to = forward_to
        self.dialled = collections.Counter()
        self.sockets = []
        self.waiting = selectors.DefaultSelector()
        for family, host in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
            listener = socket.socket(family, socket.SOCK_STREAM)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind((host, port))
            listener.listen(512)
            self.waiting.register(listener, selectors.EVENT_READ)
            self.sockets.append(listener)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            for key, _ in self.waiting.select():
                client, _ = key.fileobj.accept()
                self.dialled[client.getsockname()[0]] += 1
                if self.forward_to is None:
                    client.close()
                else:
                    threading.Thread(target=self._forward, args=(client,), daemon=True).start()

    def _forward(self, client):
        server = socket.socket(socket.AF_UNIX)
        server.connect(self.forward_to)
        threading.Thread(target=pump, args=(client, server), daemon=True).start()
        pump(server, client)

    def settle(self):
        """Connections that were made are counted: one of our own comes behind them."""
        before = self.dialled["127.0.0.9"]
        socket.create_connection(("127.0.0.9", self.sockets[0].getsockname()[1])).close()
        while self.dialled["127.0.0.9"] == before:
            pass
        del self.dialled["127.0.0.9"]
        return dict(self.dialled)


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class NameServer:
    """Answers a name's first question for an address with `first`, every later one with `second`; TTL 0. Counts."""

    def __init__(self, first, second):
        self.first, self.second = first, second
        self.asked = collections.Counter()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            question, sender = self.socket.recvfrom(512)
            name, at = [], 12
            while question[at]:
                name.append(question[at + 1 : at + 1 + question[at]].decode())
                at += question[at] + 1
            (kind,) = struct.unpack_from("!H", question, at + 1)
            answers = b""
            if kind == 1:
                host = ".".join(name)
                self.asked[host] += 1
                address = self.first if self.asked[host] == 1 else self.second
                answers = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 0, 4) + socket.inet_aton(address)
            header = question[:2] + struct.pack("!HHHHH", 0x8580, 1, 1 if answers else 0, 0, 0)
            self.socket.sendto(header + question[12 : at + 5] + answers, sender)


def use_own_names():
    """This process and its children ask our name server, and no hosts file."""
    folder = tempfile.mkdtemp()
    for name, text in (("resolv.conf", "nameserver 127.0.0.1\noptions timeout:5 attempts:1\n"),
                       ("nsswitch.conf", "hosts: dns\n")):
        path = os.path.join(folder, name)
        with open(path, "w") as file:
            file.write(text)
        target = os.path.realpath(f"/etc/{name}")
        if os.path.exists(target):
            subprocess.run(["mount", "--bind", path, target], check=True)


def run(given, dsn, output="x.csv", **variables):
    """penstock query; its exit code and its last event."""
    done = subprocess.run([given["program"], "query", "--dsn-env", "PENSTOCK_SHOP_DSN", given.get("sql", "SELECT 1 AS one"),
                           "-o", output], cwd=given["cwd"], capture_output=True, text=True, timeout=120,
                          env={**given["env"], "PENSTOCK_SHOP_DSN": dsn, **variables})
    lines = done.stderr.splitlines()
    return {"code": done.returncode, "last": json.loads(lines[-1]) if lines else None}


# ---- scenarios ----


def reads_a_server_at_a_public_address(given):
    """A real server, at PUBLIC; the DSNs name it by its number."""
    listener = Listener(given["port"], forward_to=given["socket"])
    results = [run(given, dsn, output) for dsn, output in given["dsns"]]
    return {"results": results, "dialled": listener.settle()}


def refuses(given):
    """Each DSN, while something listens on every address of this machine."""
    listeners = [Listener(port) for port in (5432, 3306)]
    results = [run(given, dsn) for dsn in given["dsns"]]
    return {"results": results, "dialled": [listener.settle() for listener in listeners]}


def rebinds(given):
    """Each DSN names a host of its own whose address changes after the first answer."""
    use_own_names()
    names = NameServer(PUBLIC, given["second"])
    listeners = [Listener(port) for port in (5432, 3306)]
    variables = {"PENSTOCK_SQL_ALLOW_PRIVATE": "1"} if given["opted_in"] else {}
    codes = collections.Counter(run(given, dsn, **variables)["last"]["code"] for dsn in given["dsns"])
    dialled = collections.Counter()
    for listener in listeners:
        dialled.update(listener.settle())
    return {"codes": codes, "asked": names.asked, "dialled": dialled}


def resolves_to_private(given):
    use_own_names()
    names = NameServer(given["address"], PUBLIC)
    listeners = [Listener(port) for port in (5432, 3306)]
    results = [run(given, dsn) for dsn in given["dsns"]]
    return {"results": results, "asked": names.asked, "dialled": [listener.settle() for listener in listeners]}


if __name__ == "__main__":
    set_up()
    print(json.dumps(globals()[sys.argv[1]](json.loads(sys.argv[2]))))
