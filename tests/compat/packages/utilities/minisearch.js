import MiniSearch from "minisearch";

export default () => {
  const search = new MiniSearch({ fields: ["title", "text"], storeFields: ["title"] });
  search.addAll([{ id: 1, title: "Moby Dick", text: "Call me Ishmael" }, { id: 2, title: "Zen", text: "motorcycle art" }, { id: 3, title: "Dune", text: "the art of spice" }]);
  const again = MiniSearch.loadJSON(JSON.stringify(search), { fields: ["title", "text"], storeFields: ["title"] });
  return [search.search("zen art", { fuzzy: 0.2 }).map(({ id, title, terms }) => [id, title, terms]), again.autoSuggest("mo").map(({ suggestion }) => suggestion)];
};
