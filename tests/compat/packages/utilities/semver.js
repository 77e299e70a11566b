import semver from "semver";
import satisfies from "semver/functions/satisfies.js";

export default () => ({
  max: semver.maxSatisfying(["1.2.3", "1.9.0", "2.0.0-rc.1"], "^1.2 || >=2.0.0-rc.0"),
  sorted: semver.rsort(["1.0.0-alpha", "1.0.0", "0.9.9"]),
  next: semver.inc("1.2.3-beta.1", "prerelease"),
  parsed: semver.parse("v1.2.3-a.b+build").prerelease,
  inside: satisfies("3.1.4", "~3.1"),
  subset: semver.subset("^1.2.3", "1.x"),
  coerced: semver.coerce("node 24.3").version,
});
