"""A server of the test's own on loopback."""

import contextlib
import socket
import threading


class Listener:
    """with Listener() as it: serve(client) is called for each client of it.port, on a thread of its own; what the network
    then throws ends it. `clients` has them all; they are closed with the listener."""

    def __enter__(self):
        self.clients = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        for one in (self.listener, *self.clients):
            one.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.clients.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with contextlib.suppress(OSError):  # the TLS module's errors are among them
            self.serve(client)

    def serve(self, client):
        """Does nothing: the client waits."""


def read_packet(peer):
    """(header, body) of a MySQL packet; empty at the end."""
    head = peer.recv(4, socket.MSG_WAITALL)
    if len(head) < 4:
        return b"", b""
    size = int.from_bytes(head[:3], "little")
    return head, peer.recv(size, socket.MSG_WAITALL) if size else b""
