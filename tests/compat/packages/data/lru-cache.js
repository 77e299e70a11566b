import { LRUCache } from "lru-cache";

export default async () => {
  const gone = [];
  const cache = new LRUCache({ max: 2, dispose: (value, key, reason) => gone.push([key, value, reason]), fetchMethod: async (key) => `fetched ${key}` });
  cache.set("a", 1).set("b", 2);
  cache.get("a");
  cache.set("c", 3).set("a", 9);
  return [gone, [...cache.keys()], await cache.fetch("d"), cache.has("c"), cache.dump().map(([key]) => key)];
};
