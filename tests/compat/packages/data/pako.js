import * as pako from "pako";

export default () => {
  const text = "content addressed ".repeat(50);
  const inflate = new pako.Inflate();
  const deflated = pako.deflate(text, { level: 9 });
  inflate.push(deflated.subarray(0, 10), false);
  inflate.push(deflated.subarray(10), true);
  return [Buffer.from(deflated).toString("hex"), new TextDecoder().decode(pako.ungzip(pako.gzip(text))) === text, inflate.result.length, Buffer.from(pako.deflateRaw("ü")).toString("hex")];
};
