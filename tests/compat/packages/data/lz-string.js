import lz from "lz-string";

export default () => {
  const text = "das Wetter ".repeat(20) + "☂";
  return [lz.compressToBase64(text), lz.compressToEncodedURIComponent(text), lz.decompress(lz.compress(text)) === text, lz.compressToUTF16(text).length, [...lz.compressToUint8Array("abc")]];
};
