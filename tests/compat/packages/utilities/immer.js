import { enableMapSet, enablePatches, produce, produceWithPatches } from "immer";

export default () => {
  enableMapSet();
  enablePatches();
  const before = { todos: [{ done: false }, { done: true }], tags: new Set(["a"]) };
  const [after, patches] = produceWithPatches(before, (draft) => {
    draft.todos[0].done = true;
    draft.tags.add("b");
  });
  return { patches, kept: after.todos[1] === before.todos[1], before: before.todos[0].done, frozen: Object.isFrozen(after), tags: [...produce(after, (draft) => void draft.tags.delete("a")).tags] };
};
