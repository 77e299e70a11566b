import { dump, load, loadAll } from "js-yaml";

export default () => {
  const text = "base: &b { a: 1, on: yes }\nlist:\n  - !!str 5\n  - 0x1F\n  - >-\n    folded\n    text\nref: *b\n";
  let error;
  try { load("a: [1, 2"); } catch ({ name, reason, mark }) { error = [name, reason, mark?.line]; }
  return [load(text), loadAll("--- 1\n--- x\n"), dump({ z: [{ y: null }], s: "multi\nline", n: 1e21 }), error];
};
