import { gunzipSync, gzipSync, strFromU8, strToU8, unzipSync, zipSync, zlibSync } from "fflate";

export default async () => {
  const text = strToU8("content addressed ".repeat(50));
  const zip = zipSync({ "a.txt": text, dir: { "b.bin": [Uint8Array.of(1, 2, 3), { level: 0 }] } }, { mtime: new Date("2026-01-01T00:00:00Z") });
  const back = unzipSync(zip, { filter: ({ name }) => name !== "a.txt" });
  return [Buffer.from(gzipSync(text, { mtime: 0 })).toString("hex"), strFromU8(gunzipSync(gzipSync(text))).length, zip.length, [...back["dir/b.bin"]], zlibSync(text, { level: 9 }).length];
};
