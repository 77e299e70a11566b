import { createMemo, createRoot, createSignal } from "solid-js";
import { createComponent, escape, renderToString, renderToStringAsync, ssr, ssrHydrationKey } from "solid-js/web";

const Item = (props) => ssr(["<li", ">", "</li>"], ssrHydrationKey(), escape(props.text));

export default async () => {
  const total = createRoot((dispose) => {
    const [n] = createSignal(20);
    const plus = createMemo(() => n() + 1);
    dispose();
    return plus();
  });
  const list = () => ssr(["<ul>", "</ul>"], ["a<b", "c"].map((text) => createComponent(Item, { text })));
  return [total, renderToString(list), await renderToStringAsync(list)];
};
