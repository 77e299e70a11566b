import * as yup from "yup";

export default async () => {
  const schema = yup.object({ email: yup.string().email().required(), age: yup.number().positive().integer(), site: yup.string().url().when("age", ([age], s) => (age > 17 ? s.required() : s)) });
  const errors = await schema.validate({ email: "no", age: -20.5 }, { abortEarly: false }).catch((error) => error.errors);
  return { cast: schema.cast({ email: "a@b.de", age: "41", site: "https://b.de" }), errors, valid: await schema.isValid({ email: "a@b.de", age: 18 }) };
};
