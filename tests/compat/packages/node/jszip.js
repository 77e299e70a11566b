import JSZip from "jszip";

export default async () => {
  const zip = new JSZip();
  const date = new Date(Date.UTC(2026, 0, 1));
  zip.file("a.txt", "hello ".repeat(50), { date, createFolders: false }).folder("dir").file("b.bin", Uint8Array.of(1, 2, 3), { date });
  const bytes = await zip.generateAsync({ type: "uint8array", compression: "DEFLATE" });
  const back = await JSZip.loadAsync(bytes, { checkCRC32: true });
  const viaStream = await new Promise((resolve, reject) => { const parts = []; zip.generateNodeStream().on("data", (part) => parts.push(part)).on("end", () => resolve(Buffer.concat(parts).length > 100)).on("error", reject); });
  return [Object.keys(back.files), await back.file("a.txt").async("string"), await back.file("dir/b.bin").async("base64"), viaStream];
};
