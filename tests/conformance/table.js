// docs/compatibility.md, as text.

import { isDeepStrictEqual } from "node:util";

/**
 * @typedef {object} Column
 * @property {string} name
 * @property {string} version
 * @property {string} how how it is run
 * @property {import("./results.js").Outcomes} outcomes
 */

const INTRODUCTION = `# Compatibility

There is one verifier, in Rust. It runs natively, as WebAssembly in JavaScript runtimes and as a compiled module in Python, and says the same in all of them: the tests have each runtime judge
every vector of \`tests/vectors/\`, write this page from what it said, and fail where a runtime is missing or says anything else.

✓: the refusal has the expected code, for a history at the expected record; or what is accepted comes to the expected verdict, isolate id and memory, or to what is expected to be said of the package. [bindings.md](bindings.md) says how each runtime loads the
verifier. \`UPDATE_COMPATIBILITY=1 cargo xtask test\` writes this page anew.`;

/**
 * The page.
 * @param {import("./vectors.js").Vector[]} vectors
 * @param {Column[]} columns
 */
export function page(vectors, columns) {
  const names = columns.map(({ name }) => name);
  const groups = new Map(vectors.map(({ group }) => [group, vectors.filter((vector) => vector.group === group)]));
  const [releases, packages, histories, signatures] = ["verify/", "package/", "history/", "ed25519/"].map((folder) =>
    vectors.filter(({ id }) => id.startsWith(folder)),
  );
  const sections = [
    INTRODUCTION,
    table(
      ["runtime", "version", "the vectors are judged by"],
      columns.map(({ name, version, how }) => [name, version, how]),
    ),
    "## By threat",
    "The numbers are those of the threats that SPEC and the tests name; signatures (T17) are by their source.",
    table(
      ["", "vectors", ...names],
      [...groups].map(([group, of]) => [group, of.length, ...columns.map((column) => count(column, of))]),
    ),
    "## Every release",
    table(["vector", "expected", ...names], releases.map((vector) => row(vector, columns))),
    "## Every proof of a package",
    "What a log says of a package: its state, or that there is none.",
    table(["vector", "expected", ...names], packages.map((vector) => row(vector, columns))),
    "## Every history",
    "Logs of packages, replayed; the number is the place of the record that is refused.",
    table(["vector", "expected", ...names], histories.map((vector) => row(vector, columns))),
    "## Every signature",
    "[ed25519.md](ed25519.md) says why.",
    table(["vector", "expected", ...names], signatures.map((vector) => row(vector, columns))),
  ];
  return `${sections.join("\n\n")}\n`;
}

/** Whether a runtime said of a vector what it expects. @param {Column} column @param {import("./vectors.js").Vector} vector */
export const agrees = ({ outcomes }, { id, expect }) => isDeepStrictEqual(outcomes[id], expect);

/** @param {Column} column @param {import("./vectors.js").Vector[]} vectors */
function count(column, vectors) {
  const agreed = vectors.filter((vector) => agrees(column, vector)).length;
  return agreed === vectors.length ? "✓" : `${agreed} of ${vectors.length}`;
}

/** @param {import("./vectors.js").Vector} vector @param {Column[]} columns */
function row(vector, columns) {
  const cells = columns.map((column) => (agrees(column, vector) ? "✓" : word(column.outcomes[vector.id])));
  return [`\`${vector.id.split("/")[1]}\``, word(vector.expect), ...cells];
}

/** An outcome in a word. @param {any} outcome */
function word(outcome) {
  if (outcome?.ok !== undefined) return "accepted";
  if (outcome === "valid") return outcome;
  return `\`${outcome?.code ?? outcome}\`${outcome?.at === undefined ? "" : `, ${outcome.at}`}`;
}

/** @param {string[]} head @param {unknown[][]} rows */
const table = (head, rows) => [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
