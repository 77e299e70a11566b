// What registries do about witnesses that do what they must not, on both hosts (SPEC §7.7). Real ones: tests/end_to_end.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { originOf, packageOf, publish } from "../support/client.js";
import { checkpointOf } from "../support/log.js";
import { keyOf, multikey } from "../support/objects.js";
import { startRegistryWorker, startServer } from "../support/registry.js";
import { asFlags, asVariable } from "../support/witness.js";

/** @typedef {import("node:http").IncomingMessage} Incoming */
/** @typedef {import("node:http").ServerResponse} Outgoing */

/**
 * A witness that answers like this; `asked` are the paths and bodies that came.
 * @param {(request: Incoming, response: Outgoing) => void} answer
 */
async function misbehaving(answer) {
  /** @type {{ path: string | undefined, body: string }[]} */
  const asked = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    asked.push({ path: request.url, body });
    answer(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const stop = async () => {
    server.closeAllConnections();
    server.close();
  };
  const witness = { name: "witness.example/bad", key: multikey(keyOf(9).public), url: `http://127.0.0.1:${port}/w` };
  return { witness, asked, [Symbol.asyncDispose]: stop };
}

/** @type {[string, (witnesses: any[]) => Promise<import("../support/registry.js").Registry>][]} */
const HOSTS = [
  ["server", (witnesses) => startServer({ args: asFlags(witnesses) })],
  ["worker", (witnesses) => startRegistryWorker({ vars: { WITNESSES: asVariable(witnesses) } })],
];

/** @type {[string, RegExp, (request: Incoming, response: Outgoing) => void][]} */
const ANSWERS = [
  ["nothing, ever", /did not cosign the head: cannot ask/, () => {}],
  ["half an answer", /did not cosign the head: cannot ask/, (_, response) => response.write("\u2014 witness")],
  ["more than is read", /more than 65536 bytes/, (_, response) => response.end("x".repeat(1 << 20))],
  ["what is no signature", /no list of signature lines/, (_, response) => response.end("signed\n")],
  ["that it knows no such log", /it answered 404: unknown/, (_, response) => response.writeHead(404).end("unknown\n")],
  [
    "that another place would know", // which would be asked for what it must not be
    /it answered 307/,
    (request, response) =>
      request.url === "/w/add-checkpoint" ? response.writeHead(307, { location: "/other" }).end() : response.end(),
  ],
];

for (const [host, start] of HOSTS) {
  describe(`witnesses of the ${host} that do what they must not`, () => {
    for (const [what, told, answer] of ANSWERS) {
      test(`T26 T35: one that answers ${what} is told to the operator, and nobody waits for it`, async () => {
        await using bad = await misbehaving(answer);
        await using registry = await start([bad.witness]);
        const { url } = registry;
        const origin = await originOf(url);
        const began = Date.now();
        for (const name of ["@witnesses/one", "@witnesses/two"]) {
          const answer = await publish(url, packageOf({ origin, name }));
          assert.equal(answer.status, 201, JSON.stringify(answer.body));
        }
        assert.ok(Date.now() - began < 8000, `${Date.now() - began} ms for two publishes`);
        for (let attempt = 0; !registry.log.some((line) => told.test(line)); attempt++) {
          assert.ok(attempt < 200, `its operator is told within 20 seconds\n${registry.log.join("\n")}`);
          await sleep(100);
        }
        const { size, signers } = await checkpointOf(url);
        assert.deepEqual([size, signers], [6, [origin, `${origin}/cosigner`]]);
        for (const { path, body } of bad.asked) {
          assert.equal(path, "/w/add-checkpoint");
          assert.match(body, new RegExp(`^old 0\n\n${origin}\n[0-9]+\n`));
        }
      });
    }
  });
}
