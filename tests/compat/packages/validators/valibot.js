import * as v from "valibot";

export default () => {
  const Login = v.pipe(v.object({ email: v.pipe(v.string(), v.email()), password: v.pipe(v.string(), v.minLength(8)), again: v.string() }), v.forward(v.check(({ password, again }) => password === again, "not the same"), ["again"]));
  const bad = v.safeParse(Login, { email: "x", password: "short", again: "other" });
  return { ok: v.parse(Login, { email: "a@b.de", password: "12345678", again: "12345678" }), bad: v.flatten(bad.issues), variant: v.is(v.variant("t", [v.object({ t: v.literal(1) })]), { t: 1 }) };
};
