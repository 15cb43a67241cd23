// Computes a checksum. Tells on stderr why it cannot, and ends with 65: trying again would not help.

import { createHash, getHashes } from "node:crypto";
import { readFileSync } from "node:fs";

const { text, algorithm = "sha256" } = JSON.parse(readFileSync(0, "utf8"));
if (getHashes().includes(algorithm)) {
  const checksum = createHash(algorithm).update(text).digest("hex");
  process.stdout.write(JSON.stringify({ checksum, task: process.env.TASK_ID }));
} else {
  const error = { code: "UnknownAlgorithm", message: "there is no such algorithm here" };
  console.error("@error", JSON.stringify(error));
  process.exitCode = 65;
}
