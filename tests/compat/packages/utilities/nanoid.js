import { customRandom, urlAlphabet } from "nanoid";

export default () => {
  let state = 7;
  const bytes = (size) => Uint8Array.from({ length: size }, () => (state = (state * 1103515245 + 12345) & 0x7fffffff) >> 16);
  return [customRandom("abcdef", 12, bytes)(), customRandom(urlAlphabet, 21, bytes)()];
};
