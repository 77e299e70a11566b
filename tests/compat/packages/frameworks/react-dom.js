import { Suspense, createContext, createElement as h, use, useId, useState } from "react";
import { renderToReadableStream, renderToStaticMarkup, renderToString } from "react-dom/server";

const Theme = createContext("light");
const Button = ({ label }) => {
  const [count] = useState(3);
  return h("button", { className: use(Theme), "data-id": useId(), style: { marginTop: 4 } }, label, " ", count);
};
const Later = ({ text }) => h("p", null, use(text));

export default async () => {
  const text = new Promise((resolve) => setTimeout(() => resolve("loaded"), 1));
  const stream = await renderToReadableStream(h(Suspense, { fallback: "…" }, h(Later, { text })));
  await stream.allReady;
  return [renderToString(h(Theme.Provider, { value: "dark" }, h(Button, { label: "<ok>" }))), renderToStaticMarkup(h("ul", null, [1, 2].map((n) => h("li", { key: n }, n)))), await new Response(stream).text()];
};
