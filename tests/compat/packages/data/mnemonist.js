import { BloomFilter, Heap, SymSpell, Trie, TrieMap } from "mnemonist";

export default () => {
  const trie = Trie.from(["roman", "romane", "rubens"]);
  const heap = Heap.from([5, 1, 4], (a, b) => b - a);
  const bloom = BloomFilter.from(["a", "b"], 64);
  const map = new TrieMap();
  map.set("rust", 1);
  const speller = SymSpell.from(["hello", "help"], { maxDistance: 1 });
  return [trie.find("rom"), heap.consume(), bloom.test("a"), map.get("rust"), speller.search("helo").map(({ term, distance }) => [term, distance])];
};
