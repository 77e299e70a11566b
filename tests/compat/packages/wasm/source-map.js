import { SourceMapConsumer, SourceMapGenerator, SourceNode } from "source-map";

export default async () => {
  const generator = new SourceMapGenerator({ file: "out.js" });
  generator.addMapping({ generated: { line: 1, column: 10 }, original: { line: 3, column: 4 }, source: "a.ts", name: "f" });
  generator.setSourceContent("a.ts", "text");
  const found = await SourceMapConsumer.with(generator.toString(), null, (consumer) => [consumer.originalPositionFor({ line: 1, column: 12 }), consumer.generatedPositionFor({ source: "a.ts", line: 3, column: 4 }), consumer.sourceContentFor("a.ts")]);
  const { code, map } = new SourceNode(1, 2, "b.ts", ["x", new SourceNode(5, 0, "c.ts", "y\n")]).toStringWithSourceMap({ file: "o" });
  return [found, code, map.toString()];
};
