// Every kind of record on both hosts (SPEC §6, §11): what is taken, what it changes, and what is refused.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import * as dagCbor from "@ipld/dag-cbor";

import { call, originOf, packageOf, post, publish, upload } from "../support/client.js";
import {
  Author,
  blobCid,
  keyOf,
  manifestOf,
  moduleOf,
  multikey,
  objectCid,
  powersOf,
  releaseBody,
  sha256,
} from "../support/objects.js";
import { isUnchanged, startRegistryWorker, startServer } from "../support/registry.js";

/** @typedef {ReturnType<Author["add"]>} Made */

/** @param {string} version @param {{ cid: unknown }} release */
const refer = (version, release) => ({ version, record: release.cid });
/** @param {string} severity @param {unknown} release */
const yank = (severity, release) => ({ release, severity, reason: severity === "none" ? "restored" : "broken" });
/** @param {string} name @param {[unknown, number][]} targets */
const channel = (name, ...targets) => ({
  name,
  targets: targets.map(([release, weight]) => ({ release, weight })),
});
/** @param {Uint8Array} bytes @param {{ bytes: Uint8Array }} manifest */
const statement = (bytes, manifest) => ({ cid: blobCid(bytes), size: bytes.length, subject: sha256(manifest.bytes) });
/** @param {unknown} to */
const rekey = (to, more = {}) => ({ by: "publishers", to, void: [], ...more });

