import "@lit-labs/ssr/lib/install-global-dom-shim.js";
import { render } from "@lit-labs/ssr";
import { collectResult } from "@lit-labs/ssr/lib/render-result.js";
import { html } from "lit";
import { classMap } from "lit/directives/class-map.js";
import { repeat } from "lit/directives/repeat.js";

export default async () => {
  const items = ["a<b", "c"];
  return collectResult(render(html`<ul class=${classMap({ on: true, off: false })} ?hidden=${false} .data=${items}>${repeat(items, (item) => item, (item, i) => html`<li>${i}: ${item}</li>`)}</ul>`));
};
