"""A conversation through a client that openapi-python-client makes of the description:
conversation.py http://127.0.0.1:7071 KEY"""

import sys
import time
from urllib.parse import parse_qs, urlsplit

from service import AuthenticatedClient, Client
from service.api.operations import (
    cancel_operation,
    delete_operation,
    get_operation,
    get_operation_result,
    list_operations,
)
from service.api.tasks import create_task, get_task
from service.models import KindSubmission, Monitor, NumberSubmission, Status
from service.types import UNSET

base, key = sys.argv[1:]
client = Client(base_url=base)
keyed = AuthenticatedClient(
    base_url=base, token=key, prefix="", auth_header_name="x-functions-key"
)


def same(found, expected):
    """Fails unless both are the same."""
    if found != expected:
        raise SystemExit(f"{found!r} is not {expected!r}")


def submitted(body):
    reply = create_task.sync_detailed(client=client, body=body)
    same(reply.status_code, 202)
    same(reply.parsed.task_id, UNSET)
    return reply.parsed.id


def ended(id):
    """Polls the monitor until the task has ended."""
    while True:
        monitor = get_operation.sync(id, client=client)
        if monitor.status not in (Status.NOTSTARTED, Status.RUNNING):
            return monitor
        time.sleep(0.05)


# Create, poll, get the result: from the monitor, as often as needed, and once.
id = submitted(NumberSubmission(number=24))
monitor = ended(id)
same(monitor.status, Status.SUCCEEDED)
same(monitor.result["calculation_result"], "46368")
result = get_operation_result.sync_detailed(id, client=client)
same(result.status_code, 200)
same(result.parsed["calculation_result"], "46368")
same(get_task.sync(id, client=client)["calculation_result"], "46368")

# 404, in R0's form and as a problem.
consumed = get_task.sync_detailed(id, client=client)
same(consumed.status_code, 404)
same(consumed.parsed.task_id, str(id))
gone = get_operation.sync_detailed(id, client=client)
same(gone.status_code, 404)
same(gone.parsed.error.code, "NotFound")

# Create and wait.
waited = create_task.sync_detailed(
    client=client,
    body=KindSubmission(kind="fibonacci", input_={"number": 12}),
    prefer="wait=30",
    idempotency_key='"generated-python"',
)
same(waited.status_code, 200)
same(waited.parsed["calculation_result"], "144")
first = waited.parsed.task_id

# Create what does not end; ask for its result, delete it too early, cancel it.
endless = submitted(KindSubmission(kind="waits", input_=0))
early = get_operation_result.sync_detailed(endless, client=client)
same(early.status_code, 202)
same(Monitor.from_dict(early.parsed).id, endless)
conflict = delete_operation.sync_detailed(endless, client=client)
same(conflict.status_code, 409)
same(conflict.parsed.error.code, "Conflict")
same(cancel_operation.sync(endless, client=client).status, Status.CANCELED)
same(get_operation_result.sync_detailed(endless, client=client).status_code, 410)

# The monitor in reply to a submission has what tells it from the rest.
represented = create_task.sync(
    client=client, body=NumberSubmission(number="-7"), api_version="2026-01-01"
)
same(represented.status, Status.NOTSTARTED)
last = represented.id

# 422.
wrong = create_task.sync_detailed(client=client, body=NumberSubmission(number="x"))
same(wrong.status_code, 422)
same(wrong.parsed.error.target, "number")

# List, page by page, with the key and without.
listed, token = [], UNSET
while True:
    page = list_operations.sync(client=keyed, top=1, continuation_token=token)
    listed += [task.id for task in page.value]
    if page.next_link is UNSET:
        break
    [token] = parse_qs(urlsplit(page.next_link).query)["continuationToken"]
same(sorted(listed), sorted([first, endless, last]))
same(list_operations.sync(client=client).status, 401)
