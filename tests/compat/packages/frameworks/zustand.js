import { createElement as h } from "react";
import { renderToString } from "react-dom/server";
import { create } from "zustand";
import { persist, subscribeWithSelector } from "zustand/middleware";
import { createStore } from "zustand/vanilla";

export default () => {
  const saved = {};
  const storage = { getItem: (name) => saved[name] ?? null, setItem: (name, value) => { saved[name] = value; }, removeItem: () => {} };
  const store = createStore(subscribeWithSelector(persist((set) => ({ n: 1, add: () => set(({ n }) => ({ n: n + 1 })) }), { name: "s", storage, partialize: ({ n }) => ({ n }) })));
  const seen = [];
  store.subscribe(({ n }) => n, (now, before) => seen.push([before, now]));
  store.getState().add();
  const useBear = create(() => ({ bears: 7 }));
  return [seen, saved, renderToString(h(() => h("b", null, useBear((state) => state.bears))))];
};
