import sax from "sax";

export default async () => {
  const events = [];
  const parser = sax.parser(true, { xmlns: true });
  parser.onopentag = ({ local, uri, attributes }) => events.push(["open", local, uri, Object.keys(attributes)]);
  parser.ontext = (text) => events.push(["text", text]);
  parser.write('<x:a xmlns:x="urn:x" k="1">&#228;').write("<b/></x:a>").close();
  const stream = sax.createStream(false, { lowercase: true });
  stream.on("opentag", ({ name }) => events.push(["stream", name]));
  await new Promise((resolve) => stream.on("end", resolve).end(Buffer.from("<P><Q></Q></P>")));
  return events;
};
