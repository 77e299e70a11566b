import { extract, pack } from "tar-stream";

export default async () => {
  const out = pack();
  out.entry({ name: "a.txt", mtime: new Date(0), mode: 0o644 }, "hello");
  out.entry({ name: "long/".repeat(30) + "ü.txt", mtime: new Date(0) }, "deep");
  out.entry({ name: "link", type: "symlink", linkname: "a.txt", mtime: new Date(0) });
  out.finalize();
  const [entries, reader] = [[], extract()];
  out.pipe(reader);
  for await (const entry of reader) {
    let text = "";
    for await (const chunk of entry) text += chunk;
    entries.push([entry.header.name.length, entry.header.type, entry.header.linkname, text]);
  }
  return entries;
};
