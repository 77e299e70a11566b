import hljs from "highlight.js/lib/core";
import javascript from "highlight.js/lib/languages/javascript";
import rust from "highlight.js/lib/languages/rust";

hljs.registerLanguage("javascript", javascript);
hljs.registerLanguage("rust", rust);

export default () => {
  const guess = hljs.highlightAuto("fn main() -> Result<(), E> { let mut x = vec![1u8]; }");
  return [hljs.highlight("const x = `a${1 + 1}`; // <b>", { language: "javascript" }).value, guess.language, guess.relevance, hljs.listLanguages()];
};
