// Has work done through @azure/core-lro: node lro.mjs http://127.0.0.1:7071 '{"number": 24}' WAY [PATH]
// WAY is what is polled: operation-location or location. PATH is where the work goes: /api/tasks, unless
// a failed task is to run again at /api/operations/ID:retry.

import { createHttpPoller } from "@azure/core-lro";
import {
  createDefaultHttpClient,
  createEmptyPipeline,
  createHttpHeaders,
  createPipelineRequest,
  RestError,
} from "@azure/core-rest-pipeline";

const [base, work, way, path = "/api/tasks"] = process.argv.slice(2);
const http = createDefaultHttpClient();
const pipeline = createEmptyPipeline();

async function send(url, options) {
  const request = createPipelineRequest({ url, allowInsecureConnection: true, ...options });
  const reply = await pipeline.sendRequest(http, request);
  const headers = reply.headers.toJSON();
  // The poller prefers Operation-Location where it sees one.
  if (way === "location") delete headers["operation-location"];
  const body = JSON.parse(reply.bodyAsText);
  if (reply.status >= 400) {
    const { code, message } = body.error;
    throw new RestError(`${code}: ${message}`, { code, statusCode: reply.status, request });
  }
  return { flatResponse: body, rawResponse: { statusCode: reply.status, headers, body, request } };
}

const poller = createHttpPoller({
  sendInitialRequest: () =>
    send(`${base}${path}`, {
      method: "POST",
      headers: createHttpHeaders({ "Content-Type": "application/json" }),
      body: work,
    }),
  sendPollRequest: (url, options) => send(url, options),
});
try {
  console.log(JSON.stringify(await poller.pollUntilDone()));
  console.log(poller.operationState.status);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
