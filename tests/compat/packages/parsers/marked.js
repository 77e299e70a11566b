import { Marked } from "marked";

export default async () => {
  const marked = new Marked({ gfm: true }, { renderer: { heading({ tokens, depth }) { return `<h${depth} class="t">${this.parser.parseInline(tokens)}</h${depth}>`; } } });
  return [await marked.parse("# Hi *there*\n\n| a | b |\n|--|:-:|\n| 1 | ~~2~~ |\n\n- [x] done\n- <b>raw</b>"), marked.lexer("> q\n\n```js\nx\n```").map(({ type }) => type)];
};
