// A part of the list, in Node and by way of Cidery; `cargo xtask compat` runs all of it.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { Cidery } from "./cidery.js";
import { FOLDER, programs } from "./list.js";
import { install, nodeValue } from "./node.js";
import { judged } from "./outcome.js";

/** Different ones that take little time. */
const PART = [
  "utilities/lodash",
  "utilities/rxjs",
  "utilities/semver",
  "validators/zod",
  "validators/ajv",
  "parsers/cheerio",
  "parsers/graphql",
  "parsers/postcss",
  "templates/eta",
  "frameworks/react-dom",
  "frameworks/preact",
  "frameworks/svelte",
  "frameworks/hono",
  "frameworks/express",
  "crypto/@noble/curves",
  "crypto/ethers",
  "crypto/jose",
  "dates/dayjs",
  "data/yjs",
  "wasm/source-map",
  "wasm/yoga-layout",
  "node/jszip",
  "node/pino",
  "commonjs/chalk4",
  "versions/zod3",
];

const list = await programs();
const part = list.filter(({ id }) => PART.includes(id));
const values = JSON.parse(await readFile(join(FOLDER, "values.json"), "utf8"));
const exceptions = JSON.parse(await readFile(join(FOLDER, "exceptions.json"), "utf8"));

test("the list has 200 programs, each with the value that Node gives, and at most 8 that workerd forbids", () => {
  assert.equal(list.length, 200);
  assert.equal(part.length, PART.length);
  assert.deepEqual(Object.keys(values).sort(), list.map(({ id }) => id).sort());
  const forbidden = Object.values(exceptions).filter(({ forbidden }) => forbidden);
  assert.ok(forbidden.length <= 8, `${forbidden.length}`);
  for (const id of Object.keys(exceptions)) assert.ok(id in values, `${id} is not on the list`);
});

describe("a part of the list", () => {
  /** @type {Cidery} */
  let cidery;
  /** @type {string} */
  let folder;
  before(async () => {
    [cidery, folder] = await Promise.all([Cidery.start(), install(part)]);
  });
  after(() => cidery[Symbol.asyncDispose]());

  for (const program of part) {
    test(`${program.id} gives the same in Node and on the edge`, async () => {
      const value = values[program.id];
      assert.deepEqual(await nodeValue(folder, program), { value });
      const imported = await cidery.imports(program);
      assert.ok("value" in imported, JSON.stringify(imported));
      assert.deepEqual(judged(await cidery.runs(program), value), { value });
    });
  }
});
