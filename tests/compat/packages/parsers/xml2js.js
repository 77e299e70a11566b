import xml2js from "xml2js";

export default async () => {
  const parsed = await xml2js.parseStringPromise('<feed xmlns:m="urn:m"><m:entry id="1">x</m:entry><m:entry>y<b/></m:entry></feed>', { explicitArray: false, tagNameProcessors: [xml2js.processors.stripPrefix] });
  const error = await xml2js.parseStringPromise("<a><b></a>").catch(({ message }) => message.split("\n")[0]);
  return [parsed, new xml2js.Builder({ headless: true }).buildObject({ root: { $: { v: 1 }, item: ["a", { _: "t&", $: { k: "z" } }] } }), error];
};
