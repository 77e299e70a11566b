// What a person sees of it: `cidery run` in real workerd, and `cidery demo`, by the command with its loader inside.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { cidery, cideryPath } from "../support/command.js";
import { start } from "../support/process.js";
import { startServer } from "../support/registry.js";
import { scratch } from "../support/scratch.js";
import { root } from "../support/worker.js";

/** The workerd that npm has brought already, where it has one for this platform. */
const workerd = join(root, `node_modules/@cloudflare/workerd-${process.platform}-64/bin/workerd`);
const environment = (/** @type {string} */ config) => ({
  CIDERY_CONFIG: config,
  CI: "",
  ...(process.arch === "x64" && process.platform === "linux" && { CIDERY_WORKERD: workerd }),
});

test("cidery run serves the package's own paths and methods, and ends when it is told to", async () => {
  await using registry = await startServer();
  await using home = await scratch();
  const env = { ...environment(home.path), CIDERY_REGISTRY: registry.url };
  for (const args of [["keys", "new"], ["publish", join(root, "examples/hello")]]) {
    const { code, stderr } = await cidery(args, { env });
    assert.equal(code, 0, stderr);
  }
  const manifest = JSON.parse((await cidery(["verify", "@acme/hello@^1", "--json"], { env })).stdout).manifest;
  for (const reference of ["@acme/hello@^1", "@acme/hello@1.0.0", manifest]) {
    const args = ["run", reference, "--listen", "127.0.0.1:0"];
    const running = await start(cideryPath(), args, { ready: /listening on (http:\/\/127\.0\.0\.1:\d+)/, env });
    const url = running.ready[1];
    assert.equal(await (await fetch(`${url}/`)).text(), "@acme/hello 1.0.0");
    assert.deepEqual(await (await fetch(`${url}/greet?name=Ada`)).json(), { greeting: "Hello, Ada!", version: "1.0.0" });
    assert.equal((await fetch(`${url}/`, { method: "POST", body: "x" })).status, 404, "hono knows no POST here");
    await running.stop();
    assert.equal(running.child.exitCode, 0);
    await assert.rejects(fetch(url), "workerd is gone, too");
  }
});

test("cidery run starts nothing that the policy does not allow", async () => {
  await using registry = await startServer();
  await using home = await scratch();
  const env = { ...environment(home.path), CIDERY_REGISTRY: registry.url };
  await cidery(["keys", "new"], { env });
  await cidery(["publish", join(root, "examples/hello")], { env });
  await writeFile(join(home.path, "policy.json"), JSON.stringify({ origins: {}, packages: {} }));
  const refused = await cidery(["run", "@acme/hello@^1", "--json"], { env });
  assert.equal(refused.code, 1, "it ends, and does not listen");
  assert.equal(JSON.parse(refused.stdout).error.code, "policy.no_rule");
});

for (const args of [["demo"], ["demo", join(root, "examples/hello")]]) {
  test(`cidery ${args.length > 1 ? "demo examples/hello" : "demo"} ends by itself, with the refusal shown`, async () => {
    await using home = await scratch();
    const { code, stdout, stderr } = await cidery([...args, "--json"], { env: environment(home.path) });
    assert.equal(code, 0, stderr + stdout);
    const { steps, refusal } = JSON.parse(stdout);
    assert.equal(refusal, "cid.mismatch");
    assert.match(steps.at(-3).outcome, /Hello, Cidery!/);
    assert.match(steps.at(-1).outcome, /"code":"cid\.mismatch"/);
  });
}
