// Every vector in every JavaScript runtime, by the package as people get it.

import assert from "node:assert/strict";
import { copyFile, rm } from "node:fs/promises";
import { after, before, test } from "node:test";

import { root } from "../support/worker.js";
import { installed } from "./installed.js";
import { EXPECTED } from "./programs/defects.js";
import { writeResults } from "./results.js";
import { RUNTIMES } from "./runtimes.js";
import { vectors } from "./vectors.js";

const WASM = "node_modules/@cidery/verifier/dist/index_bg.wasm";

/** @typedef {Awaited<ReturnType<typeof installed>>} Installed */

/** @type {Installed} */
let folder;
/** The same with other WebAssembly. @type {Installed} */
let other;
before(async () => {
  [folder, other] = [await installed(), await installed()];
  await copyFile(`${root}/tests/support/fixtures/add.wasm`, `${other.path}/${WASM}`);
});
after(() => Promise.all([folder[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]));

for (const [name, { ask }] of Object.entries(RUNTIMES)) {
  test(`${name} judges every vector as it says, and a defect is \`internal\` in it`, async () => {
    const all = await vectors();
    const questions = all.map(({ expect: _, ...question }) => question); // nobody is told the answer
    const { outcomes, defects, isOne } = await ask(folder.path, JSON.stringify(questions));
    await writeResults(name, outcomes);
    for (const { id, expect } of all) assert.deepEqual(outcomes[id], expect, id);
    assert.deepEqual(defects, EXPECTED);
    assert(isOne);
  });
}

for (const [name, { ask }] of Object.entries(RUNTIMES)) {
  test(`another wasm module is \`environment\` in ${name}, each time`, async () => {
    assertUnloadable(await ask(other.path, ""));
  });
}

test("a file that is missing where it is read is `environment`, each time", async () => {
  await using bare = await installed();
  await rm(`${bare.path}/${WASM}`);
  for (const name of ["node", "node20", "chromium"]) assertUnloadable(await RUNTIMES[name].ask(bare.path, ""));
});

/** @param {string[]} failures how loading failed, twice */
function assertUnloadable(failures) {
  assert.equal(failures.length, 2);
  for (const failure of failures) assert.match(failure, /^environment: the verifier's WebAssembly cannot be loaded: \S/);
}
