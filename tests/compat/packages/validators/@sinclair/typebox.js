import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

export default () => {
  const T = Type.Object({ x: Type.Number({ minimum: 1 }), tags: Type.Array(Type.Union([Type.Literal("a"), Type.Literal("b")])), at: Type.Optional(Type.String({ default: "now" })) });
  return { schema: T, ok: Value.Check(T, { x: 1, tags: ["a"] }), errors: [...Value.Errors(T, { x: 0, tags: ["z"] })].map(({ path, message }) => [path, message]), made: Value.Create(T), diff: Value.Diff({ a: 1 }, { a: 2, b: 3 }) };
};