for (const [host, start] of /** @type {const} */ ([
  ["server", startServer],
  ["worker", startRegistryWorker],
])) {
  describe(`records on the host: ${host}`, () => {
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
     * @param {Made | Made[]} made
     * @param {{ bytes: Uint8Array }} [manifest]
     */
    const refused = async (status, code, made, manifest) => {
      const before = await registry.listing();
      const answer = await post(url, [made].flat().map(({ envelope }) => envelope), manifest?.bytes);
      assert.deepEqual([answer.status, answer.code], [status, code], JSON.stringify(answer.body));
      assert.ok(answer.body.error.message && answer.body.error.hint, "an error says what was wrong and what to do");
      const after = await registry.listing();
      assert.ok(isUnchanged(before, after), `the store is not what it was:\n${before.join("\n")}\n\n${after.join("\n")}`);
    };

    /** Logged at once. @param {Made[]} made */
    const logged = async (...made) => {
      const answer = await post(url, made.map(({ envelope }) => envelope));
      assert.equal(answer.status, 201, JSON.stringify(answer.body));
      assert.equal(answer.body.record, `${made.at(-1)?.cid}`);
      return answer.body;
    };

    /** A package with one release, and whoever goes on with it. @param {string} name */
    const begun = async (name) => {
      const made = packageOf({ origin, name });
      const answer = await publish(url, made);
      assert.equal(answer.status, 201, JSON.stringify(answer.body));
      return { ...made, author: new Author(origin, name, made), first: refer("1.0.0", made.release) };
    };

    /** Publishes a release of other code. @param {Author} author @param {string} version @param {import("../support/objects.js").Key} key */
    const released = async (author, version, key) => {
      const module = moduleOf("index.js", `export default "${author.name} ${version}";\n`);
      const manifest = manifestOf([module]);
      const release = author.add("release", releaseBody(version, manifest), [key]);
      const answer = await publish(url, { records: [release.envelope], manifest, module });
      assert.equal(answer.status, 201, JSON.stringify(answer.body));
      return refer(version, release);
    };

    /**
     * @param {string} name
     * @param {string} query
     * @returns {Promise<any>}
     */
    const resolve = async (name, query) => {
      const response = await fetch(`${url}/v1/packages/${name}/resolve?${query}`);
      if (response.status !== 200) {
        const { error } = /** @type {any} */ (await response.json());
        return { status: response.status, code: error.code };
      }
      const { receipt, head } = /** @type {any} */ (dagCbor.decode(new Uint8Array(await response.arrayBuffer())));
      const { standing } = /** @type {any} */ (dagCbor.decode(head));
      return { status: 200, record: recordIn(/** @type {any} */ (dagCbor.decode(receipt)).record), standing };
    };

    /** The CID of the record in an entry or signed record. @param {Uint8Array} bytes */
    const recordIn = (bytes) => `${objectCid(/** @type {any} */ (dagCbor.decode(bytes)).payload)}`;

    /** The newest record in a standing's state. @param {{ state: Uint8Array }} standing */
    const newestIn = ({ state }) => `${/** @type {any} */ (dagCbor.decode(state)).newest}`;

    /** @param {string} name */
    const info = async (name) => (await call(`${url}/v1/packages/${name}`)).body;

    test("every kind is logged, has a receipt, and shows", async () => {
      const name = "@records/kinds";
      const { author, key, manifest, first, init, release } = await begun(name);
      const [second, third] = [keyOf("second"), keyOf("third")];
      const note = new TextEncoder().encode("{}");
      const made = [
        author.add("yank", { ...yank("low", first), text: "slow", replacement: "2.0.0" }, [key]),
        author.add("channel", channel("stable", [first, 10_000]), [key]),
        author.add("rekey", rekey(powersOf([second])), [key]),
        author.add("transfer", { to: powersOf([third]), nextVersionFloor: "2.0.0" }, [second, third]),
        author.add("attest", { release: first, predicate: "https://example.com/p", statement: statement(note, manifest) }, [
          third,
        ]),
      ];
      const records = made.map(({ envelope }) => envelope);
      const missing = await post(url, records);
      assert.equal(missing.status, 202, JSON.stringify(missing.body));
      const last = made.at(-1)?.cid;
      assert.deepEqual([missing.body.record, missing.body.blobs], [`${last}`, [{ cid: `${blobCid(note)}`, size: 2 }]]);
      assert.equal((await upload(url, last, blobCid(note), note)).status, 201);
      const done = await post(url, records);
      assert.deepEqual([done.status, done.body.record, done.body.sequence], [201, `${last}`, 6]);
      assert.equal(done.body.release, undefined, "none of them is a release");
      const again = await post(url, records);
      assert.deepEqual([again.status, again.body], [200, done.body], "T21: the same again is the same receipt");
      // What is in the log already is passed over.
      const restored = author.add("yank", yank("none", first), [third]);
      assert.equal((await post(url, [...records, restored.envelope])).status, 201);

      const shown = await info(name);
      assert.deepEqual([shown.sequence, shown.newest, shown.init], [7, `${restored.cid}`, `${init.cid}`]);
      assert.deepEqual(shown.authority, {
        record: `${made[3].cid}`,
        keys: [multikey(third.public)],
        threshold: 1,
        floors: { provenance: false, witnesses: 0 },
        nextVersionFloor: "2.0.0",
      });
      assert.deepEqual(shown.channels, [
        { name: "stable", record: `${made[1].cid}`, sequence: 3, targets: [{ version: "1.0.0", record: `${first.record}`, weight: 10_000 }] },
      ]);
      assert.equal(shown.releases[0].yanked, undefined, "it was taken back");

      const all = [init, release, ...made, restored];
      const response = await fetch(`${url}/v1/packages/${name}/log`);
      assert.equal(response.headers.get("content-type"), "application/vnd.cidery.package-log+cbor");
      assert.equal(response.headers.get("cache-control"), "no-store");
      const log = /** @type {any} */ (dagCbor.decode(new Uint8Array(await response.arrayBuffer())));
      assert.deepEqual([log.format, log.from, log.size], ["cidery-package-log-v1", 0, 8]);
      assert.deepEqual(log.entries.map(recordIn), all.map(({ cid }) => `${cid}`));
      for (const [at, { cid }] of all.entries()) {
        const receipt = await fetch(`${url}/v1/receipts/${cid}`);
        assert.equal(receipt.status, 200);
        const { record, chain } = /** @type {any} */ (dagCbor.decode(new Uint8Array(await receipt.arrayBuffer())));
        assert.deepEqual(record, log.entries[at]);
        assert.equal(chain.length, [0, 1, 1, 1, 1, 2, 3, 3][at], "the authorities before it");
      }
      const rest = await fetch(`${url}/v1/packages/${name}/log?from=6`);
      const page = /** @type {any} */ (dagCbor.decode(new Uint8Array(await rest.arrayBuffer())));
      assert.deepEqual([page.from, page.size, page.entries], [6, 8, log.entries.slice(6)]);

      const { record, standing } = await resolve(name, "version=1.0.0");
      assert.equal(record, `${release.cid}`);
      assert.deepEqual(standing.chain.map(recordIn), [`${made[2].cid}`, `${made[3].cid}`]);
      assert.equal(newestIn(standing), `${restored.cid}`);
    });

    test("yanks and channels say what is found", async () => {
      const name = "@records/found";
      const { author, key, first } = await begun(name);
      const second = await released(author, "1.1.0", key);
      const yanked = author.add("yank", yank("high", second), [key]);
      const named = author.add("channel", channel("stable", [first, 9_000], [second, 1_000]), [key]);
      await logged(yanked, named);
      for (const [query, wanted] of /** @type {const} */ ([
        ["range=*", first],
        ["range=*&yanked=low,medium", first],
        ["range=*&yanked=low,high", second],
        ["version=1.1.0", second],
        ["channel=stable", first],
        ["channel=stable&bucket=8999", first],
        ["channel=stable&bucket=9000", second],
      ])) {
        const { record, standing } = await resolve(name, query);
        assert.equal(record, `${wanted.record}`, query);
        assert.equal(standing.yank && recordIn(standing.yank), wanted === second ? `${yanked.cid}` : undefined);
        assert.equal(standing.channel && recordIn(standing.channel), query.startsWith("channel") ? `${named.cid}` : undefined);
        assert.equal(newestIn(standing), `${named.cid}`);
      }
      for (const [query, status, code] of /** @type {const} */ ([
        ["range=1.1.0", 410, "release.yanked"],
        ["channel=next", 404, "not_found"],
        ["channel=Stable", 400, "channel.malformed"],
        ["channel=st%D0%B0ble", 400, "channel.malformed"],
        ["channel=", 400, "channel.malformed"],
        ["channel=stable&bucket=10000", 400, "request.malformed"],
        ["channel=stable&range=*", 400, "request.malformed"],
        ["range=*&bucket=1", 400, "request.malformed"],
        ["range=*&yanked=none", 400, "request.malformed"],
        ["range=*&yanked=worst", 400, "request.malformed"],
        ["range=*&yanked=low,low", 400, "request.malformed"], // T34: each release is compared with each of them
      ])) {
        assert.deepEqual(await resolve(name, query), { status, code }, query);
      }
      await logged(author.add("channel", channel("stable"), [key]));
      assert.deepEqual(await resolve(name, "channel=stable"), { status: 404, code: "not_found" });
    });

    test("T07: what a stolen key signed is void by its position, and it signs no more", async () => {
      const name = "@records/stolen";
      const { author, key, first, manifest } = await begun(name);
      const stolen = await released(author, "1.1.0", key);
      await logged(author.add("channel", channel("stable", [stolen, 10_000]), [key]));
      const own = keyOf("own");
      const before = author.authority;
      const change = rekey(powersOf([own]), { void: [{ key: key.public, fromSequence: 2 }] });
      const rekeyed = author.add("rekey", change, [key]);
      await logged(rekeyed);
      assert.equal((await resolve(name, "range=*")).record, `${first.record}`);
      assert.deepEqual(await resolve(name, "range=1.1.0"), { status: 410, code: "release.void" });
      assert.deepEqual(await resolve(name, "channel=stable"), { status: 410, code: "release.void" });
      const evidence = await resolve(name, "version=1.1.0");
      assert.equal(evidence.record, `${stolen.record}`, "the client decides, and has what it needs to");
      assert.deepEqual(evidence.standing.chain.map(recordIn), [`${rekeyed.cid}`]);
      const shown = await info(name);
      assert.deepEqual([shown.releases[1].void, shown.channels[0].void], [`${rekeyed.cid}`, `${rekeyed.cid}`]);

      const sign = (/** @type {string} */ version, /** @type {any[]} */ keys) =>
        author.sign("release", releaseBody(version, manifest), keys);
      await refused(422, "envelope.signature", sign("1.2.0", [key]), manifest);
      await refused(409, "record.version_taken", sign("1.1.0", [own]), manifest); // T08: also a void one stays taken
      await refused(410, "release.void", author.sign("yank", yank("low", stolen), [own]));
      author.authority = before;
      await refused(422, "record.authority", sign("1.2.0", [own]), manifest);
    });

    test("recovery keys get a package back once their delay is over, unless the old keys veto", async () => {
      const [old, saved, fresh] = [keyOf("old"), keyOf("saved"), keyOf("fresh")];
      const recovery = { keys: [saved.public], threshold: 1, delay: 6 };
      for (const vetoes of [false, true]) {
        const name = `@records/recovered-${vetoes}`;
        const author = new Author(origin, name);
        const init = author.add("init", powersOf([old], { recovery }), [old]);
        await logged(init);
        const release = await released(author, "1.0.0", old);
        await refused(422, "record.recovery", author.sign("rekey", rekey(powersOf([old])), [old]));
        const change = { ...rekey(powersOf([fresh], { recovery })), by: "recovery" };
        await refused(422, "envelope.signature", author.sign("rekey", change, [old]));
        const lost = author.add("rekey", change, [saved]);
        await logged(lost);
        author.authority = init.cid;
        const waiting = await info(name);
        assert.equal(waiting.authority.record, `${init.cid}`, "it waits");
        assert.equal(waiting.pending.record, `${lost.cid}`);
        let last = lost;
        if (vetoes) {
          last = author.add("rekey", rekey(powersOf([old], { recovery })), [old]);
          await logged(last);
        }
        while (Date.now() / 1000 < waiting.pending.from) await sleep(100);
        // Nothing of this package: only the head has to be a later one.
        assert.equal((await publish(url, packageOf({ origin, name: `@records/later-${vetoes}` }))).status, 201);
        const holds = `${last.cid}`;
        const after = await info(name);
        assert.deepEqual([after.authority.record, after.pending], [holds, undefined]);
        const { record, standing } = await resolve(name, "range=*");
        assert.equal(record, `${release.record}`);
        assert.deepEqual(standing.chain.map(recordIn), [holds]);
        if (!vetoes) {
          await refused(422, "envelope.signature", author.sign("yank", yank("low", release), [old]));
          author.authority = lost.cid;
          await logged(author.add("yank", yank("low", release), [fresh]));
        }
      }
    });

    test("T11, T12, T33: too few keys, strange ones, and less than the package asks for", async () => {
      const [one, two, stranger] = [keyOf("one"), keyOf("two"), keyOf("stranger")];
      const powers = powersOf([one, two], { threshold: 2, floors: { provenance: true, witnesses: 0 } });
      const author = new Author(origin, "@records/floors");
      await refused(422, "record.threshold", author.sign("init", powers, [one]));
      await refused(422, "envelope.signature", author.sign("init", powers, [one, one]));
      await refused(422, "envelope.signature", author.sign("init", powers, [one, two, stranger]));
      await refused(422, "record.invalid", author.sign("init", { ...powers, threshold: 3 }, [one, two]));
      await logged(author.add("init", powers, [one, two]));
      const manifest = manifestOf([moduleOf("index.js", "1")]);
      await refused(422, "record.floor", author.sign("release", releaseBody("1.0.0", manifest), [one, two]), manifest);
      const lower = { to: powersOf([stranger]) };
      await refused(422, "record.floor", author.sign("transfer", lower, [one, two, stranger]));
      const { to } = { to: { ...powers, keys: powersOf([one, stranger]).keys } };
      await refused(422, "record.threshold", author.sign("transfer", { to }, [one, two]));
      for (const seed of [2, 3]) {
        // The keys of the Worker's log and cosigner; the server makes its own.
        if (host === "server") break;
        const ours = { ...powers, keys: powersOf([one, keyOf(seed)]).keys };
        await refused(422, "record.invalid", author.sign("rekey", rekey(ours), [one, two]));
      }
      await logged(author.add("rekey", rekey(powersOf([two]), { nextVersionFloor: "2.0.0" }), [one, two]));
      await refused(422, "record.floor", author.sign("release", releaseBody("1.9.9", manifest), [two]), manifest);
    });

    test("T22: a statement about other code is refused", async () => {
      const { author, key, first, manifest } = await begun("@records/statements");
      const note = new TextEncoder().encode("{}");
      const other = manifestOf([moduleOf("index.js", "other")]);
      const about = (/** @type {any} */ release, /** @type {any} */ of) => ({ release, predicate: "p", statement: statement(note, of) });
      await refused(422, "record.invalid", author.sign("attest", about(first, other), [key]));
      const body = releaseBody("1.1.0", other, [statement(note, manifest)]);
      await refused(422, "record.invalid", author.sign("release", body, [key]), other);
      const release = author.add("release", releaseBody("1.1.0", other), [key]);
      const attest = author.sign("attest", about(refer("1.1.0", release), manifest), [key]);
      await refused(422, "record.invalid", [release, attest], other);
    });

    test("T21: a record out of its place, of another log or of another package is refused", async () => {
      const { author, key, first, init } = await begun("@records/places");
      const other = await begun("@records/elsewhere");
      const stale = author.sign("yank", yank("low", first), [key]);
      await logged(author.add("yank", yank("medium", first), [key]));
      await refused(409, "record.sequence", stale);
      await refused(422, "record.no_release", author.sign("yank", yank("low", other.first), [key]));
      const foreign = new Author("elsewhere.example", author.name, { init, release: init });
      await refused(422, "record.origin", foreign.sign("yank", yank("low", first), [key]));
      const mine = author.sign("yank", yank("low", first), [key]);
      const theirs = other.author.sign("yank", yank("low", other.first), [other.key]);
      await refused(422, "record.package", [mine, theirs]);
      const another = new Author(origin, author.name).sign("init", powersOf([keyOf("another")]), [keyOf("another")]);
      await refused(409, "record.init_taken", another);
      // All of a request, or none of it.
      const good = author.add("yank", yank("none", first), [key]);
      await refused(422, "record.no_release", [good, author.sign("yank", yank("low", other.first), [key])]);
      await logged(good);
    });

    test("T03: a channel's name that is none is refused in records, too", async () => {
      const { author, key, first } = await begun("@records/names");
      for (const name of ["Stable", "st\u0430ble", "stable ", "1st", "", "a".repeat(65)]) {
        await refused(422, "cbor.malformed", author.sign("channel", channel(name, [first, 10_000]), [key]));
      }
      await refused(422, "record.invalid", author.sign("channel", channel("stable", [first, 9_999]), [key]));
    });

    test("requests of another shape are refused by name", async () => {
      const { author, key, first, manifest } = await begun("@records/shapes");
      const one = author.sign("yank", yank("low", first), [key]);
      await refused(400, "request.malformed", Array.from({ length: 17 }, () => one));
      await refused(400, "request.malformed", one, manifest);
      const release = author.add("release", releaseBody("1.1.0", manifest), [key]);
      await refused(400, "request.malformed", release);
      const twice = author.sign("release", releaseBody("1.2.0", manifest), [key]);
      await refused(400, "request.malformed", [release, twice], manifest);
      for (const query of ["from=-1", "from=x", "to=1", "from=1&from=1"]) {
        const { status, code } = await call(`${url}/v1/packages/${author.name}/log?${query}`);
        assert.deepEqual([status, code], [400, "request.malformed"], query);
      }
      assert.equal((await call(`${url}/v1/packages/@records/none/log`)).code, "not_found");
    });
  });
}
