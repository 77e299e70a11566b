import Fuse from "fuse.js";

export default () => {
  const books = [{ title: "Old Man's War", author: "Scalzi" }, { title: "The Lock Artist", author: "Hamilton" }, { title: "HTML5", author: "Sharp" }];
  const fuse = new Fuse(books, { keys: ["title", "author"], includeScore: true, includeMatches: true });
  return fuse.search("lok").map(({ item, score, matches }) => [item.title, score.toFixed(6), matches[0].indices]);
};
