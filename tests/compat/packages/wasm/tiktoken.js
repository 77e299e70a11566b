import { get_encoding } from "tiktoken";

export default () => {
  const encoding = get_encoding("cl100k_base");
  const tokens = encoding.encode("content-addressed packages ☂");
  const text = new TextDecoder().decode(encoding.decode(tokens));
  encoding.free();
  return [[...tokens], text];
};
