// Every lie that a log can tell: how it is told, and who finds out.

import { setTimeout as sleep } from "node:timers/promises";

import { keyOf, powersOf } from "../support/objects.js";
import { PUBLISHER, Publisher } from "./liar.js";

/**
 * Where a lie is told: the registry with the package `@acme/hello`, and its witness, where the policy asks for one.
 * @typedef {object} Stage
 * @property {import("./liar.js").Liar} liar
 * @property {Publisher} hello
 * @property {import("../support/witness.js").Witness} [witness]
 */

/**
 * What a client says: a code, and for a monitor, after a space, what its evidence shows. Or why it accepts what it is told, as it then must.
 * @typedef {string | { because: string }} Finding
 */

/**
 * A lie.
 * @typedef {object} Lie
 * @property {string} says what the registry does
 * @property {string} [attack] its number in SPEC §14
 * @property {string} where what of the registry is not as it should be
 * @property {number} [behind] by how many seconds the registry's clock is, to begin with
 * @property {(stage: Stage) => Promise<unknown>} [before] what happens before anybody looks
 * @property {boolean} [isSeen] whether clients have looked before it is told, and remember what was there
 * @property {(stage: Stage) => Promise<unknown>} [tell] tells it
 * @property {object} [log] what the policy says of the log besides
 * @property {object} [rule] and of the package
 * @property {"asked" | "unasked"} [witness] the policy wants a witness's word, and whether the registry asks for it
 * @property {[loader: Finding, command: Finding, monitor: Finding]} finds
 */

/** Long enough for everybody to look, and short enough to wait for. In seconds. */
const SHORT = 12;

const [HEAD, ANSWER, MAP, ENTRIES] = ["the head", "an answer", "the map", "what is logged"];

/** Which nobody can tell from the truth. @param {string} because @returns {{ because: string }} */
const cannot = (because) => ({ because });
const HONEST = cannot("There is nothing to find.");
const READS_NO_ANSWERS = cannot("A monitor reads the log, which is as it should be, and not what others are answered.");
const ONE_TREE = cannot(
  "Who is shown one tree alone, from the first look on, sees a log that only grows. It ends where somebody is shown both, and where policies ask for witnesses, who sign one of the two.",
);
const NOTHING_NEWER = cannot(
  "Who has seen nothing newer sees a log in which nothing was published since. The receipt of what is missing is evidence (below); so is a monitor's memory.",
);
const YOUNG = cannot("A log in which nothing happens looks the same. `maxAge` says for how long one takes that.");
const UNASKED = cannot("A policy without a `quorum` asks for nobody's word but the operator's.");
const UNCHECKED = cannot("The policy does without the proof, and the verdict says so: `revocation` is `unchecked`.");
const NOT_COMPUTED = cannot(
  "The state is the one that the log's map names, and the map is the log's last entry, the same for everybody: that the entries before it come to another state is known to who has read them. A monitor has, and so has `cidery log check`; the evidence convinces the others.",
);
const NO_TRACE = cannot(
  "Nobody has signed what is not so: it is the log to which the record was never sent. Who sent it has no receipt, and knows no more than that.",
);
const NOT_SHOWN = cannot("It is the log to which the record was never sent. Who sent it has a receipt, and with it evidence (below).");

const THIEF = keyOf("whoever comes next");
const FIRST = { version: "1.0.0" };

const yank = (/** @type {Stage} */ { hello }) => hello.add("yank", hello.yank);
/** Takes the publisher's key away, and makes what it signed void. @param {Stage} stage */
const revoke = ({ hello }) =>
  hello.add("rekey", { by: "publishers", to: powersOf([THIEF]), void: [{ key: PUBLISHER.public, fromSequence: 1 }] });
const release = (/** @type {Stage} */ { hello }) => hello.release("1.1.0")();
/** Logs something of somebody else. @param {Stage} stage @param {string} name */
const grow = ({ liar }, name) => new Publisher(liar.url, `@acme/${name}`).begin();
/** Keeps a copy of the log as it is. @param {Stage} stage */
const keep = ({ liar }) => liar.tell({ copy: "then" });
const answer = (/** @type {object} */ answer) => (/** @type {Stage} */ { liar }) => liar.tell({ answer });
/** Does one after the other. @param {((stage: Stage) => Promise<unknown>)[]} steps */
const all = (...steps) => async (/** @type {Stage} */ stage) => {
  for (const step of steps) await step(stage);
};
const tell = (/** @type {import("./liar.js").Order[]} */ ...orders) => (/** @type {Stage} */ { liar }) => liar.tell(...orders);
/** Adds a package that another history has not. @param {string} name */
const growing = (name) => (/** @type {Stage} */ stage) => grow(stage, name);
/** From here on there are two histories, of which one has gone on. */
const split = all(keep, growing("one"));

