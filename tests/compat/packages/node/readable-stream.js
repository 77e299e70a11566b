import stream from "readable-stream";

const { Duplex, PassThrough, Readable, Transform, compose, finished, pipeline, promises } = stream;

export default async () => {
  const upper = new Transform({ transform: (chunk, _, done) => done(null, String(chunk).toUpperCase()) });
  const collected = [];
  await promises.pipeline(Readable.from(["a", "b"]), upper, new PassThrough(), async (source) => { for await (const chunk of source) collected.push(String(chunk)); });
  const doubled = await Readable.from([1, 2, 3]).map((n) => n * 2).filter((n) => n > 2).toArray();
  const failed = await new Promise((resolve) => pipeline(new Readable({ read() { this.destroy(new Error("broken")); } }), new PassThrough(), ({ message }) => resolve(message)));
  const both = compose(new PassThrough(), async function* (source) { for await (const chunk of source) yield `<${chunk}>`; });
  both.end("x");
  return [collected, doubled, failed, await both.toArray().then((all) => all.map(String)), Duplex.from(["y"]).readable, finished.length];
};
