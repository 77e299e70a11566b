import * as Y from "yjs";

const made = (clientID, change) => {
  const doc = new Y.Doc();
  doc.clientID = clientID;
  change(doc);
  return doc;
};

export default () => {
  const a = made(1, (doc) => { doc.getText("t").insert(0, "hello"); doc.getMap("m").set("from", "a"); });
  const b = made(2, (doc) => { doc.getText("t").insert(0, "world"); doc.getMap("m").set("from", "b"); doc.getArray("l").push([1, { x: 2 }]); });
  Y.applyUpdate(a, Y.encodeStateAsUpdate(b, Y.encodeStateVector(a)));
  Y.applyUpdate(b, Y.encodeStateAsUpdate(a));
  a.getText("t").format(0, 5, { bold: true });
  return [a.toJSON(), b.toJSON(), a.getText("t").toDelta(), Buffer.from(Y.encodeStateVector(a)).toString("hex")];
};
