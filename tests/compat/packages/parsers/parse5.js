import { parse, parseFragment, serialize } from "parse5";

export default () => {
  const document = parse("<!doctype html><title>A&amp;B</title><table><tr><td>1<p>2</table><b><i>x</b>y</i>");
  const fragment = parseFragment("<svg viewBox='0 0 1 1'><foreignObject/></svg>", { sourceCodeLocationInfo: true });
  return [serialize(document), document.mode, fragment.childNodes[0].namespaceURI, fragment.childNodes[0].sourceCodeLocation.endOffset];
};
