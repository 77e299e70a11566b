import { Packr, Unpackr, addExtension, pack, unpack } from "msgpackr";

export default () => {
  class Point { constructor(x) { this.x = x; } }
  addExtension({ Class: Point, type: 11, pack: ({ x }) => Buffer.from([x]), unpack: ([x]) => new Point(x) });
  const value = { list: [1, -1, 1.5, 2 ** 40], text: "ü".repeat(40), at: new Date(1_700_000_000_000), nothing: null, map: new Map([[1, "a"]]) };
  const packr = new Packr({ structures: [] });
  const records = packr.pack([{ a: 1, b: 2 }, { a: 3, b: 4 }]);
  const { map, ...rest } = unpack(pack(value));
  return [Buffer.from(pack({ a: [1, "x"] })).toString("hex"), rest, new Unpackr({ structures: packr.structures }).unpack(records), unpack(pack(new Point(7))).x, JSON.stringify(map)];
};
