// Has work done: node client.mjs http://127.0.0.1:7071 '{"number": 24}'

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

/** The service's error document (RFC 9457). */
class Problem extends Error {
  constructor({ code, message, target }) {
    super(`${code}: ${message}`);
    Object.assign(this, { code, target });
  }
}

const retryAfter = (reply) => Number(reply.headers.get("retry-after") ?? 1);

/** Sends a request; a refusal for now is sent again after its Retry-After. */
async function call(url, options = {}) {
  for (let triesLeft = 5; ; triesLeft--) {
    const reply = await fetch(url, { signal: AbortSignal.timeout(120_000), ...options });
    if (triesLeft > 0 && [409, 429, 503, 504].includes(reply.status)) {
      await sleep(retryAfter(reply) * 1000);
    } else if (reply.headers.get("content-type") === "application/problem+json") {
      throw new Problem((await reply.json()).error);
    } else if (!reply.ok) {
      throw new Error(`${url}: ${reply.status}`);
    } else {
      return reply;
    }
  }
}

/** The key makes it safe to send the submission again: it is accepted once. */
function submit(base, work, headers = {}) {
  const key = `"${randomUUID()}"`;
  return call(`${base}/api/tasks`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": key, ...headers },
    body: work,
  });
}

/** Looks at the monitor until the task has ended, and gets the result. */
async function result(accepted) {
  for (;;) {
    const monitor = await call(accepted.headers.get("operation-location"));
    const { status } = await monitor.json();
    if (status !== "NotStarted" && status !== "Running") {
      return call(accepted.headers.get("location"));
    }
    const pause = retryAfter(monitor);
    console.log(`not yet, again in ${pause} s`);
    await sleep(pause * 1000);
  }
}

const [base, work] = process.argv.slice(2);
try {
  const patient = await result(await submit(base, work));
  console.log(await patient.text());

  // The same in one round trip, when the task is done within ten seconds.
  const reply = await submit(base, work, { Prefer: "wait=10" });
  const prompt = reply.status === 200 ? reply : await result(reply);
  console.log(await prompt.text());
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
