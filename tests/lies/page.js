// docs/lies.md, as text.

import { ACCEPTED } from "./clients.js";

const INTRODUCTION = `# Lies, and who finds out

A registry holds the keys of its log, and may lie with them. The tests run one that does (\`tests/liar\`), have it tell each of these lies to the loader in workerd, to the command (\`cidery verify\` and \`cidery fetch\`) and to
a monitor (\`cidery log monitor\`), write this page from what they said, and fail where one says anything else. \`UPDATE_LIES=1 cargo xtask test node\` writes it anew.

A lie is told in an answer to somebody; in the map, whose root is in the log, so that everybody is told the same; by what is never logged; or by the head, where some are shown another tree than others. Who has *seen* the log has looked at it
before the lie, and remembers. The words are the error codes of [SPEC.md](../SPEC.md) §13. A monitor that finds something exits with 1; where a word stands behind the code, it has written evidence of that kind (§10.7) into a file, and
\`cidery log check --evidence\` and the independent program in \`tests/independent\` were convinced by it. [log.md](log.md) says how to run one. Where a lie is accepted, the number says why it cannot be found.`;

const HEAD = ["", "what the registry does", "the lie is in", "client has seen", "loader", "command", "monitor"];

const RECEIPTS = `## What a receipt is good for

Whoever publishes is given a receipt: the record, its place, and the first checkpoint that covers it, signed by the log and, with a time, by its cosigner. Where the record is not in what others are shown, the receipt and any later head are evidence: \`rollback\`
where the head is of a smaller tree, \`roots\` where it is of the same size, \`leaves\` where it is larger and has another entry in the record's place. The tests make each of them from a receipt and from what everybody can read, and convince the
same two programs. Who was given no receipt can show nothing: without one, a record counts as not published.`;

/**
 * The page.
 * @param {Record<string, import("./lies.js").Lie[]>} lies
 * @param {Map<import("./lies.js").Lie, string[]>} found what the loader, the command and a monitor said
 */
export function page(lies, found) {
  /** Why nobody could find out, in the order of their first use. @type {string[]} */
  const reasons = [];
  const sections = Object.entries(lies).map(([kind, of]) => {
    const rows = of.map((lie) => row(lie, found.get(lie) ?? [], reasons));
    return [`## ${kind}`, table(HEAD, rows)];
  });
  const because = reasons.map((reason, at) => `${at + 1}. ${reason}`).join("\n");
  return `${[INTRODUCTION, ...sections.flat(), "## Why a lie is accepted", because, RECEIPTS].join("\n\n")}\n`;
}

/** @param {import("./lies.js").Lie} lie @param {string[]} words @param {string[]} reasons */
function row({ attack = "", says, where, finds, isSeen }, words, reasons) {
  const cells = finds.map((finding, at) => {
    if (typeof finding === "string" || words[at] !== ACCEPTED) return word(words[at]);
    if (!reasons.includes(finding.because)) reasons.push(finding.because);
    return `accepted (${reasons.indexOf(finding.because) + 1})`;
  });
  return [attack, says, where, isSeen ? "the log" : "nothing", ...cells];
}

/** A code, and the kind of evidence. @param {string} said */
const word = (said) => said.split(" ").map((part) => `\`${part}\``).join(", ");

/** @param {string[]} head @param {string[][]} rows */
const table = (head, rows) => [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
