import Validator from "fastest-validator";

const check = new Validator().compile({ $$strict: true, id: { type: "number", positive: true }, name: "string|min:3", role: { type: "enum", values: ["admin", "user"], default: "user" } });

export default () => {
  const user = { id: 5, name: "Ada" };
  return [check(user), user, check({ id: -1, name: "x", more: 1 })];
};
