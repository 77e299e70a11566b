// Each lie, told to each client: what they find is what `docs/lies.md` says.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";

import { scratch } from "../support/scratch.js";
import { startWitness } from "../support/witness.js";
import { root, startWorker } from "../support/worker.js";
import { ACCEPTED, policyOf, startCommand, startLoader, startMonitor } from "./clients.js";
import { LOG_KEY, ORIGIN, Publisher, startLiar } from "./liar.js";
import { LIES } from "./lies.js";
import { page } from "./page.js";

const PAGE = `${root}/docs/lies.md`;

/** @type {import("../support/worker.js").RunningWorker} */
let worker;
before(async () => {
  worker = await startWorker("tests/loader/fixtures/wrangler.jsonc");
});
after(() => worker.stop());

/** What was found, by lie. @type {Map<import("./lies.js").Lie, string[]>} */
const found = new Map();

for (const [kind, lies] of Object.entries(LIES)) {
  describe(kind, () => {
    for (const lie of lies) {
      test(lie.attack ? `${lie.attack}: ${lie.says}` : lie.says, async () => {
        const words = await told(lie);
        found.set(lie, words);
        const expected = lie.finds.map((finding) => (typeof finding === "string" ? finding : ACCEPTED));
        assert.deepEqual(words, expected, "what the loader, the command and a monitor say");
      });
    }
  });
}

test("docs/lies.md says what was found", async () => {
  assert.equal(found.size, Object.values(LIES).flat().length, "every lie was told");
  const made = page(LIES, found);
  if (process.env.UPDATE_LIES) await writeFile(PAGE, made);
  const committed = await readFile(PAGE, "utf8").catch(() => "");
  assert(committed === made, "run it again with UPDATE_LIES=1 where the change is meant");
});

/**
 * Tells a lie to everybody.
 * @param {import("./lies.js").Lie} lie
 * @returns {Promise<string[]>} what the loader, the command and a monitor say
 */
async function told(lie) {
  await using stack = new AsyncDisposableStack();
  const witness = lie.witness && stack.use(await startWitnessOf(stack));
  const asked = lie.witness === "asked" ? witness : undefined;
  const liar = stack.use(await startLiar({ behind: lie.behind, witness: asked }));
  const hello = new Publisher(liar.url);
  await hello.begin();
  const stage = { liar, hello, witness };
  await lie.before?.(stage);

  const policy = policyOf({ ...lie, witness });
  const clients = [
    stack.use(await startLoader(worker, liar.url, policy)),
    stack.use(await startCommand(liar.url, policy)),
    stack.use(await startMonitor(liar.url, policy)),
  ];
  const look = () => Promise.all(clients.map((client) => client.look()));
  if (lie.isSeen) assert.deepEqual(await look(), [ACCEPTED, ACCEPTED, ACCEPTED], "before the lie, all is well");
  await lie.tell?.(stage);
  return await look();
}

/** @param {AsyncDisposableStack} stack */
async function startWitnessOf(stack) {
  const home = stack.use(await scratch());
  return startWitness("witness.example/w1", home.path, { origin: ORIGIN, logKeys: [LOG_KEY] });
}
