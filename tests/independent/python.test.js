// The independent verifier's own tests, with all others: SPEC's examples, the vectors, its rules, its command.

import assert from "node:assert/strict";
import { test } from "node:test";

import { python } from "../support/command.js";

test("the independent verifier agrees with SPEC's examples and with the vectors", async () => {
  const tests = ["-m", "unittest", "discover", "-s", import.meta.dirname, "-p", "*_test.py"];
  const { code, stdout, stderr } = await python(tests);
  assert.equal(code, 0, stdout + stderr);
  assert.match(stderr, /^Ran [1-9]\d* tests/m, "before Python 3.12, finding no test is no error");
});
