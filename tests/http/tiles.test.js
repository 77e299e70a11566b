// The log as C2SP tlog-tiles serves it, on both hosts (SPEC §11.7).

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import * as dagCbor from "@ipld/dag-cbor";

import { RECORDS, call, fullPackageOf, originOf, post, publish } from "../support/client.js";
import { checkpointOf, entriesOf, leafHash, rootOf, tilePath } from "../support/log.js";
import { startRegistryWorker, startServer } from "../support/registry.js";

for (const [host, start] of /** @type {const} */ ([
  ["server", startServer],
  ["worker", startRegistryWorker],
])) {
  describe(`the log on its host: ${host}`, () => {
    /** @type {import("../support/registry.js").Registry} */
    let registry;
    /** @type {string} */
    let url;
    /** @type {string} */
    let origin;

    before(async () => {
      registry = await start();
      url = registry.url;
      origin = await originOf(url);
    });
    after(() => registry.stop());

    /** @param {string} name */
    const many = (name) => fullPackageOf({ origin, name });

    /** @param {string} path */
    const read = async (path) => {
      const response = await fetch(`${url}/v1/${path}`);
      assert.equal(response.status, 200, path);
      return new Uint8Array(await response.arrayBuffer());
    };

    /** @param {string} path */
    const status = async (path) => {
      const answer = await call(`${url}/v1/${path}`);
      return [answer.status, answer.code];
    };

    test("an empty log has a checkpoint and no tiles", async () => {
      const { size, root } = await checkpointOf(url);
      assert.deepEqual([size, root], [0, Buffer.from(rootOf([])).toString("base64")]);
      for (const path of ["tile/0/000", "tile/0/000.p/1", "tile/entries/000", "tile/entries/000.p/1"]) {
        assert.deepEqual(await status(path), [404, "not_found"], path);
      }
    });

    test("a reader of nothing but static files has every entry and the signed root", async () => {
      assert.equal((await publish(url, many("@tiles/first"))).status, 201);
      const early = await checkpointOf(url);
      assert.equal(early.size, RECORDS + 1, "with the map after the records");
      const earlyTile = await read(tilePath(0, 0, early.size));
      const earlyBundle = await read(tilePath("entries", 0, early.size));

      // The same code: nothing is uploaded, and all are logged in few groups.
      const others = Array.from({ length: 17 }, (_, at) => many(`@tiles/other-${at}`));
      const answers = await Promise.all(others.map(({ records, manifest }) => post(url, records, manifest.bytes)));
      for (const answer of answers) assert.equal(answer.status, 201, JSON.stringify(answer.body));

      const { size, root } = await checkpointOf(url);
      const rest = size - 256;
      const bundles = [await read(tilePath("entries", 0)), await read(tilePath("entries", 1, rest))];
      const entries = bundles.map(entriesOf);
      assert.deepEqual(entries.map((each) => each.length), [256, rest]);
      const kinds = entries.flat().map((entry) => /** @type {any} */ (dagCbor.decode(entry)).kind);
      assert.equal(kinds.filter((kind) => kind === "record").length, 18 * RECORDS);
      assert.deepEqual([kinds[RECORDS], kinds.at(-1)], ["map", "map"], "each group ends with one");
      const leaves = entries.flat().map(leafHash);
      assert.equal(Buffer.from(rootOf(leaves)).toString("base64"), root);

      const concat = (/** @type {Uint8Array[]} */ hashes) => new Uint8Array(Buffer.concat(hashes));
      assert.deepEqual(await read(tilePath(0, 0)), concat(leaves.slice(0, 256)));
      assert.deepEqual(await read(tilePath(0, 1, rest)), concat(leaves.slice(256)));
      assert.deepEqual(await read(tilePath(1, 0, 1)), concat([rootOf(leaves.slice(0, 256))]));

      // What was partial is as it was, and a part of what is full now.
      assert.deepEqual(await read(tilePath(0, 0, early.size)), earlyTile);
      assert.deepEqual(concat(leaves.slice(0, early.size)), earlyTile);
      assert.deepEqual(await read(tilePath("entries", 0, early.size)), earlyBundle);

      for (const path of [
        tilePath(0, 1), // not full yet
        tilePath(0, 1, rest + 1), // wider than the tree
        tilePath(0, 2, 1),
        tilePath(0, 1_234_067),
        tilePath(1, 0),
        tilePath(1, 0, 2),
        tilePath(2, 0, 1),
        tilePath("entries", 1),
        tilePath("entries", 2, 1),
      ]) {
        assert.deepEqual(await status(path), [404, "not_found"], path);
      }
    });

    test("tiles may be kept for ever, and the checkpoint not at all", async () => {
      const { size } = await checkpointOf(url);
      const level0 = [tilePath(0, 0), tilePath(0, 1, size - 256)];
      const bundles = [tilePath("entries", 0), tilePath("entries", 1, size - 256)];
      for (const path of [...level0, tilePath(1, 0, 1), ...bundles]) {
        const [get, head] = await Promise.all(["GET", "HEAD"].map((method) => fetch(`${url}/v1/${path}`, { method })));
        const bytes = await get.arrayBuffer();
        for (const response of [get, head]) {
          assert.equal(response.status, 200, path);
          assert.equal(response.headers.get("content-type"), "application/octet-stream", path);
          assert.equal(response.headers.get("cache-control"), "public, max-age=31536000, immutable", path);
          assert.equal(response.headers.get("x-content-type-options"), "nosniff", path);
          assert.equal(response.headers.get("content-encoding"), null, path);
          assert.equal(response.headers.get("content-length"), `${bytes.byteLength}`, path);
        }
        assert.equal((await head.arrayBuffer()).byteLength, 0);
      }
      const checkpoint = await fetch(`${url}/v1/checkpoint`);
      assert.equal(checkpoint.headers.get("content-type"), "text/plain; charset=utf-8");
      assert.equal(checkpoint.headers.get("cache-control"), "no-store");
      const missing = await fetch(`${url}/v1/${tilePath(0, 9)}`);
      assert.equal(missing.headers.get("cache-control"), "no-store", "what is not there yet will be");
      await missing.arrayBuffer();
    });

    test("T15: other paths than those of tiles are refused", async () => {
      for (const path of [
        "tile/0/0",
        "tile/0/0000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/000/",
        "tile/8/0/000",
        "tile/0/%30%30%30",
        "tile/0/x001%2F234",
        "tile/entries/..%2f..%2fkeys",
        "tile/entries/000%00",
        "tile/entries/x",
        `tile/0/${"x000/".repeat(500)}000`,
      ]) {
        assert.deepEqual(await status(path), [400, "request.malformed"], path);
      }
      assert.deepEqual(await status(`${tilePath(0, 0)}?x=1`), [400, "request.malformed"]);
      const put = await call(`${url}/v1/${tilePath(0, 0)}`, { method: "PUT", body: "x" });
      assert.deepEqual([put.status, put.code], [405, "request.malformed"]);
    });
  });
}
