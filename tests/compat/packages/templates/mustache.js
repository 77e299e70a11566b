import Mustache from "mustache";

export default () => {
  const view = { title: "<T>", items: [{ n: 1 }, { n: 2 }], none: [], bold: () => (text, render) => `<b>${render(text)}</b>` };
  return [Mustache.render("{{title}} {{{title}}} {{#items}}{{>row}}{{/items}}{{^none}}empty{{/none}} {{#bold}}n={{items.0.n}}{{/bold}}", view, { row: "[{{n}}]" }), Mustache.parse("{{=<% %>=}}<%x%>")];
};
