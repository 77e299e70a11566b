import { ElementType, Parser, parseDocument, parseFeed } from "htmlparser2";

export default () => {
  const events = [];
  const parser = new Parser({ onopentag: (name, { href }) => events.push([name, href]), ontext: (text) => events.push(text) }, { decodeEntities: true });
  for (const part of ["<a hre", "f=/x>caf&eac", "ute;</a><br>"]) parser.write(part);
  parser.end();
  const feed = parseFeed("<rss><channel><title>News</title><item><title>One</title><link>http://a/1</link></item></channel></rss>");
  return { events, feed: [feed.title, feed.items[0].link], type: parseDocument("<!--c-->").children[0].type === ElementType.Comment };
};
