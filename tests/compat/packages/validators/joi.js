import Joi from "joi";

export default () => {
  const schema = Joi.object({ user: Joi.string().alphanum().min(3).required(), born: Joi.number().integer().min(1900), mail: Joi.string().email({ tlds: { allow: ["net"] } }), again: Joi.ref("user") }).with("user", "born");
  const { error } = schema.validate({ user: "a!", born: 1800, mail: "x@y.com" }, { abortEarly: false });
  return { value: schema.validate({ user: "abc", born: "1999", mail: "a@b.net" }), errors: error.details.map(({ message, type }) => [type, message]) };
};
