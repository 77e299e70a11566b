import { LRUCache } from "lru-cache";
import LRU6 from "lru-cache6";

export default () => {
  const fill = (cache) => { for (const key of ["a", "b", "c"]) cache.set(key, key); cache.get("b"); return cache; };
  return [[...fill(new LRUCache({ max: 2 })).keys()], fill(new LRU6({ max: 2 })).keys(), fill(new LRU6(2)).itemCount];
};
