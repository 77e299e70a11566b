import { Component, createContext, h } from "preact";
import { useContext, useMemo, useState } from "preact/hooks";
import { renderToString, renderToStringAsync } from "preact-render-to-string";

const Lang = createContext("en");
class Old extends Component {
  state = { n: 1 };
  render = ({ children }, { n }) => h("section", { class: `n${n}` }, children);
}
const Greeting = ({ name }) => {
  const [mark] = useState("!");
  return h("p", null, useContext(Lang), ": ", useMemo(() => name.toUpperCase(), [name]), mark);
};

export default async () => {
  const tree = h(Lang.Provider, { value: "de" }, h(Old, null, h(Greeting, { name: "ada & bob" })));
  return [renderToString(tree), await renderToStringAsync(tree), renderToString(h("input", { disabled: true, value: "<" }))];
};
