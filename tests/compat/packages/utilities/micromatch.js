import micromatch from "micromatch";

export default () => ({
  matched: micromatch(["src/a.js", "src/b.ts", "test/c.js", "src/deep/d.js"], ["src/**/*.js", "!**/d.js"]),
  captured: micromatch.capture("test/*.js", "test/foo.js"),
  braces: micromatch.braces("v{1..3}/{x,y}", { expand: true }),
  re: String(micromatch.makeRe("**/*.{js,ts}")),
});
