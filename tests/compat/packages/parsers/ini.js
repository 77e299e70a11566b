import { decode, encode, safe } from "ini";

export default () => {
  const config = decode("; c\nroot=1\n[db]\nuser=ada\nlist[]=a\nlist[]=b\n[db.pool]\nmax=5\nquoted=\"a;b\"\n");
  return [config, encode({ a: 1, s: { k: true, deep: { x: "y=z" } } }, { whitespace: true }), safe("[not a section]")];
};
