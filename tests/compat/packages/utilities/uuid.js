import { NIL, parse, stringify, v3, v4, v5, v7, validate, version } from "uuid";

export default () => {
  const random = Uint8Array.from({ length: 16 }, (_, i) => i * 7);
  const name = v5("cidery.example", v5.DNS);
  return [name, v3("cidery.example", v3.URL), v4({ random }), v7({ random, msecs: 1_700_000_000_000, seq: 1 }), stringify(parse(name)) === name, version(name), validate("nope"), NIL];
};
