"""Has work done: client.py http://127.0.0.1:7071 '{"number": 24}'"""

import sys
import time
import uuid

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

# A refusal for now is sent again after its Retry-After, and so is what got no reply.
retries = Retry(
    total=5,
    backoff_factor=0.5,
    status_forcelist=[409, 429, 503, 504],
    allowed_methods=None,
    raise_on_status=False,
)
http = requests.Session()
http.mount("http://", HTTPAdapter(max_retries=retries))
http.mount("https://", HTTPAdapter(max_retries=retries))


class Problem(Exception):
    """The service's error document (RFC 9457)."""

    def __init__(self, document):
        error = document["error"]
        self.code = error["code"]
        self.target = error.get("target")
        super().__init__(f"{self.code}: {error['message']}")


def call(method, url, **options):
    reply = http.request(method, url, timeout=120, **options)
    if reply.headers.get("Content-Type") == "application/problem+json":
        raise Problem(reply.json())
    reply.raise_for_status()
    return reply


def submit(base, work, **headers):
    # The key makes it safe to send the submission again: it is accepted once.
    headers |= {"Content-Type": "application/json", "Idempotency-Key": f'"{uuid.uuid4()}"'}
    return call("POST", f"{base}/api/tasks", data=work, headers=headers)


def result(accepted):
    """Looks at the monitor until the task has ended, and gets the result."""
    while True:
        monitor = call("GET", accepted.headers["Operation-Location"])
        if monitor.json()["status"] not in ("NotStarted", "Running"):
            return call("GET", accepted.headers["Location"])
        pause = int(monitor.headers["Retry-After"])
        print(f"not yet, again in {pause} s", flush=True)
        time.sleep(pause)


def main(base, work):
    print(result(submit(base, work)).text)

    # The same in one round trip, when the task is done within ten seconds.
    reply = submit(base, work, Prefer="wait=10")
    print((reply if reply.status_code == 200 else result(reply)).text)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Problem as problem:
        sys.exit(str(problem))
