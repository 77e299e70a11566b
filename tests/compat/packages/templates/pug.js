import pug from "pug";

const view = pug.compile("ul#list\n  each item in items\n    li(class=item.on ? 'on' : 'off' data-n=item.n)= item.name\n  else\n    li none\np Hello #{name}!");

export default () => view({ items: [{ n: 1, on: true, name: "a<b" }], name: "Ada" });
