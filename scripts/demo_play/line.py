"""The line between a campus and the hub, as a relay on this machine: it can be cut, and it counts bytes."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType

_CHUNK_BYTES = 65_536


class Line:
    """Relays 127.0.0.1:port to the hub. While cut, whoever dials is hung up on at once.

    `bytes_up` and `bytes_down` count what went over it, HTTP headers included, as a carrier would bill it.
    """

    def __init__(self, hub_port: int) -> None:
        self._hub_port = hub_port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.bytes_up = 0
        self.bytes_down = 0
        self._cut = False
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.cut()
        self._server.close()

    def cut(self) -> None:
        """Hang up on everyone, and on everyone who dials from now on."""
        with self._lock:
            self._cut = True
            for each in self._open:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def restore(self) -> None:
        """Let calls through again."""
        with self._lock:
            self._cut = False

    def _accept(self) -> None:
        while True:
            try:
                near, _address = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with near, contextlib.suppress(OSError):
            if self._cut:
                return
            with socket.create_connection(("127.0.0.1", self._hub_port)) as far:
                with self._lock:
                    self._open |= {near, far}
                try:
                    back = threading.Thread(target=self._pump, args=(far, near, "bytes_down"), daemon=True)
                    back.start()
                    self._pump(near, far, "bytes_up")
                    back.join()
                finally:
                    with self._lock:
                        self._open -= {near, far}

    def _pump(self, source: socket.socket, sink: socket.socket, counter: str) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(_CHUNK_BYTES):
                with self._lock:
                    setattr(self, counter, getattr(self, counter) + len(chunk))
                sink.sendall(chunk)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
