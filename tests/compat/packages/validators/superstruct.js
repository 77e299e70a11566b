import { array, assign, coerce, create, define, number, object, optional, refine, string, validate } from "superstruct";

export default () => {
  const Even = refine(number(), "even", (n) => n % 2 === 0 || `${n} is odd`);
  const Item = assign(object({ id: coerce(number(), string(), parseFloat) }), object({ tags: optional(array(string())), even: Even, word: define("word", (value) => /^\w+$/.test(value)) }));
  const [error] = validate({ id: 1, even: 3, word: "a b" }, Item);
  return { made: create({ id: "4.5", even: 2, word: "ok" }, Item), failures: [...error.failures()].map(({ path, message }) => [path, message]) };
};
