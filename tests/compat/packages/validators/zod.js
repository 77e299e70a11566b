import { z } from "zod";

export default () => {
  const User = z.object({ name: z.string().min(2), age: z.coerce.number().int(), tags: z.array(z.enum(["a", "b"])).default([]), role: z.discriminatedUnion("kind", [z.object({ kind: z.literal("x"), n: z.number() }), z.object({ kind: z.literal("y") })]) }).transform((user) => ({ ...user, name: user.name.toUpperCase() }));
  const bad = User.safeParse({ name: "A", age: "1.5", tags: ["c"], role: { kind: "z" } });
  return { good: User.parse({ name: "Ada", age: "36", role: { kind: "x", n: 1 } }), issues: bad.error.issues.map(({ path, code, message }) => [path.join("."), code, message]), schema: z.toJSONSchema(z.object({ id: z.uuid() })) };
};
