import { nanoid } from "nanoid";

const READERS = {
  date: async (text) => (await import("date-fns/parseISO")).parseISO(text),
  markdown: async (text) => (await import("marked")).parse(text),
  xml: async (text) => new (await import("fast-xml-parser")).XMLParser().parse(text),
  yaml: async (text) => (await import("yaml")).parse(text),
};

export default {
  async fetch(request) {
    const read = READERS[new URL(request.url).pathname.slice(1)];
    return read ? Response.json({ id: nanoid(), is: await read(await request.text()) }) : new Response(null, { status: 404 });
  },
};
