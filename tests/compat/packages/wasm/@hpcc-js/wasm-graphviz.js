import { Graphviz } from "@hpcc-js/wasm-graphviz";

export default async () => {
  const graphviz = await Graphviz.load();
  const svg = graphviz.dot("digraph { a -> b [label=x]; b -> c }");
  return [svg.match(/<svg width="[^"]*" height="[^"]*"/)[0], svg.split("<g id=").length, graphviz.layout("graph { a -- b }", "plain", "neato"), graphviz.version()];
};
