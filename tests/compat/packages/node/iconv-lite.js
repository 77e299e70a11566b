import iconv from "iconv-lite";

export default async () => {
  const decoder = iconv.getDecoder("utf-16le");
  const halves = decoder.write(Buffer.from([0x61, 0x00, 0xfc])) + decoder.write(Buffer.from([0x00])) + (decoder.end() ?? "");
  return [iconv.encode("Grüße €", "win1252").toString("hex"), iconv.decode(Buffer.from("82b182f182c982bf82cd", "hex"), "Shift_JIS"), iconv.encode("中文", "gb18030").toString("hex"), iconv.encodingExists("koi8-r"), iconv.decode(iconv.encode("x", "utf16", { addBOM: true }), "utf16"), halves];
};
