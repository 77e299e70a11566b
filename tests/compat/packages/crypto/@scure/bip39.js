import { entropyToMnemonic, mnemonicToEntropy, mnemonicToSeedSync, validateMnemonic } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english.js";

export default () => {
  const words = entropyToMnemonic(new Uint8Array(16).fill(9), wordlist);
  return [words, Buffer.from(mnemonicToSeedSync(words, "pass")).toString("hex"), [...mnemonicToEntropy(words, wordlist)].length, validateMnemonic(words.replace(/ \w+$/, " zoo"), wordlist)];
};
