"""Serves the tracker in a folder: `serve.py FOLDER PORT`. Roundup's own program does the same, but knows neither our port nor our clock."""

# ruff: noqa: I001
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent))
import clock  # noqa: F401

from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from roundup.cgi.wsgi_handler import RequestDispatcher


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


home, port = sys.argv[1], int(sys.argv[2])
config = Path(home, "config.ini")
lines = config.read_text().splitlines()
web = f"web = http://127.0.0.1:{port}/"
config.write_text("\n".join(web if line.startswith("web = ") else line for line in lines))
make_server("127.0.0.1", port, RequestDispatcher(home), Server, Quiet).serve_forever()
