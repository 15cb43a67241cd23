"""Has work done through azure-core: lro.py http://127.0.0.1:7071 '{"number": 24}' WAY [PATH]

WAY is what is polled: operation-location or location. PATH is where the work goes: /api/tasks, unless
a failed task is to run again at /api/operations/ID:retry.
"""

import json
import sys

from azure.core import PipelineClient
from azure.core.exceptions import HttpResponseError
from azure.core.polling import LROPoller
from azure.core.polling.base_polling import LocationPolling, LROBasePolling
from azure.core.rest import HttpRequest

base, work, way, path = (sys.argv[1:] + ["/api/tasks"])[:4]
algorithms = {"operation-location": None, "location": [LocationPolling()]}[way]

with PipelineClient(base) as client:
    submission = HttpRequest("POST", f"{base}{path}", json=json.loads(work))
    polling = LROBasePolling(lro_algorithms=algorithms)
    try:
        accepted = client.send_request(submission, _return_pipeline_response=True)
        accepted.http_response.raise_for_status()
        poller = LROPoller(client, accepted, lambda reply: reply.http_response.text(), polling)
        print(poller.result())
        print(poller.status())
    except HttpResponseError as failure:
        sys.exit(f"{failure.error.code}: {failure.error.message}")