/** @type {Record<string, Lie[]>} by what is done */
export const LIES = {
  "No lie": [
    {
      says: "An honest registry adds a release.",
      where: "nothing",
      isSeen: true,
      tell: release,
      finds: [HONEST, HONEST, HONEST],
    },
  ],
  Fork: [
    {
      says: "Another tree of the same size.",
      attack: "T23",
      where: HEAD,
      before: split,
      isSeen: true,
      tell: all(tell({ show: "then" }), growing("two")),
      finds: ["log.fork", "log.fork", "log.fork roots"],
    },
    {
      says: "A larger tree, which does not continue the one that was seen.",
      attack: "T23",
      where: HEAD,
      before: split,
      isSeen: true,
      tell: all(tell({ show: "then" }), growing("two"), growing("three")),
      finds: ["log.proof", "log.proof", "log.fork leaves"],
    },
    {
      says: "Another tree than the witness has signed.",
      attack: "T23",
      where: HEAD,
      witness: "asked",
      before: split,
      tell: all(tell({ show: "then" }), growing("two")),
      finds: ["log.witnesses", "log.witnesses", "log.witnesses"],
    },
    {
      says: "Another tree than others are shown.",
      attack: "T23",
      where: HEAD,
      before: split,
      tell: all(tell({ show: "then" }), growing("two")),
      finds: [ONE_TREE, ONE_TREE, ONE_TREE],
    },
  ],
  Rollback: [
    {
      says: "A smaller tree, with a new timestamp.",
      attack: "T04",
      where: HEAD,
      behind: 30,
      before: split,
      isSeen: true,
      tell: tell({ clock: 0 }, { show: "then" }, "renew"),
      finds: ["log.rollback", "log.rollback", "log.rollback rollback"],
    },
    {
      says: "A smaller tree, with its old timestamp: no evidence, since anything on the way may have kept it.",
      attack: "T04",
      where: ANSWER,
      before: split,
      isSeen: true,
      tell: tell({ show: "then" }),
      finds: ["log.rollback", "log.rollback", "log.rollback"],
    },
    {
      says: "A smaller tree than there is, with a new timestamp.",
      attack: "T04",
      where: HEAD,
      before: split,
      tell: tell({ show: "then" }, "renew"),
      finds: [NOTHING_NEWER, NOTHING_NEWER, NOTHING_NEWER],
    },
  ],
  Freeze: [
    {
      says: "The same head for longer than `maxAge`.",
      attack: "T05",
      where: HEAD,
      behind: 3600,
      log: { maxAge: 1800 },
      finds: ["log.stale", "log.stale", "log.stale"],
    },
    {
      says: "The same head for less than `maxAge`.",
      attack: "T05",
      where: HEAD,
      behind: 3600,
      log: { maxAge: 7200 },
      finds: [YOUNG, YOUNG, YOUNG],
    },
    {
      says: "The same tree, with new timestamps, after the witness was asked for the last time.",
      attack: "T05",
      where: HEAD,
      witness: "asked",
      log: { maxAge: SHORT },
      tell: async ({ liar, witness }) => {
        await witness?.stop();
        await sleep((SHORT + 1) * 1000);
        await liar.tell("renew");
      },
      finds: ["log.witnesses", "log.witnesses", "log.witnesses"],
    },
  ],
  "Withheld revocation": [
    {
      says: "The `yank` is left out.",
      attack: "T04",
      where: ANSWER,
      before: yank,
      tell: answer({ instead: FIRST, without: "yank" }),
      finds: ["log.proof", "log.proof", READS_NO_ANSWERS],
    },
    {
      says: "The state of before the `yank` is shown, under the newest head.",
      attack: "T06",
      where: ANSWER,
      before: all(keep, yank),
      tell: answer({ instead: FIRST, standing: { history: "then" } }),
      finds: ["log.proof", "log.proof", READS_NO_ANSWERS],
    },
    {
      says: "The `rekey` that makes the release void is left out.",
      attack: "T07",
      where: ANSWER,
      before: revoke,
      tell: answer({ instead: FIRST, without: "chain" }),
      finds: ["record.authority", "record.authority", READS_NO_ANSWERS],
    },
    {
      says: "The state of before the `rekey` is shown, under the newest head.",
      attack: "T06",
      where: ANSWER,
      before: all(keep, revoke),
      tell: answer({ instead: FIRST, standing: { history: "then" } }),
      finds: ["log.proof", "log.proof", READS_NO_ANSWERS],
    },
    {
      says: "What became of the release is not shown at all.",
      attack: "T04",
      where: ANSWER,
      before: yank,
      tell: answer({ instead: FIRST, without: "standing" }),
      finds: ["log.unproven", "log.unproven", READS_NO_ANSWERS],
    },
    {
      says: 'The same, under a policy with `revocation: "unchecked"`.',
      attack: "T04",
      where: ANSWER,
      rule: { revocation: "unchecked" },
      before: yank,
      tell: answer({ instead: FIRST, without: "standing" }),
      finds: [UNCHECKED, UNCHECKED, READS_NO_ANSWERS],
    },
    {
      says: "The `yank` is logged, and no map knows of it.",
      attack: "T04",
      where: MAP,
      isSeen: true,
      tell: all(tell({ hold: true }), yank),
      finds: [NOT_COMPUTED, NOT_COMPUTED, "log.map map"],
    },
    {
      says: "The `rekey` that makes the release void is logged, and no map knows of it.",
      attack: "T07",
      where: MAP,
      isSeen: true,
      tell: all(tell({ hold: true }), revoke),
      finds: [NOT_COMPUTED, NOT_COMPUTED, "log.map map"],
    },
    {
      says: "The `yank` is refused, and never logged.",
      attack: "T04",
      where: ENTRIES,
      isSeen: true,
      tell: all(answer({ refuses: "publish" }), ({ hello }) => hello.isRefused("yank")),
      finds: [NO_TRACE, NO_TRACE, NO_TRACE],
    },
    {
      says: "The `yank` is acknowledged with a receipt, and logged in a tree that nobody else is shown.",
      attack: "T23",
      where: HEAD,
      isSeen: true,
      tell: all(keep, yank, tell({ show: "then" }, "renew")),
      finds: [NOT_SHOWN, NOT_SHOWN, NOT_SHOWN],
    },
  ],
  "Withheld newest version": [
    {
      says: "An older release is given for a range.",
      attack: "T04",
      where: ANSWER,
      before: release,
      tell: answer({ instead: FIRST }),
      finds: ["log.withheld", "log.withheld", READS_NO_ANSWERS],
    },
    {
      says: "The same, with the state of before the newer one, under the newest head.",
      attack: "T06",
      where: ANSWER,
      before: all(keep, release),
      tell: answer({ instead: FIRST, standing: { history: "then" } }),
      finds: ["log.proof", "log.proof", READS_NO_ANSWERS],
    },
    {
      says: "No release is said to be there. Nothing runs, be it a lie or not.",
      attack: "T04",
      where: ANSWER,
      tell: answer({ refuses: "resolve" }),
      finds: ["not_found", "not_found", READS_NO_ANSWERS],
    },
    {
      says: "The newer release is logged, and no map knows of it.",
      attack: "T04",
      where: MAP,
      isSeen: true,
      tell: all(tell({ hold: true }), release),
      finds: [NOT_COMPUTED, NOT_COMPUTED, "log.map map"],
    },
    {
      says: "The newer release is refused, and never logged.",
      attack: "T04",
      where: ENTRIES,
      isSeen: true,
      tell: all(answer({ refuses: "publish" }), ({ hello }) => hello.isRefused("release")),
      finds: [NO_TRACE, NO_TRACE, NO_TRACE],
    },
  ],
  "Foreign receipt": [
    {
      says: "Another package's release is given for this one's.",
      attack: "T10",
      where: ANSWER,
      before: growing("one"),
      tell: answer({ instead: { package: "@acme/one", ...FIRST } }),
      finds: ["request.package", "request.package", READS_NO_ANSWERS],
    },
    {
      says: "Another package's receipt is given with this one's head.",
      attack: "T10",
      where: ANSWER,
      before: growing("one"),
      tell: answer({ receipt: { package: "@acme/one", ...FIRST } }),
      finds: ["log.proof", "log.proof", READS_NO_ANSWERS],
    },
    {
      says: "The receipt is one of another tree of the same size as the head's.",
      attack: "T23",
      where: HEAD,
      behind: 30,
      before: async (stage) => {
        const log = stage.hello.release("1.1.0");
        await keep(stage);
        await log();
        await stage.liar.tell({ clock: 0 }, { show: "then" });
        await log();
      },
      tell: answer({ receipt: { history: "main" } }),
      finds: ["log.fork", "log.fork", ONE_TREE],
    },
    {
      says: "The receipt is one of another tree, smaller than the head's.",
      attack: "T23",
      where: HEAD,
      behind: 30,
      before: async (stage) => {
        const log = stage.hello.release("1.1.0");
        await keep(stage);
        await log();
        await stage.liar.tell({ clock: 0 }, { show: "then" });
        await log();
        await grow(stage, "two");
      },
      tell: answer({ receipt: { history: "main" } }),
      finds: ["log.proof", "log.proof", ONE_TREE],
    },
  ],
  "Missing witnesses": [
    {
      says: "A head that the witness has not signed, for the registry did not ask.",
      attack: "T23",
      where: HEAD,
      witness: "unasked",
      finds: ["log.witnesses", "log.witnesses", "log.witnesses"],
    },
    {
      says: "A head that no witness has signed, under a policy that asks for none.",
      attack: "T23",
      where: HEAD,
      finds: [UNASKED, UNASKED, UNASKED],
    },
  ],
};
