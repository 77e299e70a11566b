import { Suspense, createContext, createElement as h, use, useId, useState } from "react";
import { renderToReadableStream, renderToStaticMarkup, renderToString } from "react-dom/server";

const Theme = createContext("light");
const Button = ({ label }) => {
  const [count] = useState(3);
  return h("button", { className: use(Theme), "data-id": useId(), style: { marginTop: 4 } }, label, " ", count);
};
const later = new Promise((resolve) => setTimeout(() => resolve("loaded"), 1));
const Later = () => h("p", null, use(later));

export default async () => {
  const stream = await renderToReadableStream(h(Suspense, { fallback: "…" }, h(Later)));
  await stream.allReady;
  return [renderToString(h(Theme.Provider, { value: "dark" }, h(Button, { label: "<ok>" }))), renderToStaticMarkup(h("ul", null, [1, 2].map((n) => h("li", { key: n }, n)))), await new Response(stream).text()];
};
