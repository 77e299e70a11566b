import { derived, get, readable, writable } from "svelte/store";
import { render } from "svelte/server";
import * as $ from "svelte/internal/server";

// What the compiler makes of a component with a prop, a loop and a class.
function List($$renderer, $$props) {
  $$renderer.push(`<ul${$.attr_class($$props.on ? "on" : "")}>`);
  for (const item of $.ensure_array_like($$props.items)) $$renderer.push(`<li${$.attr("title", item)}>${$.escape(item)}</li>`);
  $$renderer.push("</ul>");
  $.head("x", $$renderer, (head) => head.title((title) => title.push("<title>T</title>")));
}

export default async () => {
  const count = writable(2);
  const squared = derived([count, readable(10)], ([a, b]) => a * a + b);
  count.update((n) => n + 1);
  const { body, head } = await render(List, { props: { items: ["a<b", "c\"d"], on: true } });
  return [get(squared), body, head];
};
