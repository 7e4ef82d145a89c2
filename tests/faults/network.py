"""A network between the program and a real server on loopback that breaks where a test says."""

import contextlib
import socket
import struct
import threading
import time

CHUNK = 65536


class Proxy:
    """with Proxy(port, fault, at) as proxy: a client of proxy.port is a client of the server, until the fault.

    It comes behind `at` bytes of the server's first connection:
    fin, reset   the connection is closed
    stall        nothing comes from the server any more
    half_open    nothing goes either way, and nobody answers a new connection
    drip         a byte a second
    late         on every later connection each answer comes 0.4 s late
    None         nothing happens; `answers` holds the bytes
    """

    def __init__(self, port, fault=None, at=0):
        self.server, self.fault, self.at = port, fault, at
        self.answers = bytearray()
        self.connections = 0
        self.over = threading.Event()
        self.sockets = []

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for one in [self.listener, *self.sockets]:
            self._end(one)

    @staticmethod
    def _end(one):
        # A thread that waits in recv keeps a socket open that is only closed.
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()

    def _accept(self):
        while not self.over.is_set():
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self.sockets.append(client)
            if self.fault == "half_open" and self.connections > 1:
                continue
            server = socket.create_connection(("127.0.0.1", self.server))
            self.sockets.append(server)
            faulty = self.fault not in (None, "late") and self.connections == 1
            late = 0.4 if self.fault == "late" and self.connections > 1 else 0
            threading.Thread(target=self._up, args=(client, server, faulty), daemon=True).start()
            threading.Thread(target=self._down, args=(server, client, faulty, late), daemon=True).start()

    def _up(self, client, server, faulty):
        with contextlib.suppress(OSError):
            while data := client.recv(CHUNK):
                if faulty and self.fault == "half_open" and len(self.answers) >= self.at:
                    self.over.wait()
                server.sendall(data)
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_WR)

    def _down(self, server, client, faulty, late):
        with contextlib.suppress(OSError):
            while True:
                left = self.at - len(self.answers) if faulty else CHUNK
                if left <= 0:
                    break
                data = server.recv(min(CHUNK, left))
                if not data:
                    faulty = False
                    break
                if late:
                    time.sleep(late)
                client.sendall(data)
                if self.fault is None or faulty:
                    self.answers += data
            if faulty:
                self._break(server, client)
        self._end(client)

    def _break(self, server, client):
        if self.fault in ("stall", "half_open"):
            self.over.wait()
        elif self.fault == "drip":
            while not self.over.wait(1) and (data := server.recv(1)):
                client.sendall(data)
        elif self.fault == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            # The other direction's thread still waits for the client, so that a close would be no reset.
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RD)
            client.close()
