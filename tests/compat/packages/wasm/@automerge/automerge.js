import * as Automerge from "@automerge/automerge";

export default () => {
  const start = Automerge.from({ title: "list", items: [{ text: "a", done: false }] }, { actor: "aa".repeat(16) });
  const left = Automerge.change(Automerge.clone(start, { actor: "bb".repeat(16) }), { time: 0 }, (doc) => { doc.items.push({ text: "left", done: true }); });
  const right = Automerge.change(Automerge.clone(start, { actor: "cc".repeat(16) }), { time: 0 }, (doc) => { doc.items[0].done = true; doc.title = "LIST"; });
  const merged = Automerge.merge(left, right);
  const loaded = Automerge.load(Automerge.save(merged));
  return [merged, loaded.items.length, Automerge.getHistory(merged).length, Automerge.getActorId(merged)];
};
