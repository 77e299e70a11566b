// Every vector in every JavaScript runtime, by the package as people get it.

import assert from "node:assert/strict";
import { copyFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { root } from "../support/worker.js";
import { installed } from "./installed.js";
import { EXPECTED } from "./programs/defects.js";
import { writeResults } from "./results.js";
import { RUNTIMES } from "./runtimes.js";
import { vectors } from "./vectors.js";

/** @type {Awaited<ReturnType<typeof installed>>} */
let folder;
before(async () => {
  folder = await installed();
});
after(() => folder[Symbol.asyncDispose]());

for (const [name, { ask }] of Object.entries(RUNTIMES)) {
  test(`${name} judges every vector as it says, and a defect is \`internal\` in it`, async () => {
    const all = await vectors();
    const questions = all.map(({ expect: _, ...question }) => question); // nobody is told the answer
    const { outcomes, defects, isReady } = await ask(folder.path, JSON.stringify(questions));
    await writeResults(name, outcomes);
    for (const { id, expect } of all) assert.deepEqual(outcomes[id], expect, id);
    assert.deepEqual(defects, EXPECTED);
    assert(isReady);
  });
}

for (const [name, { ask }] of Object.entries(RUNTIMES)) {
  test(`another wasm module is \`environment\` in ${name}, each time`, async () => {
    await using other = await installed();
    await copyFile(`${root}/tests/support/fixtures/add.wasm`, `${other.path}/node_modules/@cidery/verifier/dist/index_bg.wasm`);
    const failures = await ask(other.path, "");
    assert.equal(failures.length, 2);
    for (const failure of failures) assert.match(failure, /^environment: the verifier's WebAssembly cannot be loaded: \S/);
  });
}
