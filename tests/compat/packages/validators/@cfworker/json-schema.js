import { Validator } from "@cfworker/json-schema";

export default () => {
  const validator = new Validator({ type: "object", required: ["at"], properties: { at: { format: "date-time" }, kind: { enum: ["a", "b"] } }, unevaluatedProperties: false }, "2020-12", false);
  return [validator.validate({ at: "2026-01-02T03:04:05Z", kind: "a" }), validator.validate({ at: "yesterday", kind: "c", more: 1 }).errors.map(({ keyword, instanceLocation }) => [keyword, instanceLocation])];
};
