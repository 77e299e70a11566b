// Says what npm's semver says: standard input is { library, cases: [[range, [version, ...]], ...] }, standard output one
// line a range: what it says in its usual mode and in the loose one, `-` for no range, else 0 or 1 a version.
const { library, cases } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const semver = require(library);

for (const [range, versions] of cases) {
  const verdicts = [{}, { loose: true }].map((mode) => {
    if (semver.validRange(range, mode) === null) return "-";
    const compiled = new semver.Range(range, mode);
    return versions.map((version) => (compiled.test(version) ? 1 : 0)).join("");
  });
  console.log(verdicts.join(" "));
}
