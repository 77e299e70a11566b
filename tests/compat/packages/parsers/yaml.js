import { Document, parse, parseDocument, stringify } from "yaml";

export default () => {
  const document = parseDocument("# top\na: &x [1, 2] # one\nb: *x\n");
  document.set("c", new Map([["k", true]]));
  const created = new Document(["x"]);
  created.commentBefore = " made";
  return [String(document), document.toJS(), parse("- 1_000\n- 012\n- ~\n- 2026-01-02", { version: "1.1" }), stringify({ text: "a: b", long: "x ".repeat(50) }), String(created), parseDocument("a: b: c").errors.map(({ code }) => code)];
};
