"""The server of the page: on the loopback interface, for whoever has its address."""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any

from curated.core.diagnostic import CuratedError
from curated.drawing.box_rows import BoxRow, parse_boxes, read_boxes, with_boxes
from curated.drawing.picture import Picture

_LONGEST_BODY = 2**24

_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

_KINDS = {"page.html": "text/html; charset=utf-8", "page.js": "text/javascript", "page.css": "text/css"}


@dataclass
class Drawing:
    """A list of defects that is being drawn.

    Parameters
    ----------
    name : `str`
        Path of the file, for people.
    picture : `Picture`
        The image below the boxes.
    data : `bytes`
        Content of the file.
    save : callable
        Writes a content, given the one before; raises a `CuratedError` if the file has changed in the meantime.
    """

    name: str
    picture: Picture
    data: bytes
    save: Callable[[bytes, bytes], None]
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def version(self) -> str:
        """Names the content to which the rows of a page belong."""
        return hashlib.sha256(self.data).hexdigest()

    def state(self) -> dict[str, Any]:
        """Return what the page shows."""
        picture = self.picture
        return {
            "name": self.name,
            "version": self.version,
            "width": picture.width,
            "height": picture.height,
            "low": picture.low,
            "high": picture.high,
            "boxes": [_plain(row) for row in read_boxes(self.data, self.name)],
        }

    def store(self, tree: Any) -> dict[str, Any]:
        """Write the boxes of the page into the file, and return what the page shows then.

        Parameters
        ----------
        tree : `object`
            ``{"version": ..., "boxes": [...]}``, with the version of the state that the page began with.

        Raises
        ------
        CuratedError
            If it is something else, or another page has saved in the meantime: rows would be other ones.
        """
        with self.lock:
            if not isinstance(tree, dict) or not {"version", "boxes"} <= set(tree):
                raise CuratedError("the page sent no boxes", "load the page again")
            if tree["version"] != self.version:
                raise CuratedError(
                    "another page has saved the list in the meantime",
                    "note your changes, and load the page again",
                )
            rows = read_boxes(self.data, self.name)
            boxes = parse_boxes(tree["boxes"], self.picture.width, self.picture.height, rows)
            data = with_boxes(self.data, boxes)
            if data != self.data:
                self.save(data, self.data)
                self.data = data
            return self.state()


def _plain(row: BoxRow) -> dict[str, Any]:
    box = row.box
    return {"row": row.row, "x0": box.x0, "y0": box.y0, "width": box.width, "height": box.height}


class DrawingServer(ThreadingHTTPServer):
    """Serves the page of one drawing on 127.0.0.1, below a path that nobody can guess.

    Other pages in the same browser can reach the port, but not the path; and requests with another Host, as after a change of
    a name's address, or from another origin are refused.
    """

    daemon_threads = True

    def __init__(self, drawing: Drawing, port: int = 0) -> None:
        self.drawing = drawing
        self.path = f"/{secrets.token_urlsafe(24)}/"
        super().__init__(("127.0.0.1", port), _Handler)

    @cached_property
    def hosts(self) -> frozenset[str]:
        """Values of the header Host that are meant for this server."""
        return frozenset({f"127.0.0.1:{self.server_port}", f"localhost:{self.server_port}"})

    @property
    def address(self) -> str:
        """Address of the page."""
        return f"http://127.0.0.1:{self.server_port}{self.path}"

    def end(self) -> None:
        """Stop serving; called from another thread than that which serves."""
        threading.Thread(target=self.shutdown, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server: DrawingServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "curated", ""
    timeout = 60

    def do_GET(self) -> None:
        name = self._name()
        if name is None:
            return
        if name in ("", "page.html", "page.js", "page.css"):
            name = name or "page.html"
            self._answer(files("curated.drawing").joinpath(name).read_bytes(), _KINDS[name])
        elif name == "image.png":
            self._answer(self.server.drawing.picture.png, "image/png")
        elif name == "state":
            self._answer_json(self.server.drawing.state())
        else:
            self._refuse(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        name = self._name()
        if name is None:
            return
        origin = self.headers.get("Origin", "")
        is_own = origin.removeprefix("http://") in self.server.hosts and origin.startswith("http://")
        if not is_own or self.headers.get("Content-Type") != "application/json":
            self._refuse(HTTPStatus.FORBIDDEN)
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or len(length) > 9 or int(length) > _LONGEST_BODY:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        body = self.rfile.read(int(length))
        if name == "save":
            self._save(body)
        elif name == "end":
            self._answer_json({})
            self.server.end()
        else:
            self._refuse(HTTPStatus.NOT_FOUND)

    def _save(self, body: bytes) -> None:
        try:
            state = self.server.drawing.store(json.loads(body))
        except (ValueError, RecursionError):
            self._answer_json({"error": "the page sent no JSON"}, HTTPStatus.BAD_REQUEST)
        except CuratedError as error:
            text = f"{error.message} ({error.hint})" if error.hint else error.message
            self._answer_json({"error": text}, HTTPStatus.CONFLICT)
        except OSError as error:
            self._answer_json({"error": f"not saved: {error.strerror}"}, HTTPStatus.CONFLICT)
        else:
            self._answer_json(state)

    def _name(self) -> str | None:
        """Return what is asked for below the path of this server; `None` if nothing is, which was answered."""
        if self.headers.get("Host") not in self.server.hosts:
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST)
        elif not secrets.compare_digest(
            self.path[: len(self.server.path)].encode(errors="replace"), self.server.path.encode()
        ):
            self._refuse(HTTPStatus.NOT_FOUND)
        else:
            return self.path[len(self.server.path) :]
        return None

    def _answer_json(self, value: Any, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._answer(json.dumps(value).encode(), "application/json", status)

    def _refuse(self, status: HTTPStatus) -> None:
        self.close_connection = True
        self._answer(f"{status.phrase}\n".encode(), "text/plain; charset=utf-8", status)

    def _answer(self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        headers = {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            "Content-Security-Policy": _POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-store",
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the base class
        """Print nothing: the terminal is for what was saved."""
