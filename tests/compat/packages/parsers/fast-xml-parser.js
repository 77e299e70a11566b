import { XMLBuilder, XMLParser, XMLValidator } from "fast-xml-parser";

export default () => {
  const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: "@", isArray: (name) => name === "item" });
  const data = parser.parse('<?xml version="1.0"?><list n="2"><item id="1">a &lt; b</item><e/><![CDATA[<raw>]]></list>');
  return [data, new XMLBuilder({ format: true, ignoreAttributes: false }).build({ a: { "@_x": 1, b: [1, "<"] } }), XMLValidator.validate("<a><b></a>")];
};
