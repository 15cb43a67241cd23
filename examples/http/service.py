"""Work behind URLs: python3 service.py [PORT]. What is quick is in the reply; the rest is reported later."""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

# The callback is on this machine, whatever proxy is set for others.
opener = build_opener(ProxyHandler({}))


def report(callback, document):
    """Posts a report of an attempt. False when the attempt is over, and what is left of it is for nothing."""
    request = Request(callback, json.dumps(document).encode(), {"Content-Type": "application/json"})
    while True:
        try:
            opener.open(request, timeout=30).close()
            return True
        except HTTPError as error:
            error.close()
            if error.code in (409, 410):
                return False
            if error.code != 503:
                raise
            time.sleep(int(error.headers.get("Retry-After", 1)))


def turn_around(text, callback):
    """The slow work. It may be repeated, so nothing has to be remembered of it."""
    letters = []
    for done, letter in enumerate(text, start=1):
        time.sleep(0.05)
        letters.insert(0, letter)
        if not report(callback, {"percentComplete": 100 * done // (len(text) + 1)}):
            return
    report(callback, {"status": "Succeeded", "result": {"text": "".join(letters)}})


class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        task_input = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = task_input.get("text") if isinstance(task_input, dict) else None
        if not isinstance(text, str):
            problem = {"code": "NoText", "detail": "the input has no text"}
            self.reply(422, problem, "application/problem+json")
        elif self.path == "/initials":
            self.reply(200, {"initials": "".join(word[0] for word in text.split())})
        elif self.path == "/backwards":
            # Before the work, which may be quicker than this reply.
            self.reply(202)
            threading.Thread(target=turn_around, args=(text, self.headers["Task-Callback"])).start()
        else:
            self.reply(404)

    def reply(self, status, document=None, content_type="application/json"):
        body = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        if body:
            self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8099
    server = ThreadingHTTPServer(("127.0.0.1", port), Service)
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
