// SPEC §11 on both hosts: one suite, the server and the Worker.

import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { verifier } from "@cidery/verifier";

import { call, originOf, packageOf, post, publish, upload } from "../support/client.js";
import { blobCid, initOf, keyOf, manifestOf, moduleOf, multikey, objectCid, recordOf, releaseOf } from "../support/objects.js";
import { isUnchanged, startRegistryWorker, startServer } from "../support/registry.js";

for (const [host, start] of /** @type {const} */ ([
  ["server", startServer],
  ["worker", startRegistryWorker],
])) {
  describe(`the registry on its host: ${host}`, () => {
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

    /**
     * Refused with the code, and nothing stored.
     * @param {number} status
     * @param {string} code
     * @param {() => Promise<import("../support/client.js").Answer>} attempt
     */
    const refused = async (status, code, attempt) => {
      const before = await registry.listing();
      const answer = await attempt();
      assert.deepEqual({ status: answer.status, code: answer.code }, { status, code }, JSON.stringify(answer.body));
      assert.ok(answer.body.error.message && answer.body.error.hint, "an error says what was wrong and what to do");
      const after = await registry.listing();
      assert.ok(isUnchanged(before, after), `the store is not what it was:\n${before.join("\n")}\n\n${after.join("\n")}`);
    };

    /** Waits until the store is what it was: a host notices by itself that a client has gone. @param {string[]} listing */
    const untilStored = async (listing) => {
      for (let attempt = 0; !isUnchanged(listing, await registry.listing()); attempt++) {
        assert.ok(attempt < 100, "what a client left behind is gone within ten seconds");
        await sleep(100);
      }
    };

    test("says whose log it is", async () => {
      const { status, body } = await call(`${url}/v1/log`);
      assert.equal(status, 200);
      assert.match(body.logKeys[0], /^z6Mk/);
      assert.match(body.cosigner, /^z6Mk/);
      assert.notEqual(body.logKeys[0], body.cosigner);
      const checkpoint = await fetch(`${url}/v1/checkpoint`);
      assert.match(await checkpoint.text(), new RegExp(`^${body.origin}\n[0-9]+\n`));
    });

    test("publishes in two steps, and the same again is the same", async () => {
      const made = packageOf({ origin, name: "@http/steps" });
      const first = await post(url, made.records, made.manifest.bytes);
      assert.equal(first.status, 202);
      assert.equal(first.body.status, "missing");
      assert.equal(first.body.record, `${made.release.cid}`);
      assert.deepEqual(first.body.blobs, [{ cid: `${made.module.cid}`, size: made.module.size }]);
      assert.equal((await call(`${url}/v1/packages/${made.name}`)).status, 404, "not visible before it is logged");

      assert.equal((await upload(url, made.release.cid, made.module.cid, made.module.bytes)).status, 201);
      assert.equal((await upload(url, made.release.cid, made.module.cid, made.module.bytes)).status, 200);
      const done = await post(url, made.records, made.manifest.bytes);
      assert.equal(done.status, 201);
      assert.deepEqual([done.body.record, done.body.sequence], [`${made.release.cid}`, 1]);
      const release = { record: `${made.release.cid}`, version: "1.0.0", manifest: `${made.manifest.cid}` };
      assert.deepEqual(done.body.release, release);

      const again = await post(url, made.records, made.manifest.bytes);
      assert.equal(again.status, 200);
      assert.deepEqual(again.body, done.body, "T21: a replayed record is the same receipt");
      const replayed = await post(url, [made.release.envelope], made.manifest.bytes);
      assert.deepEqual([replayed.status, replayed.body], [200, done.body], "without its init, too");
    });

    test("serves what was published", async () => {
      const made = packageOf({ origin, name: "@http/serves" });
      assert.equal((await publish(url, made)).status, 201);

      const info = await call(`${url}/v1/packages/${made.name}`);
      assert.equal(info.body.package, made.name);
      assert.equal(info.body.init, `${made.init.cid}`);
      assert.deepEqual(
        info.body.releases.map((/** @type {any} */ release) => [release.version, release.manifest]),
        [["1.0.0", `${made.manifest.cid}`]],
      );
      const encoded = await call(`${url}/v1/packages/${encodeURIComponent(made.name)}`);
      assert.deepEqual(encoded.body, info.body, "@ and / percent-encoded");

      const blob = await fetch(`${url}/v1/blobs/${made.module.cid}`);
      assert.equal(blob.headers.get("cache-control"), "public, max-age=31536000, immutable");
      assert.equal(blob.headers.get("x-content-type-options"), "nosniff");
      assert.deepEqual(new Uint8Array(await blob.arrayBuffer()), new Uint8Array(made.module.bytes));
      const manifest = await fetch(`${url}/v1/manifests/${made.manifest.cid}`);
      assert.deepEqual(new Uint8Array(await manifest.arrayBuffer()), new Uint8Array(made.manifest.bytes));
      const carriers = await call(`${url}/v1/manifests/${made.manifest.cid}/releases`);
      assert.deepEqual(carriers.body.releases, [{ package: made.name, version: "1.0.0" }]);

      for (const query of ["range=%5E1", "version=1.0.0", "range=*"]) {
        const resolved = await fetch(`${url}/v1/packages/${made.name}/resolve?${query}`);
        assert.equal(resolved.status, 200, query);
        assert.equal(resolved.headers.get("content-type"), "application/vnd.cidery.resolution+cbor");
        assert.equal(resolved.headers.get("cache-control"), "no-store");
      }
      assert.equal((await fetch(`${url}/v1/receipts/${made.release.cid}`)).status, 200);
    });

    test("proves that a package is there, and that another one is not", async () => {
      const made = packageOf({ origin, name: "@http/proven" });
      const { logKeys, cosigner } = (await call(`${url}/v1/log`)).body;
      const { parsePolicy, rememberNothing, verifyPackageProof } = verifier();
      const policy = parsePolicy({
        origins: { [origin]: { logKeys, cosigner } },
        packages: { "@http/*": { origin, keys: [multikey(made.key.public)] } },
      });
      const seen = rememberNothing();
      const proven = async (/** @type {string} */ name) => {
        const answer = await fetch(`${url}/v1/packages/${name}/proof?since=${seen.sizeOf(origin) ?? 0}`);
        assert.equal(answer.status, 200);
        assert.equal(answer.headers.get("content-type"), "application/vnd.cidery.package-proof+cbor");
        assert.equal(answer.headers.get("cache-control"), "no-store");
        return verifyPackageProof(policy, name, new Uint8Array(await answer.arrayBuffer()), seen, Date.now() / 1000);
      };
      assert.equal((await proven(made.name)).state, undefined);
      assert.equal((await publish(url, made)).status, 201);
      assert.equal((await proven(made.name)).state?.newest, `${made.release.cid}`);
      assert.equal((await proven("@http/none")).state, undefined);
      assert.equal((await call(`${url}/v1/packages/${made.name}/proof?since=x`)).code, "request.malformed");
    });

    test("a second version goes on top of the first", async () => {
      const made = packageOf({ origin, name: "@http/grows" });
      assert.equal((await publish(url, made)).status, 201);
      const next = moduleOf("index.js", "export default { fetch: () => new Response('2') };\n");
      const manifest = manifestOf([next]);
      const fields = { origin, name: made.name, key: made.key, authority: made.init.cid };
      const release = releaseOf({
        ...fields,
        version: "1.1.0",
        manifest: manifest.cid,
        prev: made.release.cid,
        sequence: 2,
      });
      const answer = await publish(url, { records: [release.envelope], manifest, module: next });
      assert.equal(answer.status, 201, JSON.stringify(answer.body));
      const { body } = await call(`${url}/v1/packages/${made.name}`);
      assert.deepEqual(body.releases.map((/** @type {any} */ each) => each.version), ["1.0.0", "1.1.0"]);

      const taken = releaseOf({
        ...fields,
        version: "1.0.0",
        manifest: manifest.cid,
        prev: release.cid,
        sequence: 3,
      });
      await refused(409, "record.version_taken", () => post(url, [taken.envelope], manifest.bytes));
      const late = releaseOf({ ...fields, version: "2.0.0", manifest: manifest.cid, sequence: 1 });
      await refused(409, "record.sequence", () => post(url, [late.envelope], manifest.bytes));
      await refused(409, "record.init_taken", () =>
        post(url, packageOf({ origin, name: made.name, key: keyOf("another") }).records, made.manifest.bytes),
      );
    });

    test("T14: a body that is not its CID is refused", async () => {
      const made = packageOf({ origin, name: "@http/bodies" });
      assert.equal((await post(url, made.records, made.manifest.bytes)).status, 202);
      const { release, module } = made;
      const altered = Uint8Array.from(module.bytes);
      altered[3] ^= 1;
      await refused(422, "cid.mismatch", () => upload(url, release.cid, module.cid, altered));
      await refused(422, "module.size", () => upload(url, release.cid, module.cid, module.bytes.slice(1)));
      await refused(422, "module.size", () =>
        upload(url, release.cid, module.cid, Uint8Array.from([...module.bytes, 10])),
      );
      await refused(422, "module.size", () => upload(url, release.cid, module.cid, new Uint8Array()));
      const other = new TextEncoder().encode("something else");
      await refused(403, "upload.unexpected", () => upload(url, release.cid, blobCid(other), other));
      await refused(403, "upload.unexpected", () => upload(url, objectCid(other), module.cid, module.bytes));
      await refused(400, "cid.malformed", () => upload(url, blobCid(other), module.cid, module.bytes));
      await refused(400, "cid.malformed", () => upload(url, release.cid, "undefined", module.bytes));
      await refused(400, "cid.malformed", () => upload(url, "", module.cid, module.bytes));
      await refused(400, "cid.malformed", () => upload(url, release.cid, `${module.cid}`.toUpperCase(), module.bytes));
      assert.equal((await upload(url, release.cid, module.cid, module.bytes)).status, 201, "the right one is taken");
    });

    test("T14: a body that breaks off or is wrong at its very end leaves nothing", async () => {
      const made = packageOf({ origin, name: "@http/large", code: `// ${"x".repeat(3 << 20)}` });
      assert.equal((await post(url, made.records, made.manifest.bytes)).status, 202);
      const { release, module } = made;
      const before = await registry.listing();
      const altered = Uint8Array.from(module.bytes);
      altered[altered.length - 1] ^= 1;
      await refused(422, "cid.mismatch", () => upload(url, release.cid, module.cid, altered));

      const { hostname, port } = new URL(url);
      const socket = connect(Number(port), hostname);
      const path = `/v1/blobs/${module.cid}?record=${release.cid}`;
      socket.write(`PUT ${path} HTTP/1.1\r\nhost: ${hostname}\r\ncontent-length: ${module.size}\r\n\r\n`);
      await new Promise((sent) => socket.write(module.bytes.subarray(0, 2 << 20), sent));
      await sleep(200); // the host has begun to store it
      socket.destroy();
      await untilStored(before);
      assert.equal((await call(`${url}/v1/blobs/${module.cid}`)).status, 404);
      assert.equal((await upload(url, release.cid, module.cid, module.bytes)).status, 201);
      const stored = await fetch(`${url}/v1/blobs/${module.cid}`);
      assert.equal(stored.headers.get("content-length"), `${module.size}`);
      assert.deepEqual(blobCid(new Uint8Array(await stored.arrayBuffer())), module.cid);
    });

    test("a blob that ten upload at once is stored, and the wrong ones among them are refused", async () => {
      const made = packageOf({ origin, name: "@http/crowd", code: `// ${"y".repeat(1 << 20)}` });
      assert.equal((await post(url, made.records, made.manifest.bytes)).status, 202);
      const { release, module } = made;
      const altered = Uint8Array.from(module.bytes);
      altered[altered.length - 1] ^= 1;
      const uploads = Array.from({ length: 10 }, (_, at) =>
        upload(url, release.cid, module.cid, at % 3 === 2 ? altered : module.bytes),
      );
      const answers = await Promise.all(uploads);
      for (const [at, { status, code }] of answers.entries()) {
        if (at % 3 === 2) assert.deepEqual([status, code], [422, "cid.mismatch"]);
        else assert.ok(status === 201 || status === 200, `${status} ${code}`);
      }
      const stored = await (await fetch(`${url}/v1/blobs/${module.cid}`)).arrayBuffer();
      assert.deepEqual(blobCid(new Uint8Array(stored)), module.cid);
    });

    test("T34: without a valid signed release nothing is stored", async () => {
      const made = packageOf({ origin, name: "@http/stranger" });
      await refused(403, "upload.unexpected", () => upload(url, made.release.cid, made.module.cid, made.module.bytes));
      const bytes = Buffer.from(made.release.envelope.signatures[0].sig, "base64");
      bytes[5] ^= 1;
      const forged = { ...made.release.envelope, signatures: [{ sig: bytes.toString("base64") }] };
      await refused(422, "envelope.signature", () => post(url, [made.init.envelope, forged], made.manifest.bytes));
      const unsigned = { ...made.release.envelope, signatures: [] };
      await refused(422, "record.threshold", () => post(url, [made.init.envelope, unsigned], made.manifest.bytes));
    });

    test("T03: a name that is none is refused everywhere", async () => {
      for (const name of ["@http/Upper", "@http/\u212aelvin", "@http/a\u0301", "@http/a\u202eb"]) {
        const made = packageOf({ origin, name });
        // In the record it is part of what does not decode as a name.
        await refused(422, "cbor.malformed", () => post(url, made.records, made.manifest.bytes));
        await refused(400, "name.malformed", () => call(`${url}/v1/packages/${encodeURIComponent(name)}`));
        await refused(400, "name.malformed", () => call(`${url}/v1/packages/${name}/resolve?range=*`));
      }
    });

    test("T19: bytes of another form are refused", async () => {
      const made = packageOf({ origin, name: "@http/forms" });
      const trailing = Uint8Array.from([...made.manifest.bytes, 0]);
      await refused(422, "cid.mismatch", () => post(url, made.records, trailing));
      const release = (/** @type {any} */ manifest) =>
        releaseOf({ ...made, origin, manifest, authority: made.init.cid }).envelope;
      for (const [code, bytes] of /** @type {const} */ ([
        ["cbor.malformed", trailing],
        ["cbor.malformed", new TextEncoder().encode("not CBOR")],
        ["cbor.malformed", Uint8Array.from([0xb8, 0x08, ...made.manifest.bytes.slice(1)])],
      ])) {
        await refused(422, code, () => post(url, [made.init.envelope, release(objectCid(bytes))], bytes));
      }
      await refused(422, "cid.mismatch", () => post(url, made.records, manifestOf([moduleOf("a.js", "1")]).bytes));
      const foreign = packageOf({ origin: "elsewhere.example", name: "@http/forms" });
      await refused(422, "record.origin", () => post(url, foreign.records, foreign.manifest.bytes));
      const mistyped = recordOf("init", {}, [made.key], "application/vnd.cidery.release.v1+cbor").envelope;
      await refused(422, "cbor.malformed", () => post(url, [mistyped], made.manifest.bytes));
      await refused(422, "record.invalid", () => post(url, [made.release.envelope], made.manifest.bytes));
    });

    test("T15: module paths that leave their folder are refused", async () => {
      for (const path of ["../evil.js", "/etc/passwd.js", "a\\b.js", "C:/a.js", "a/../../b.js", "nul\0.js"]) {
        const made = packageOf({
          origin,
          name: "@http/paths",
          change: (body) => {
            body.main = path;
            body.modules[0].path = path;
          },
        });
        await refused(422, "manifest.path", () => post(url, made.records, made.manifest.bytes));
      }
    });

    test("T29: text modules are UTF-8 without a byte order mark", async () => {
      for (const [name, bytes] of /** @type {const} */ ([
        ["@http/bom", Uint8Array.from([0xef, 0xbb, 0xbf, 0x31])],
        ["@http/continuation", Uint8Array.from([0x31, 0x80])],
      ])) {
        const module = moduleOf("index.js", bytes);
        const manifest = manifestOf([module]);
        const key = keyOf(name);
        const init = initOf({ origin, name, key });
        const release = releaseOf({ origin, name, key, version: "1.0.0", manifest: manifest.cid, authority: init.cid });
        assert.equal((await post(url, [init.envelope, release.envelope], manifest.bytes)).status, 202);
        await refused(422, "module.encoding", () => upload(url, release.cid, module.cid, bytes));
      }
    });

    test("a SHA-256 that is not the module's is refused at admission", async () => {
      const made = packageOf({
        origin,
        name: "@http/sha256",
        change: (body) => (body.modules[0].sha256 = new Uint8Array(32)),
      });
      assert.equal((await post(url, made.records, made.manifest.bytes)).status, 202);
      await refused(422, "module.sha256", () => upload(url, made.release.cid, made.module.cid, made.module.bytes));
    });

    test("bounds come before memory", async () => {
      const made = packageOf({ origin, name: "@http/bounds" });
      await refused(413, "limit.exceeded", () =>
        call(`${url}/v1/publish`, { method: "POST", body: "x".repeat((2 << 20) + 1) }),
      );
      await refused(413, "limit.exceeded", () =>
        post(url, made.records, new Uint8Array((1 << 20) + 1)),
      );
      await refused(413, "limit.exceeded", () =>
        post(url, [{ ...made.init.envelope, payload: "A".repeat(9000) }, made.release.envelope], made.manifest.bytes),
      );
      await refused(400, "name.malformed", () => call(`${url}/v1/packages/@http/${"a".repeat(300)}`));
      await refused(400, "range.malformed", () =>
        call(`${url}/v1/packages/@http/bounds/resolve?range=${"1%20".repeat(300)}`),
      );
    });

    test("requests that are none are refused by name", async () => {
      const made = packageOf({ origin, name: "@http/requests" });
      assert.equal((await publish(url, made)).status, 201);
      await refused(400, "request.malformed", () => call(`${url}/v1/publish`, { method: "POST", body: "{" }));
      await refused(400, "request.malformed", () => post(url, [], made.manifest.bytes));
      await refused(400, "request.malformed", () => call(`${url}/v1/packages/${made.name}/resolve`));
      await refused(400, "request.malformed", () => call(`${url}/v1/packages/${made.name}/resolve?range=1&range=2`));
      await refused(400, "request.malformed", () => call(`${url}/v1/packages/${made.name}/resolve?range=1&x=1`));
      await refused(400, "range.malformed", () => call(`${url}/v1/packages/${made.name}/resolve?range=latest`));
      await refused(400, "version.malformed", () => call(`${url}/v1/packages/${made.name}/resolve?version=1`));
      await refused(404, "not_found", () => call(`${url}/v1/packages/${made.name}/resolve?range=%5E2`));
      await refused(404, "not_found", () => call(`${url}/v1/packages/@http/nothing`));
      await refused(404, "not_found", () => call(`${url}/v1/blobs/${blobCid(new Uint8Array([1, 2, 3]))}`));
      await refused(404, "not_found", () => call(`${url}/v1/nothing`));
      await refused(405, "request.malformed", () => call(`${url}/v1/publish`, { method: "DELETE" }));
    });

    test("HEAD is GET without the body", async () => {
      const made = packageOf({ origin, name: "@http/head" });
      assert.equal((await publish(url, made)).status, 201);
      for (const path of ["log", `blobs/${made.module.cid}`, `manifests/${made.manifest.cid}`, "packages/@http/none"]) {
        const [get, head] = await Promise.all(["GET", "HEAD"].map((method) => fetch(`${url}/v1/${path}`, { method })));
        assert.equal(head.status, get.status);
        for (const name of ["content-type", "cache-control", "x-content-type-options"]) {
          assert.equal(head.headers.get(name), get.headers.get(name), `${path}: ${name}`);
        }
        assert.equal(head.headers.get("content-length"), `${(await get.arrayBuffer()).byteLength}`, path);
        assert.equal((await head.arrayBuffer()).byteLength, 0);
      }
      assert.equal((await fetch(`${url}/v1/publish`, { method: "HEAD" })).status, 405);
    });

    test("at most four publishes of a package are pending", async () => {
      const key = keyOf("@http/pending");
      const pending = (/** @type {number} */ at) =>
        packageOf({ origin, name: "@http/pending", key, version: `1.0.${at}`, code: `export default ${at};` });
      for (let at = 0; at < 4; at++) {
        const { records, manifest } = pending(at);
        assert.equal((await post(url, records, manifest.bytes)).status, 202);
      }
      const fifth = pending(4);
      await refused(429, "upload.pending", () => post(url, fifth.records, fifth.manifest.bytes));
    });

    test("50 race for one version: one wins, 49 are told, the log has one entry", async () => {
      const name = "@http/race";
      const key = keyOf(name);
      const module = moduleOf("index.js", "export default {};\n");
      const seed = manifestOf([module]);
      const init = initOf({ origin, name, key });
      const first = releaseOf({ origin, name, key, version: "0.0.1", manifest: seed.cid, authority: init.cid });
      const begun = await publish(url, { records: [init.envelope, first.envelope], manifest: seed, module });
      assert.equal(begun.status, 201);
      const sizeOf = async () => Number((await (await fetch(`${url}/v1/checkpoint`)).text()).split("\n")[1]);
      const before = await sizeOf();

      const racers = Array.from({ length: 50 }, (_, at) => {
        // The same module, so that nothing is to be uploaded: the race is for the log alone.
        const manifest = manifestOf([module], (body) => (body.needs.limits.cpuMs = at + 1));
        const fields = { origin, name, key, version: "1.0.0", manifest: manifest.cid, authority: init.cid };
        const release = releaseOf({ ...fields, prev: first.cid, sequence: 2 });
        return post(url, [release.envelope], manifest.bytes);
      });
      const answers = await Promise.all(racers);
      assert.equal(answers.filter(({ status }) => status === 201).length, 1);
      assert.equal(answers.filter(({ status }) => status === 409).length, 49);
      assert.deepEqual([...new Set(answers.map(({ code }) => code))].sort(), ["record.version_taken", undefined]);
      assert.equal(await sizeOf(), before + 2, "a record, and a map");
    });
  });
}
