"""A proxy for PostgreSQL connections on loopback: presents a certificate of the test's choice, and cuts or stalls."""

import socket
import ssl
import struct
import threading

from listener import Listener

SSL_REQUEST = struct.pack("!II", 8, 80877103)


class Proxy(Listener):
    """with Proxy(host, port, ...) as proxy: clients connect to proxy.port.

    `certificate`: (crt, key) to answer an SSLRequest with; without one it is answered 'N'. `cut_after`: bytes of the
    server's after which the client's connection is closed, `reset` with RST in place of FIN, or (`stall`) goes silent.
    """

    def __init__(self, host, port, certificate=None, cut_after=None, reset=False, stall=False):
        self.server = (host, port)
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*certificate)
        self.cut_after, self.reset, self.stall = cut_after, reset, stall
        self.first_bytes = []  # what each client said first, in the clear
        self.done = threading.Event()

    def __exit__(self, *given):
        self.done.set()
        super().__exit__(*given)

    @property
    def connections(self):
        return len(self.clients)

    def serve(self, client):
        try:
            first = client.recv(8)
            self.first_bytes.append(first)
            if first == SSL_REQUEST:
                client.sendall(b"S" if self.context else b"N")
                if self.context:
                    client = self.context.wrap_socket(client, server_side=True)
                first = b""
            with socket.create_connection(self.server) as server:
                server.sendall(first)
                back = threading.Thread(target=self._pump, args=(client, server), daemon=True)
                back.start()
                self._pump(server, client, self.cut_after)
        finally:
            # The other thread still waits for the client: a close alone would not be sent.
            try:
                client.shutdown(socket.SHUT_RD if self.reset else socket.SHUT_RDWR)
            except OSError:
                pass
            client.close()

    def _pump(self, source, sink, limit=None):
        sent = 0
        try:
            while data := source.recv(65536 if limit is None else min(65536, limit - sent)):
                sink.sendall(data)
                sent += len(data)
                if limit is not None and sent >= limit:
                    if self.stall:
                        self.done.wait(60)
                    elif self.reset:
                        sink.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
            if limit is None:
                sink.shutdown(socket.SHUT_WR)
        except (OSError, ssl.SSLError, ValueError):
            pass
