// Verifies a webhook with the reference library of Standard Webhooks: secret, headers and body in JSON on stdin.

import { Webhook } from "standardwebhooks";
import { readFileSync } from "node:fs";

const { secret, headers, body } = JSON.parse(readFileSync(0, "utf8"));
const event = new Webhook(secret).verify(body, headers);
console.log(event.data.id);
