// A conversation through a client that openapi-typescript and openapi-fetch make of the description:
// node conversation.mjs http://127.0.0.1:7071 KEY

import createClient from "openapi-fetch";
import type { components, paths } from "./service.js";

declare const process: { argv: string[] };

type Monitor = components["schemas"]["Monitor"];

const [base, key] = process.argv.slice(2);
const service = createClient<paths>({ baseUrl: base ?? "" });
const keyed = { headers: { "x-functions-key": key } };

/** Fails unless both are the same. */
function same<T>(found: T, expected: T): void {
  if (found !== expected) throw new Error(`${found} is not ${expected}`);
}

/** Fails for a value that is not there. */
function there<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("a value is not there");
  return value;
}

async function submitted(body: components["schemas"]["Submission"]): Promise<string> {
  const { data, response } = await service.POST("/api/tasks", { body });
  same(response.status, 202);
  same(data?.task_id, undefined);
  return there(data?.id);
}

const path = (id: string) => ({ params: { path: { id } } });

/** Polls the monitor until the task has ended. */
async function ended(id: string): Promise<Monitor> {
  for (;;) {
    const monitor = there((await service.GET("/api/operations/{id}", path(id))).data);
    if (monitor.status !== "NotStarted" && monitor.status !== "Running") return monitor;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

// Create, poll, get the result: from the monitor, as often as needed, and once.
const id = await submitted({ number: 24 });
const monitor = await ended(id);
same(monitor.status, "Succeeded");
same((monitor.result as { calculation_result: string }).calculation_result, "46368");
const result = await service.GET("/api/operations/{id}/result", path(id));
same(result.response.status, 200);
same((result.data as { calculation_result: string }).calculation_result, "46368");
const fetch = () => service.GET("/api/tasks/{task_id}", { params: { path: { task_id: id } } });
same((await fetch()).data?.["calculation_result"], "46368");

// 404, in R0's form and as a problem.
const consumed = await fetch();
same(consumed.response.status, 404);
same((consumed.error as { task_id: string }).task_id, id);
const gone = await service.GET("/api/operations/{id}", path(id));
same(gone.response.status, 404);
same(gone.error?.error.code, "NotFound");

// Create and wait.
const waited = await service.POST("/api/tasks", {
  params: { header: { Prefer: "wait=30", "Idempotency-Key": '"generated-typescript"' } },
  body: { kind: "fibonacci", input: { number: 12 } },
});
same(waited.response.status, 200);
same(waited.data?.calculation_result, "144");
const first = there(waited.data?.task_id);

// Create what does not end; ask for its result, delete it too early, cancel it.
const endless = await submitted({ kind: "waits", input: 0 });
const early = await service.GET("/api/operations/{id}/result", path(endless));
same(early.response.status, 202);
same((early.data as Monitor).id, endless);
const conflict = await service.DELETE("/api/operations/{id}", path(endless));
same(conflict.response.status, 409);
same(conflict.error?.error.code, "Conflict");
const canceled = await service.POST("/api/operations/{id}:cancel", path(endless));
same(canceled.data?.status, "Canceled");
same((await service.GET("/api/operations/{id}/result", path(endless))).response.status, 410);

// The monitor in reply to a submission has what tells it from the rest.
const represented = await service.POST("/api/tasks", {
  params: { query: { "api-version": "2026-01-01" } },
  body: { number: "-7" },
});
same(represented.data?.status, "NotStarted");
const last = there(represented.data?.id);

// 422.
const wrong = await service.POST("/api/tasks", { body: { number: "x" } });
same(wrong.response.status, 422);
same(wrong.error?.error.target, "number");

// List, page by page, with the key and without.
const listed: string[] = [];
let continuationToken: string | undefined;
do {
  const query = { top: 1, ...(continuationToken && { continuationToken }) };
  const { data } = await service.GET("/api/operations", { params: { query }, ...keyed });
  const page = there(data);
  listed.push(...page.value.map((task) => task.id));
  const next = page.nextLink && new URL(page.nextLink).searchParams.get("continuationToken");
  continuationToken = next ?? undefined;
} while (continuationToken);
same(listed.sort().join(), [first, endless, last].sort().join());
same((await service.GET("/api/operations")).error?.status, 401);
