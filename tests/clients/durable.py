"""Steers instances through the client of Durable Functions' SDK: durable.py STARTER KEY

STARTER is the JSON that a host hands to a function with a durable client. The SDK sends no key, because its host is
on the same machine: the session it uses has it.
"""

import asyncio
import json
import sys
from datetime import datetime, timedelta, timezone

import aiohttp
from azure.durable_functions import DurableOrchestrationClient, OrchestrationRuntimeStatus as Status
from azure.durable_functions.models.utils import http_utils
from azure.durable_functions.models.utils.entity_utils import EntityId
from azure.functions import HttpRequest

STEERS = {
    "id",
    "statusQueryGetUri",
    "sendEventPostUri",
    "terminatePostUri",
    "rewindPostUri",
    "purgeHistoryDeleteUri",
    "restartPostUri",
    "suspendPostUri",
    "resumePostUri",
}


def same(seen, expected):
    assert seen == expected, f"{seen!r}, and not {expected!r}"


async def fails(call, *words):
    try:
        await call
    except Exception as failure:
        for word in words:
            assert word in str(failure), f"{failure!r} has no {word!r}"
    else:
        raise AssertionError(f"it should fail with {words}")


async def told(client, instance, status):
    """How an instance is, as soon as it is like this."""
    for _ in range(600):
        seen = await client.get_status(instance, show_input=True)
        if seen.runtime_status == status:
            return seen
        await asyncio.sleep(0.1)
    raise AssertionError(f"{seen.to_json()} is not {status}")


async def begins_and_looks(client):
    chain = await client.start_new("chain", client_input=3)
    seen = await told(client, chain, Status.Completed)
    same((seen.name, seen.instance_id, seen.input_, seen.output), ("chain", chain, 3, "3"))
    assert seen.created_time <= seen.last_updated_time
    same(seen.custom_status, None)

    # The SDK asks for no input by saying nothing, and for Durable Functions that means to show it.
    same((await client.get_status(chain)).input_, 3)
    bare = await client.get_status(chain, show_history=True)
    kinds = [event["EventType"] for event in bare.historyEvents]
    same(kinds, ["ExecutionStarted"] + 3 * ["TaskCompleted"] + ["ExecutionCompleted"])
    assert not any("Result" in event for event in bare.historyEvents)
    full = await client.get_status(chain, show_history=True, show_history_output=True)
    same([event.get("Result") for event in full.historyEvents], [None, 1, 2, 3, "3"])

    # The SDK sends an input as the text of its JSON. A workflow that takes a text has that.
    bad = await client.start_new("bad", client_input="x")
    seen = await told(client, bad, Status.Failed)
    same(seen.input_, '"x"')
    assert 'boom "x"' in seen.output, seen.output
    empty = await client.start_new("wait")
    same((await told(client, empty, Status.Running)).input_, None)
    await client.terminate(empty, "no more")

    # New instances have the newest version of their workflow, whatever is asked for.
    old = await client.start_new("chain", client_input=1, version="0.9")
    same((await told(client, old, Status.Completed)).output, "1")

    await fails(client.start_new("nope"), "UnknownFunction", "functionName")
    await fails(client.start_new("chain", client_input={"steps": 3}), "InvalidBody")
    # Of a 400 the SDK reads nothing but what Durable Functions calls so.
    await fails(client.start_new("chain", "@x", 1), "ExceptionMessage")
    unknown = await client.get_status("nope")
    assert not unknown and unknown.runtime_status is None
    return chain, bad, [empty, old]


async def names(client):
    order = {"a": [1, None, "ä"]}
    same(await client.start_new("wait", "my order", order), "my order")
    seen = await told(client, "my order", Status.Running)
    same((seen.instance_id, json.loads(seen.input_)), ("my order", order))
    same(seen.custom_status, {"stage": "waiting", "percentComplete": 40})
    await fails(client.start_new("wait", "my order", 1), "has not ended")
    return "my order"


async def steers(client, instance):
    await client.suspend(instance, "lunch & tea")
    same((await told(client, instance, Status.Suspended)).output, "lunch & tea")
    await client.suspend(instance, "dinner")
    await client.raise_event(instance, "Approved", {"by": "me", "n": 1.5})
    same((await told(client, instance, Status.Suspended)).output, "dinner")
    await client.resume(instance, "back")
    seen = await told(client, instance, Status.Completed)
    # An event arrives as a text as well, as it does with Durable Functions.
    same(json.loads(seen.output["got"]), {"by": "me", "n": 1.5})
    same(seen.custom_status, "approved")
    await fails(client.raise_event(instance, "Approved", 1), "is gone")
    await fails(client.raise_event("nope", "Approved", 1), "No instance with ID nope found")
    # Of these the SDK says nothing when the instance has ended.
    for steer in (client.terminate, client.suspend, client.resume):
        await steer(instance, "late")
        await fails(steer("nope", "late"), "No instance with ID 'nope' found")

    ended = await client.start_new("wait", client_input=1)
    await client.terminate(ended, "too old")
    same((await told(client, ended, Status.Terminated)).output, "too old")
    return ended


