import { atom, createStore } from "jotai/vanilla";
import { atomWithReducer } from "jotai/vanilla/utils";

export default async () => {
  const store = createStore();
  const price = atom(10);
  const total = atom((get) => get(price) * 3, (get, set, by) => set(price, get(price) + by));
  const later = atom(async (get) => `async ${get(total)}`);
  const seen = [];
  store.sub(total, () => seen.push(store.get(total)));
  store.set(total, 5);
  const reduced = atomWithReducer(0, (n, by) => n + by);
  store.set(reduced, 4);
  return [seen, await store.get(later), store.get(reduced)];
};
