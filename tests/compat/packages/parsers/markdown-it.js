import MarkdownIt from "markdown-it";

export default () => {
  const md = new MarkdownIt({ linkify: true, typographer: true, highlight: (code, lang) => `<i>${lang}:${code.trim()}</i>` });
  return [md.render('# "Quotes" (c)\n\nsee https://example.com and <b>no</b>\n\n```js\n1\n```\n\n1. a\n1. b'), md.parse("*x*", {}).map(({ type }) => type), md.renderInline("**b** `c`")];
};