async def tries_again(client, chain, bad):
    await client.rewind(bad, "once more")
    await told(client, bad, Status.Failed)
    await fails(client.rewind(chain, "why not"), "412", "Completed")
    await fails(client.rewind("nope", "why not"), "No instance with ID nope found")

    # The SDK hands on what it is answered, all URIs.
    other = await client.restart(chain)
    assert other["id"] != chain
    same((await told(client, other["id"], Status.Completed)).output, "3")
    again = await client.restart(chain, restart_with_new_instance_id=False)
    same(again["id"], chain)
    same((await told(client, chain, Status.Completed)).input_, 3)
    return other["id"]


async def lists(client, begun_at, all_of_them):
    def ids(instances):
        return {seen.instance_id for seen in instances}

    same(ids(await client.get_status_all()), set(all_of_them))
    hour = timedelta(hours=1)
    same(ids(await client.get_status_by(begun_at - hour, begun_at + hour)), set(all_of_them))
    same(await client.get_status_by(created_time_from=begun_at + hour), [])
    same(await client.get_status_by(created_time_to=begun_at - hour), [])
    failed = await client.get_status_by(runtime_status=[Status.Failed])
    same({seen.runtime_status for seen in failed}, {Status.Failed})
    two = await client.get_status_by(runtime_status=[Status.Failed, Status.Terminated])
    same({seen.runtime_status for seen in two}, {Status.Failed, Status.Terminated})
    same(ids(await client.get_status_by(instance_id_prefix="my")), {"my order"})


async def answers(client, chain, bad, base):
    """What a function of the app would answer its own clients."""
    request = HttpRequest("POST", f"{base}/api/start", body=b"")
    elsewhere = HttpRequest("POST", "https://front.example/api/start", body=b"")
    session = await http_utils._get_session()

    payload = client.create_http_management_payload(chain)
    same(set(payload), STEERS)
    same(payload["id"], chain)
    async with session.get(payload["statusQueryGetUri"]) as reply:
        same((reply.status, (await reply.json())["instanceId"]), (200, chain))
    moved = client.create_check_status_response(elsewhere, chain)
    assert moved.headers["Location"].startswith("https://front.example/"), moved.headers
    same(set(json.loads(moved.get_body())), STEERS)

    ended = await client.wait_for_completion_or_create_check_status_response(request, chain)
    same((ended.status_code, ended.get_body()), (200, b"3"))
    failed = await client.wait_for_completion_or_create_check_status_response(request, bad)
    same((failed.status_code, json.loads(failed.get_body())["runtimeStatus"]), (500, "Failed"))

    waiting = await client.start_new("wait", client_input=1)
    open_ = await client.wait_for_completion_or_create_check_status_response(request, waiting, 300, 100)
    same((open_.status_code, open_.headers["Retry-After"]), (202, "10"))
    # Each of its URIs does what it says.
    uris = json.loads(open_.get_body())
    same(open_.headers["Location"], uris["statusQueryGetUri"])
    for name, words, status in [
        ("suspendPostUri", "tea", Status.Suspended),
        ("resumePostUri", "back", Status.Running),
        ("terminatePostUri", "enough", Status.Terminated),
    ]:
        async with session.post(uris[name].replace("{text}", words)) as reply:
            same(reply.status, 202)
        await told(client, waiting, status)
    async with session.delete(uris["purgeHistoryDeleteUri"]) as reply:
        same((reply.status, await reply.json()), (200, {"instancesDeleted": 1}))


async def has_no_entities(client):
    counter = EntityId("counter", "one")
    assert not (await client.read_entity_state(counter)).entity_exists
    await fails(client.signal_entity(counter, "add", 1), "404")


async def purges(client, begun_at, chain):
    hour = timedelta(hours=1)
    running = await client.start_new("wait", client_input=1)
    await fails(client.purge_instance_history(running), "412")
    same((await client.purge_instance_history(chain)).instances_deleted, 1)
    same((await client.purge_instance_history(chain)).instances_deleted, 0)
    purged = await client.purge_instance_history_by(begun_at - hour, begun_at + hour, [Status.Failed])
    same(purged.instances_deleted, 1)
    purged = await client.purge_instance_history_by(begun_at + hour)
    same(purged.instances_deleted, 0)
    purged = await client.purge_instance_history_by(begun_at - hour)
    assert purged.instances_deleted > 0
    same([seen.instance_id for seen in await client.get_status_all()], [running])


async def main(starter, key):
    http_utils._client_session = aiohttp.ClientSession(headers={"x-functions-key": key})
    client = DurableOrchestrationClient(starter)
    base = json.loads(starter)["baseUrl"]
    begun_at = datetime.now(timezone.utc)
    chain, bad, others = await begins_and_looks(client)
    order = await names(client)
    ended = await steers(client, order)
    other = await tries_again(client, chain, bad)
    await lists(client, begun_at, [chain, bad, order, ended, other, *others])
    await answers(client, chain, bad, base)
    await has_no_entities(client)
    await purges(client, begun_at, chain)
    await http_utils._close_session()
    print("all done")


asyncio.run(main(*sys.argv[1:]))
