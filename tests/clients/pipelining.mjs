// Has work done through undici, ten requests on their way at a time on one connection, and checks
// that each reply belongs to its request: node pipelining.mjs http://127.0.0.1:7071

import assert from "node:assert/strict";
import { Client } from "undici";

const client = new Client(process.argv[2], { pipelining: 10 });
let connections = 0;
client.on("connect", () => connections++);

async function send(method, path, options = {}) {
  // undici gives up a connection after HEAD, and sends others one at a time, unless it is told not to.
  const reply = await client.request({ method, path, reset: false, idempotent: true, ...options });
  return { status: reply.statusCode, headers: reply.headers, text: await reply.body.text() };
}

async function submit(number) {
  const headers = { "Content-Type": "application/json", Prefer: "wait=60" };
  const body = JSON.stringify({ kind: "echo", input: { number } });
  const { status, text } = await send("POST", "/api/tasks", { headers, body });
  assert.equal(status, 200, text);
  const result = JSON.parse(text);
  assert.equal(result.number, number);
  return result.task_id;
}

async function look(id) {
  const { status, headers, text } = await send("HEAD", `/api/tasks/${id}`);
  assert.equal(status, 200);
  assert.ok(headers["content-length"] > 0);
  assert.equal(text, "");
}

async function fetchResult(id, number) {
  const { status, text } = await send("GET", `/api/tasks/${id}`);
  assert.equal(status, 200, text);
  assert.equal(JSON.parse(text).number, number);
}

async function checkHealth() {
  const { status, text } = await send("HEAD", "/api/health");
  assert.equal(status, 200);
  assert.equal(text, "");
}

async function missNothing(number) {
  const path = `/api/nothing/${number}`;
  const { status, text } = await send("GET", path);
  assert.equal(status, 404);
  assert.equal(JSON.parse(text).instance, path);
}

const ids = await Promise.all(Array.from({ length: 100 }, (_, number) => submit(number)));
await Promise.all(
  ids.flatMap((id, number) => [
    look(id),
    fetchResult(id, number),
    checkHealth(),
    missNothing(number),
    submit(number),
  ]),
);
await client.close();
console.log(`${ids.length} tasks, ${connections} connections`);
